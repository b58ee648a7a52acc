/**
 * {@code postern run} and {@code postern replay}: they run one program once, and report rule by
 * rule.
 */
@NullMarked
package dev.postern.launcher.run;

import org.jspecify.annotations.NullMarked;
