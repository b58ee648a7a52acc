/** The worker groups in the options of {@code serve}, and which programs they run. */
@NullMarked
package dev.postern.launcher.workers;

import org.jspecify.annotations.NullMarked;
