package dev.postern.launcher.status;

import dev.postern.Outcome;
import dev.postern.cgi.CgiRun;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A request that has its answer.
 *
 * @param id as in the logs
 * @param target without what must not be shown
 * @param cancelled whether the client ended the request
 * @param run of the program, if one was chosen
 */
public record Ended(
    String id,
    Instant arrived,
    Duration took,
    String method,
    String target,
    @Nullable String client,
    boolean cancelled,
    Outcome outcome,
    @Nullable CgiRun run) {}
