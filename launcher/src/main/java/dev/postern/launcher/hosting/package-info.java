/**
 * The options of hosted programs as words of the command, and the hosts that are made from them.
 */
@NullMarked
package dev.postern.launcher.hosting;

import org.jspecify.annotations.NullMarked;
