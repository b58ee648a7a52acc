/** Init parameters of servlets and filters. Not for use outside of this project. */
@NullMarked
package dev.postern.servlet.init;

import org.jspecify.annotations.NullMarked;
