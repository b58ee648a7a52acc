package dev.postern.cgi;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a host of programs was configured to do: the defaults of the builder, as changed. Immutable.
 */
record HostOptions(
    Map<String, String> environment,
    @Nullable Path documentRoot,
    @Nullable Path workingDirectory,
    Duration headerTimeout,
    Duration idleTimeout,
    long maxBody,
    ProcessLimit limit,
    boolean passAuthorization,
    boolean strictExit,
    boolean lenientType,
    boolean encodedSlash) {}
