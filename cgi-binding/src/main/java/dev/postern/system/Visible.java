package dev.postern.system;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What programs in namespaces may be shown of the file system. */
public final class Visible {
  private static final Path TEMPORARY = Path.of("/tmp");

  /** Neither these directories nor those above them may be shown as a whole. */
  private static final List<String> NOT_WHOLE =
      List.of(
          "/boot", "/etc", "/home", "/root", "/run", "/tmp", "/var/lib", "/var/run", "/var/tmp");

  /** Nothing in these directories may be shown. */
  private static final List<String> NOTHING_OF = List.of("/dev", "/proc", "/run", "/sys");

  private Visible() {}

  /**
   * Refuses a path that shows what must be hidden.
   *
   * @throws IllegalStateException that names the path
   */
  public static void check(Path path) {
    Path real = path;
    try {
      real = path.toRealPath();
    } catch (IOException e) {
      // A path that does not exist yet is judged by its name.
    }
    for (String hidden : NOTHING_OF) {
      if (real.startsWith(hidden) || Path.of(hidden).startsWith(real)) {
        throw refused(path);
      }
    }
    for (String hidden : NOT_WHOLE) {
      if (Path.of(hidden).startsWith(real)) {
        throw refused(path);
      }
    }
  }

  private static IllegalStateException refused(Path path) {
    return new IllegalStateException(
        "namespaces must not show what they are to hide: " + path + " [namespaces]");
  }

  /** Whether a path is below /tmp. Programs in namespaces have a /tmp of their own. */
  public static boolean isTemporary(Path path) {
    return path.startsWith(TEMPORARY) && !path.equals(TEMPORARY);
  }

  /**
   * Lets {@code bwrap} make namespaces once, so that we do not promise a level that this system
   * lacks.
   *
   * @param prefix the words in front of {@code bwrap}
   * @throws IllegalStateException with the message of {@code bwrap} when the system lets it make
   *     none
   */
  public static void prove(String bwrap, List<String> prefix) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of(bwrap, "--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/", "/"));
    command.addAll(List.of("--", Helpers.find("true")));
    Helpers.run(command);
  }
}
