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
 * @param command how it was started, without what kept it apart; empty for the request of a server
 * @param server {@code fcgi} or {@code scgi} and what is mounted there, with a blank between them;
 *     "" for a program
 * @param start {@code spawn}, {@code fork} or {@code inside}
 * @param environment values hold bytes, one char each
 * @param input the first bytes of the body
 * @param bytesIn how many there were
 * @param output the first bytes of the output
 * @param bytesOut how many there were
 * @param errors the last bytes of standard error
 * @param status that the client was to get; 0 for none
 * @param rule that was broken; "" for none
 * @param failure what was said of it; "" for nothing
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
  /** How many bytes of each stream are kept. */
  public static final long BOUND = 1 << 20;

  /**
   * What a host has kept of a run; null when it kept nothing, or nothing was to be started or sent.
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

  /** Whether the body is not all here, so that no run can be given it again. */
  public boolean isInputCut() {
    return input.length < bytesIn;
  }
}
