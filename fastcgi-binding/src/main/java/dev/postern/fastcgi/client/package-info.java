/**
 * Clients of FastCGI and SCGI servers: addresses, connections, and requests. To the hosting
 * package, a request at a server is a running program.
 */
@NullMarked
package dev.postern.fastcgi.client;

import org.jspecify.annotations.NullMarked;
