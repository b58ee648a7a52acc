package dev.postern.system;

import dev.postern.internal.Escapes;
import dev.postern.process.Headroom;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Programs of the system that start others. They are looked up where only root can put them. */
public final class Helpers {
  private static final int WRITABLE_BY_OTHERS = 022;
  private static final List<Path> DIRECTORIES = List.of(Path.of("/usr/bin"), Path.of("/bin"));

  private Helpers() {}

  /**
   * The absolute path of a helper.
   *
   * @throws IllegalStateException when it is missing, or anybody but root may change it
   */
  public static String find(String name) {
    for (Path directory : DIRECTORIES) {
      Path helper = directory.resolve(name);
      if (Files.isExecutable(helper)) {
        return check(helper);
      }
    }
    throw new IllegalStateException("isolation must find its helper: " + name + " [helper]");
  }

  /**
   * Runs a helper to its end, with an empty environment, and returns what it wrote.
   *
   * @throws IllegalStateException when it fails, with what it said
   */
  public static String run(List<String> command) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().clear();
      Process process = Headroom.start(builder);
      process.getOutputStream().close();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      if (process.waitFor() == 0) {
        return output;
      }
      throw new IllegalStateException(
          "isolation must work here: "
              + String.join(" ", command)
              + ": "
              + Escapes.escape(output.strip())
              + " [helper]");
    } catch (IOException e) {
      throw new IllegalStateException("isolation must work here: " + command + " [helper]", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a helper ran [helper]", e);
    }
  }

  /** Refuses a helper that others than root could have put there. */
  public static String check(Path helper) {
    for (Path path = helper; path != null; path = path.getParent()) {
      if (Owners.owner(path) != Owners.ROOT || (Owners.mode(path) & WRITABLE_BY_OTHERS) != 0) {
        throw new IllegalStateException(
            "isolation must trust its helper: " + helper + ", for " + path + " [helper]");
      }
    }
    return helper.toString();
  }
}
