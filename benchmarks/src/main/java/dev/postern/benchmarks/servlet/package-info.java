/** What the servlet binding costs beside a servlet that somebody wrote by hand. */
@NullMarked
package dev.postern.benchmarks.servlet;

import org.jspecify.annotations.NullMarked;
