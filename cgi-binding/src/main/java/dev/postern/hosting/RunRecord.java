package dev.postern.hosting;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one run went, for listeners. Immutable.
 *
 * @param status of the response, or of the failure; 0 for neither
 * @param startTime null when nothing was started
 * @param firstByteTime null when there was no output
 * @param start how it was started, or ""
 * @param coldReason why it was not started in a better way, or ""
 * @param exit "" when nothing was started
 * @param rule the rule that was broken, or ""
 * @param tape what went in and out; null when that was not kept
 */
public record RunRecord(
    Path program,
    int status,
    Duration queueTime,
    @Nullable Duration startTime,
    @Nullable Duration firstByteTime,
    Duration totalTime,
    long bytesIn,
    long bytesOut,
    long errorBytes,
    String start,
    String coldReason,
    String exit,
    Set<String> limits,
    @Nullable Throwable failure,
    String rule,
    @Nullable RunTape tape) {}
