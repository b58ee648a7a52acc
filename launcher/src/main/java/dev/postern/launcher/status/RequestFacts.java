package dev.postern.launcher.status;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the status shows of a request that has its answer.
 *
 * @param id as in the logs
 * @param target without what must not be shown
 */
public record RequestFacts(
    String id,
    Instant arrived,
    Duration took,
    String method,
    String target,
    @Nullable String client) {}
