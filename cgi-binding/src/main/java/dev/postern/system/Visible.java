package dev.postern.system;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What programs in namespaces may be shown of the file system. */
public final class Visible {
  private static final Path TEMPORARY = Path.of("/tmp");

  /** Not these as a whole, nor a directory above them. */
  private static final List<String> NOT_WHOLE =
      List.of(
          "/boot", "/etc", "/home", "/root", "/run", "/tmp", "/var/lib", "/var/run", "/var/tmp");

  /** Nothing in these. */
  private static final List<String> NOTHING_OF = List.of("/dev", "/proc", "/run", "/sys");

  private Visible() {}

  /**
   * Refuses a path that shows what is to be hidden.
   *
   * @throws IllegalStateException that names it
   */
  public static void check(Path path) {
    Path real = path;
    try {
      real = path.toRealPath();
    } catch (IOException e) {
      // What is not there yet is judged by its name.
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

  /** Whether a path is below /tmp, of which programs have one of their own. */
  public static boolean isTemporary(Path path) {
    return path.startsWith(TEMPORARY) && !path.equals(TEMPORARY);
  }

  /**
   * Has {@code bwrap} make namespaces once, so that a level is not promised that is not there.
   *
   * @param prefix what its command begins with
   * @throws IllegalStateException with what it says where the system lets it make none
   */
  public static void prove(String bwrap, List<String> prefix) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of(bwrap, "--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/", "/"));
    command.addAll(List.of("--", Helpers.find("true")));
    Helpers.run(command);
  }
}
