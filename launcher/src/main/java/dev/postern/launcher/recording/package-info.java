/** Files that hold what one run of a program was given and what it wrote. */
@NullMarked
package dev.postern.launcher.recording;

import org.jspecify.annotations.NullMarked;
