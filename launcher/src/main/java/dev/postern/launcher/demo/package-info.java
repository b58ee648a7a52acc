/**
 * What {@code postern demo} shows: a page, an application to deploy in three ways, CGI programs in
 * three languages, and a git repository. {@link dev.postern.launcher.demo.Demo} holds it together.
 */
@NullMarked
package dev.postern.launcher.demo;

import org.jspecify.annotations.NullMarked;
