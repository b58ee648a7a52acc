package dev.postern.hosting;

import dev.postern.Application;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a host was configured to do, whatever runs its programs: the builder's defaults, as the user
 * changed them. Immutable.
 *
 * @param totalTimeout null for none
 * @param places for all requests together
 * @param methods those that are allowed, in order; null for all but TRACE and CONNECT
 * @param passed names of variables that are passed on from the environ to programs
 * @param fileVariables further names of SCRIPT_FILENAME
 * @param kept how many bytes of each stream of a run are kept for listeners; 0 for nothing
 * @param localRedirects what answers local redirects; null to send them to the client
 */
public record HostOptions(
    Map<String, String> environment,
    @Nullable Path documentRoot,
    Duration headerTimeout,
    Duration idleTimeout,
    Duration afterOutput,
    @Nullable Duration totalTimeout,
    long maxBody,
    long maxSpool,
    Permits places,
    List<Consumer<RunRecord>> listeners,
    @Nullable Set<String> methods,
    @Nullable Application localRedirects,
    boolean passAuthorization,
    boolean shellFunctions,
    boolean strictExit,
    Set<String> passed,
    Set<String> fileVariables,
    boolean lenientType,
    boolean encodedSlash,
    long kept) {}
