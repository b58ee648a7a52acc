package dev.postern.warm;

import java.time.Duration;
import java.util.List;

/**
 * What a group of workers was configured to do. Immutable.
 *
 * @param spares how many children of each fork server wait for a request
 * @param servers how many scripts may have a server or workers at once
 * @param maximumRequests after how many requests a new server is loaded; 0 for no limit
 * @param maximumAge the greatest age of a server; zero for no limit
 * @param maximumMemory the most memory of a server in bytes; 0 for no limit
 * @param maximumCpu the most processor time of a server; zero for no limit
 * @param inactivity how long a server may live without a request for it
 * @param startup the most time from the start of a server until it is ready
 * @param graceful how long {@link ScriptPool#close} waits for requests, and how long a worker that
 *     gets no more of them has for its end
 * @param reloadEvery how often loaded modules are checked for changes
 * @param libraries load libraries alone, and let each child compile its script
 * @param reuse one process runs a script again and again, without any server
 * @param processes the most workers of each script or application at once
 * @param strict a worker in which a script has left anything takes no more requests
 * @param learn load ahead what children were seen to load
 * @param eager load scripts when they are hosted, not when they are asked for
 * @param modules what is loaded ahead in any case, by its name in Perl or Python
 */
public record GroupOptions(
    int spares,
    int servers,
    int maximumRequests,
    Duration maximumAge,
    long maximumMemory,
    Duration maximumCpu,
    Duration inactivity,
    Duration startup,
    Duration graceful,
    Duration reloadEvery,
    boolean libraries,
    boolean reuse,
    int processes,
    boolean strict,
    boolean learn,
    boolean eager,
    List<String> modules) {
  /** How long a worker has for its own end, in whole seconds, as alarm(2) takes them. */
  public int gracefulSeconds() {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, graceful.toSeconds()));
  }
}
