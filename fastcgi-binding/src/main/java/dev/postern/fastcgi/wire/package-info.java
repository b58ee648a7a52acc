/**
 * FastCGI and SCGI as bytes: records, name-value pairs and netstrings, read and written. Gateways
 * and clients share this package. It compares every length with its limit before it allocates
 * anything for it, and allocates nothing for bytes that have not arrived.
 */
@NullMarked
package dev.postern.fastcgi.wire;

import org.jspecify.annotations.NullMarked;
