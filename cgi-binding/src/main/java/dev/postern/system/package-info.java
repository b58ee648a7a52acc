/**
 * What the operating system has to offer beside processes: users and modes, file names as bytes,
 * control groups, helper programs that set limits, and files for bodies that memory should not
 * hold.
 */
@NullMarked
package dev.postern.system;

import org.jspecify.annotations.NullMarked;
