package dev.postern.warm;

import java.time.Duration;
import java.util.List;

/**
 * What a group of workers was configured to do. Immutable.
 *
 * @param spares children that wait for a request, for each fork server
 * @param servers fork servers at once
 * @param maximumRequests after so many a new server is loaded; 0 for no limit
 * @param maximumAge zero for none
 * @param maximumMemory in bytes, 0 for none
 * @param maximumCpu zero for none
 * @param inactivity a server ends when nobody has asked for so long
 * @param startup from its start until it is ready
 * @param graceful how long {@link ScriptPool#close} waits for requests
 * @param reloadEvery how often loaded modules are looked at
 * @param libraries load libraries alone, and let each child compile its script
 * @param reuse one process runs a script again and again, without any server
 * @param processes workers of each script or application at once
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
    List<String> modules) {}
