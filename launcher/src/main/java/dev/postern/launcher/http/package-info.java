/**
 * What stands between Jetty and the applications of the command: how a request's head is read and
 * bounded, how slow and unread bodies end, and how errors look.
 */
@NullMarked
package dev.postern.launcher.http;

import org.jspecify.annotations.NullMarked;
