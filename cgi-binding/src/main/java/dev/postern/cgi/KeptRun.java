package dev.postern.cgi;

import dev.postern.hosting.RunTape;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one run was given and what it wrote: enough to run the program again. A listener finds it in
 * {@link CgiRun#kept} if the host was told to {@linkplain HostBuilder#keepRuns keep runs}. It holds
 * what the request held, such as cookies and passwords.
 *
 * <p>Immutable, thread-safe.
 */
public final class KeptRun {
  private final RunTape tape;

  KeptRun(RunTape tape) {
    this.tape = tape;
  }

  /**
   * The command of the program, without what isolation puts before it. Empty for a request that a
   * FastCGI or SCGI server answered, and for one that was refused before its program could start.
   */
  public List<String> command() {
    return tape.command();
  }

  /** The directory in which the program was started; null if the command is empty. */
  public @Nullable Path directory() {
    return tape.directory();
  }

  /**
   * The environment of the program. Values hold bytes, one char each (ISO-8859-1). Empty for a
   * request that was refused before its environment was built.
   */
  public Map<String, String> environment() {
    return Collections.unmodifiableMap(tape.environment());
  }

  /**
   * The first bytes of the request's body, as the program got it. {@link CgiRun#bytesIn} tells how
   * many bytes there were in all.
   */
  public byte[] input() {
    return tape.input();
  }

  /**
   * The first bytes of the program's output; {@link CgiRun#bytesOut} tells how many there were in
   * all.
   */
  public byte[] output() {
    return tape.output();
  }

  /**
   * The last 64 KiB of its standard error; {@link CgiRun#errorBytes} tells how many bytes there
   * were.
   */
  public byte[] errors() {
    return tape.errors();
  }
}
