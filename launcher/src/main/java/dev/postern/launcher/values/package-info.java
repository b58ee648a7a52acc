/** What the words of the command have in common: how they read values, and how they refuse them. */
@NullMarked
package dev.postern.launcher.values;

import org.jspecify.annotations.NullMarked;
