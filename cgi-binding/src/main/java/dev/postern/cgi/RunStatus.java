package dev.postern.cgi;

import dev.postern.hosting.RunWatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a request for a hosted program stands now: see {@link ProcessLimit#status}. What becomes of
 * it is told by {@link CgiRun}.
 *
 * @param program the program's file
 * @param state {@code waiting} for a place, {@code starting}, {@code running} without an answer so
 *     far, {@code answering}, or {@code finishing} what it does after its answer
 * @param pid the process that leads the program's session; 0 for none, as with a program inside
 *     this JVM or at another server
 * @param method the request's method
 * @param path the request's path, decoded, without its query
 * @param client the client's address; null where the server tells none
 * @param totalTime since the request came
 * @param bytesOut how many bytes of the program's output were read
 * @param memory what all processes of the session have, shared pages among it, in bytes (RSS); 0
 *     where nothing tells
 */
public record RunStatus(
    Path program,
    String state,
    long pid,
    String method,
    String path,
    @Nullable String client,
    Duration totalTime,
    long bytesOut,
    long memory) {
  static RunStatus of(RunWatch run, Map<Long, Long> memory) {
    long pid = run.pid();
    return new RunStatus(
        run.program(),
        run.state(),
        pid,
        run.method(),
        run.path(),
        run.client(),
        run.age(),
        run.bytesOutNow(),
        memory.getOrDefault(pid, 0L));
  }
}
