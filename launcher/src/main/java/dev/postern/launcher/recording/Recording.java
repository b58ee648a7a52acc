package dev.postern.launcher.recording;

import dev.postern.cgi.CgiRun;
import dev.postern.cgi.KeptRun;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One run, as a file holds it. Immutable; arrays belong to whoever reads it.
 *
 * @param time when it was written
 * @param program the file that the host ran
 * @param command how the program was started, without the words of its isolation; empty for the
 *     request of a server
 * @param server {@code fcgi} or {@code scgi} and what is mounted there, with a blank between them;
 *     "" for a program
 * @param start {@code spawn}, {@code fork} or {@code inside}
 * @param environment values hold bytes, one char each
 * @param input the first bytes of the body
 * @param bytesIn how many bytes the body had
 * @param output the first bytes of the output
 * @param bytesOut how many bytes the output had
 * @param errors the last bytes of standard error
 * @param status that the client should get; 0 for none
 * @param rule that was broken; "" for none
 * @param failure the message of the failure; "" for none
 */
public record Recording(
    Instant time,
    Path program,
    List<String> command,
    String server,
    @Nullable Path directory,
    String start,
    Map<String, String> environment,
    byte[] input,
    long bytesIn,
    byte[] output,
    long bytesOut,
    byte[] errors,
    String exit,
    int status,
    String rule,
    String failure) {
  /** The most bytes that are kept of each stream. */
  public static final long BOUND = 1 << 20;

  /**
   * Returns what a host has kept of a run. Returns null if it kept nothing, or if no program was to
   * be started and no request to be sent.
   *
   * @param server that answers; "" for a program
   */
  public static @Nullable Recording of(CgiRun run, String server, Instant time) {
    KeptRun kept = run.kept();
    if (kept == null
        || (server.isEmpty() ? kept.command().isEmpty() : kept.environment().isEmpty())) {
      return null;
    }
    Throwable failure = run.failure();
    return new Recording(
        time,
        run.program(),
        kept.command(),
        server,
        kept.directory(),
        run.start(),
        kept.environment(),
        kept.input(),
        run.bytesIn(),
        kept.output(),
        run.bytesOut(),
        kept.errors(),
        run.exit(),
        run.status(),
        run.rule(),
        failure == null ? "" : Objects.requireNonNullElse(failure.getMessage(), "" + failure));
  }

  /** Returns whether a part of the body is missing, so that no run can get it again. */
  public boolean isInputCut() {
    return input.length < bytesIn;
  }
}
