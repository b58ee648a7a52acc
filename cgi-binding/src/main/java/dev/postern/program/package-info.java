/** Which file a request runs, and whether that file may be run (RFC 3875 3.1, 3.3). */
@NullMarked
package dev.postern.program;

import org.jspecify.annotations.NullMarked;
