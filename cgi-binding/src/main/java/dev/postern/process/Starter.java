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
   * Starts one. What is thrown says that the program has not begun, unless its cause is no {@link
   * IOException}.
   *
   * @param body what the program gets on its standard input, or null for nothing. Never closed
   * @param tied for a program that ends with this JVM
   */
  RunningProgram start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException;
}
