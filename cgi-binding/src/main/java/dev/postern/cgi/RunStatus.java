package dev.postern.cgi;

import dev.postern.hosting.RunWatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The present state of a request for a hosted program: see {@link ProcessLimit#status}. {@link
 * CgiRun} tells how the request has ended.
 *
 * @param program the program's file
 * @param state {@code waiting} for a place, {@code starting}, {@code running} without an answer so
 *     far, {@code answering}, or {@code finishing} its work after the answer
 * @param pid the process that leads the program's session; 0 for none, as with a program inside
 *     this JVM or at another server
 * @param method the request's method
 * @param path the request's path, decoded, without its query
 * @param client the client's address; null if the server gives none
 * @param totalTime since the request came
 * @param bytesOut how many bytes of the program's output were read
 * @param memory the memory of all processes of the session, with shared pages, in bytes (RSS); 0
 *     when it is not known
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
