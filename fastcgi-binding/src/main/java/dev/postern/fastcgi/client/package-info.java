/**
 * Clients of FastCGI and SCGI servers: addresses, connections, and one request on its way through
 * one of them, as hosting knows running programs.
 */
@NullMarked
package dev.postern.fastcgi.client;

import org.jspecify.annotations.NullMarked;
