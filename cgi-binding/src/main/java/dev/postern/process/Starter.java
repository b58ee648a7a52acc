package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Starts programs: {@link HostedProcess#start}, or another way that a host was given. */
@FunctionalInterface
public interface Starter {
  /**
   * Starts a program. If this throws, the program has not begun, unless the exception has a cause
   * that is no {@link IOException}.
   *
   * @param body what the program gets on its standard input, or null for nothing. Never closed
   * @param tied whether the program ends with this JVM
   */
  RunningProgram start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException;
}
