/**
 * What both packages of this module use: HTTP's text, dates, and bodies that filter another one.
 */
@NullMarked
package dev.postern.web.internal;

import org.jspecify.annotations.NullMarked;
