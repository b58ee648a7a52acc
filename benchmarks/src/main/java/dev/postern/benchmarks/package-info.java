/** What a request costs: in parts, measured by JMH, and side by side with the peers. */
@NullMarked
package dev.postern.benchmarks;

import org.jspecify.annotations.NullMarked;
