/** The options of hosted programs as words of the command, and the hosts that are made of them. */
@NullMarked
package dev.postern.launcher.hosting;

import org.jspecify.annotations.NullMarked;
