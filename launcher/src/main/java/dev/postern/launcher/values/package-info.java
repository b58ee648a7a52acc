/** What the words of the command have in common: how values are read, and how they are refused. */
@NullMarked
package dev.postern.launcher.values;

import org.jspecify.annotations.NullMarked;
