package dev.postern.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** Users and modes, as far as the file system tells them. */
public final class Owners {
  public static final int ROOT = 0;

  /** The user where users have no numbers, or the system does not tell. */
  public static final int UNKNOWN = -1;

  private static final AtomicBoolean WARNED = new AtomicBoolean();
  private static final int CURRENT = attribute(Path.of("/proc/self"), "uid", UNKNOWN);

  private Owners() {}

  /** The user of this process. */
  public static int current() {
    return CURRENT;
  }

  /**
   * Warns once in this JVM when programs run as root.
   *
   * @throws IllegalStateException when root is refused
   */
  public static void checkRoot(int user, boolean refuse) {
    if (user != ROOT) {
      return;
    }
    if (refuse) {
      throw new IllegalStateException("programs must not be hosted by root [root]");
    }
    if (WARNED.compareAndSet(false, true)) {
      System.getLogger("dev.postern.cgi")
          .log(
              System.Logger.Level.WARNING,
              "CGI programs run as root, so a fault in one of them can harm the whole machine");
    }
  }

  /** The mode bits; 0 where the file system has none. */
  public static int mode(Path path) {
    return attribute(path, "mode", 0);
  }

  /** The user that owns a file. */
  public static int owner(Path path) {
    return attribute(path, "uid", UNKNOWN);
  }

  /** The user that owns a symbolic link itself. */
  public static int ownerOfLink(Path link) {
    return attribute(link, "uid", UNKNOWN, LinkOption.NOFOLLOW_LINKS);
  }

  private static int attribute(Path path, String name, int otherwise, LinkOption... links) {
    try {
      Map<String, Object> attributes = Files.readAttributes(path, "unix:" + name, links);
      return attributes.get(name) instanceof Integer value ? value : otherwise;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return otherwise;
    }
  }
}
