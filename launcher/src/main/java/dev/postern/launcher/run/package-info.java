/** {@code postern run} and {@code postern replay}: one program once, told rule by rule. */
@NullMarked
package dev.postern.launcher.run;

import org.jspecify.annotations.NullMarked;
