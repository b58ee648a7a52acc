/**
 * What {@code --status} shows of a running server: {@link dev.postern.launcher.status.Board}
 * counts, {@link dev.postern.launcher.status.StatusPage} tells, as a page, as JSON and to
 * Prometheus.
 */
@NullMarked
package dev.postern.launcher.status;

import org.jspecify.annotations.NullMarked;
