package dev.postern.cgi.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.ArrayList;
import java.util.List;

/**
 * Who a server runs as: the user of the tests, but {@code nobody} when that is root, because a web
 * server's programs never run as root.
 */
public final class OrdinaryUser {
  private static final boolean ROOT = isRoot();

  private OrdinaryUser() {}

  /** The command, run as an ordinary user in a session of its own. */
  public static List<String> command(List<String> command) {
    List<String> whole = new ArrayList<>(List.of(Tools.require("setsid")));
    if (ROOT) {
      whole.addAll(
          List.of(
              Tools.require("setpriv"),
              "--reuid=nobody",
              "--regid=nogroup",
              "--clear-groups",
              "--no-new-privs"));
    }
    whole.addAll(command);
    return whole;
  }

  /** Gives a file or directory to that user. */
  public static void own(Path path) throws IOException {
    if (ROOT) {
      var users = path.getFileSystem().getUserPrincipalLookupService();
      var view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
      view.setOwner(users.lookupPrincipalByName("nobody"));
      view.setGroup(users.lookupPrincipalByGroupName("nogroup"));
    }
  }

  private static boolean isRoot() {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
