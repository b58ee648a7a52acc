package dev.postern.warm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Starts programs with a umask: the JVM has no call for that, a shell has. */
public final class Umask {
  private Umask() {}

  /**
   * The command with what sets the umask in front.
   *
   * @param octal null for that of the JVM, for which nothing is in front
   */
  public static List<String> command(@Nullable String octal, List<String> command) {
    if (octal == null) {
      return command;
    }
    List<String> all =
        new ArrayList<>(List.of("/bin/sh", "-c", "umask " + octal + "; exec \"$@\"", "sh"));
    all.addAll(command);
    return all;
  }
}
