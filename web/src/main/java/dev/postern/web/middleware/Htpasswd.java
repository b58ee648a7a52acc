package dev.postern.web.middleware;

import dev.postern.internal.Escapes;
import dev.postern.web.internal.Ascii;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiPredicate;
import org.springframework.security.crypto.bcrypt.BCrypt;

/**
 * The users of a file that {@code htpasswd -B} has written: names and bcrypt hashes. Needs {@code
 * org.springframework.security:spring-security-crypto} on the class path. The file is read again
 * when it has changed.
 *
 * <p>Hashes of other kinds are refused, because passwords can be tried against them too fast. A
 * check takes as long as the hash was made to take; for a user who does not exist, it takes as long
 * as for the most costly hash of the file. So limit how often a client may ask, and make all hashes
 * of one cost.
 *
 * <p>Thread-safe.
 */
public final class Htpasswd implements BiPredicate<String, String> {
  /** A hash for a file without users. */
  private static final String NOBODY =
      "$2y$10$abcdefghijklmnopqrstuuEPjvSjMQqdwaEVRoN3oOcFJN0OqMBTC";

  /** bcrypt reads no more bytes of a password. */
  private static final int MAX_PASSWORD = 72;

  private final Path file;
  private Map<String, String> users = Map.of();

  /**
   * The hash that is checked for a name that nobody has, so that the time does not tell which names
   * there are. The result of that check does not count.
   */
  private String stranger = NOBODY;

  private FileTime read = FileTime.fromMillis(-1);

  private Htpasswd(Path file) {
    this.file = file;
  }

  /**
   * The users of this file.
   *
   * @throws IOException when the file cannot be read, or has a line that is not {@code name:bcrypt}
   */
  public static Htpasswd of(Path file) throws IOException {
    Htpasswd htpasswd = new Htpasswd(file);
    htpasswd.users();
    return htpasswd;
  }

  /** Whether there is such a user with that password. */
  @Override
  public boolean test(String user, String password) {
    String hash;
    String checked;
    try {
      synchronized (this) {
        hash = users().get(user);
        checked = hash == null ? stranger : hash;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_PASSWORD) {
      bytes = java.util.Arrays.copyOf(bytes, MAX_PASSWORD);
    }
    boolean equal = BCrypt.checkpw(bytes, checked);
    return hash != null && equal;
  }

  private synchronized Map<String, String> users() throws IOException {
    FileTime modified = Files.getLastModifiedTime(file);
    if (!modified.equals(read)) {
      Map<String, String> found = new HashMap<>();
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          int colon = line.indexOf(':');
          if (colon < 1 || !isBcrypt(line.substring(colon + 1).strip())) {
            throw new IOException(
                "line of a htpasswd file must be a name and a bcrypt hash: "
                    + Escapes.quote(line.substring(0, Math.max(0, colon))));
          }
          found.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
      }
      users = Map.copyOf(found);
      stranger =
          found.values().stream().max(Comparator.comparingLong(Htpasswd::cost)).orElse(NOBODY);
      read = modified;
    }
    return users;
  }

  /** {@code "$2" ( "a" / "b" / "y" ) "$" 2DIGIT "$" 53base64}. */
  private static boolean isBcrypt(String hash) {
    return hash.length() == 60
        && hash.startsWith("$2")
        && "aby".indexOf(hash.charAt(2)) >= 0
        && hash.charAt(3) == '$'
        && hash.charAt(6) == '$'
        && cost(hash) >= 4
        && cost(hash) <= 31;
  }

  private static long cost(String hash) {
    return Ascii.number(hash.substring(4, 6));
  }

  @Override
  public String toString() {
    return "Htpasswd.of(" + file + ")";
  }
}
