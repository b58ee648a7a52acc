package dev.postern.warm;

import java.nio.file.Path;
import java.time.Instant;

/**
 * What has become of a script's server or worker.
 *
 * @param state {@code cold}, {@code loading}, {@code ready}, {@code recycled} or {@code ended}
 * @param pid 0 where there is no process
 * @param why the reason; "" where there is nothing to say
 */
public record ServerEvent(
    Path program,
    String state,
    long pid,
    int generation,
    long requests,
    Instant begun,
    long memory,
    String why) {}
