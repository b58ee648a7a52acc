/**
 * Real web servers for tests: each is started on a free port of the loopback, in a directory of its
 * own and as an ordinary user, and stopped by its process id.
 */
package dev.postern.cgi.server;
