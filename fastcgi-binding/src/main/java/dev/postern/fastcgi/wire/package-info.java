/**
 * What FastCGI and SCGI look like as bytes: records, name-value pairs and netstrings, read and
 * written. Gateways and clients share it. Every length is compared with its limit before anything
 * is allocated for it, and nothing is allocated for bytes that have not arrived.
 */
@NullMarked
package dev.postern.fastcgi.wire;

import org.jspecify.annotations.NullMarked;
