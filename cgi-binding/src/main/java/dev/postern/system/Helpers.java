package dev.postern.system;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Programs of the system that start others. Looked up where only root can put them. */
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

  /** Refuses what others than root could have put there. */
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
