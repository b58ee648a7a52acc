/**
 * The bytes that programs and servers send back: the header block of RFC 3875 6, which CGI, FastCGI
 * and SCGI share.
 */
@NullMarked
package dev.postern.wire;

import org.jspecify.annotations.NullMarked;
