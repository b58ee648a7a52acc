/** Measures what a request costs: in parts with JMH, and side by side with the peers. */
@NullMarked
package dev.postern.benchmarks;

import org.jspecify.annotations.NullMarked;
