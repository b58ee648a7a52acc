/**
 * What {@code --status} shows of a running server. {@link dev.postern.launcher.status.Board}
 * counts. {@link dev.postern.launcher.status.StatusPage} shows the counts as a page, as JSON and
 * for Prometheus.
 */
@NullMarked
package dev.postern.launcher.status;

import org.jspecify.annotations.NullMarked;
