package dev.postern.launcher.status;

import dev.postern.Outcome;
import dev.postern.cgi.CgiRun;
import org.jspecify.annotations.Nullable;

/**
 * A request that has its answer, and how that came about.
 *
 * @param cancelled whether the client ended the request
 * @param run of the program, if one was chosen
 */
public record Ended(
    RequestFacts request, boolean cancelled, Outcome outcome, @Nullable CgiRun run) {}
