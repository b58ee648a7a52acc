package dev.postern.launcher;

import com.google.common.net.HostAndPort;
import dev.postern.launcher.values.LauncherException;
import java.net.InetAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One place where a server accepts connections: an address with a port, a Unix socket, or a socket
 * that this process was started with.
 *
 * @param address null if it is not TCP
 * @param path of a Unix socket, or null
 * @param mode of the file of a Unix socket; null for that of the umask
 */
record Listener(
    @Nullable Address address, @Nullable Path path, @Nullable Set<PosixFilePermission> mode) {
  /** {@code fd:0}, a socket that listens already. */
  static final Listener INHERITED = new Listener(null, null, null);

  /** Returns a listener at the address. */
  static Listener of(Address address) {
    return new Listener(address, null, null);
  }

  /**
   * Reads a value of {@code --listen}.
   *
   * @throws LauncherException when it is no such place
   */
  static Listener parse(String text) {
    if (text.equals("fd:0")) {
      return INHERITED;
    }
    if (text.startsWith("unix:")) {
      return new Listener(null, path(text), null);
    }
    try {
      HostAndPort both = HostAndPort.fromString(text).requireBracketsForIPv6();
      if (both.hasPort() && !both.getHost().isEmpty()) {
        return of(new Address(InetAddress.getByName(both.getHost()), both.getPort()));
      }
    } catch (IllegalArgumentException | java.net.UnknownHostException e) {
      // The error below reports it.
    }
    throw wrong(text);
  }

  /** Returns this listener; a Unix socket has a file of that mode. */
  Listener withMode(@Nullable Set<PosixFilePermission> newMode) {
    return path == null ? this : new Listener(null, path, newMode);
  }

  /**
   * Reads a value of {@code --socket-mode}.
   *
   * @throws LauncherException when it is no mode
   */
  static Set<PosixFilePermission> mode(String octal) {
    if (!octal.matches("0?[0-7]{3}")) {
      throw LauncherException.badArgument(
          "--socket-mode must be octal, such as 0660: \"" + octal + "\"");
    }
    int bits = Integer.parseInt(octal, 8);
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all = PosixFilePermission.values();
    for (int bit = 0; bit < all.length; bit++) {
      if ((bits & 0400 >> bit) != 0) {
        permissions.add(all[bit]);
      }
    }
    return permissions;
  }

  private static Path path(String text) {
    try {
      Path path = Path.of(text.substring("unix:".length()));
      if (!path.toString().isEmpty()) {
        return path.toAbsolutePath();
      }
    } catch (InvalidPathException e) {
      // The error below reports it.
    }
    throw wrong(text);
  }

  private static LauncherException wrong(String text) {
    return LauncherException.badArgument(
        "--listen must be HOST:PORT, unix:PATH or fd:0: \"" + text + "\"");
  }

  /**
   * Returns the text that is printed for the user.
   *
   * @param port that the server got, for TCP
   */
  String shown(boolean secure, int port) {
    if (address != null) {
      return address.url(secure, port);
    }
    return path == null ? "fd:0" : "unix:" + path;
  }
}
