/**
 * The code between Jetty and the applications of the command. It reads and limits the head of a
 * request, ends slow and unread bodies, and writes errors.
 */
@NullMarked
package dev.postern.launcher.http;

import org.jspecify.annotations.NullMarked;
