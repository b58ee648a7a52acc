package dev.postern.warm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Starts programs with a umask. The JVM has no call for that, but a shell has. */
public final class Umask {
  private Umask() {}

  /**
   * The command, with a shell in front that sets the umask. The shell removes the variables that it
   * has added, but bash leaves a SHLVL of 0.
   *
   * @param octal null for the JVM's own umask, which needs no shell in front
   */
  public static List<String> command(@Nullable String octal, List<String> command) {
    if (octal == null) {
      return command;
    }
    List<String> all =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-c",
                "unset PWD OLDPWD SHLVL _; umask " + octal + "; exec \"$@\"",
                "sh"));
    all.addAll(command);
    return all;
  }
}
