package dev.postern.launcher.hosting;

import dev.postern.Application;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.HostBuilder;
import dev.postern.launcher.workers.WorkerGroups;
import java.util.function.Consumer;

/**
 * What the hosts of one site share.
 *
 * @param redirects the whole site, which answers local redirects
 * @param groups of workers, which end with the site
 * @param watcher sets what the command itself wants of each host, such as a listener
 */
public record HostedSite(
    Application redirects, WorkerGroups groups, Consumer<HostBuilder<?>> watcher) {
  /** Returns a site of one host. The listener gets the runs of this host. */
  public static HostedSite of(Application redirects, Consumer<CgiRun> listener) {
    return new HostedSite(redirects, new WorkerGroups(), host -> host.onRun(listener));
  }
}
