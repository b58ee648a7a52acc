package dev.postern.cgi.install;

import dev.postern.program.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of one installation below the library directory: {@code LIB/NAME-NUMBER}. Each
 * installation makes a new one, so that an executable never sees half of another one's files.
 *
 * @param path the directory, absolute
 * @param library the library directory, absolute
 * @param name the executable's file name
 */
record InstallDirectory(Path path, Path library, String name) {
  /** The file with the arguments of a warm server's {@code java}. */
  static final String WARM = "warm";

  /** The directory in the library directory that has the sockets of all users. */
  static final String RUN = "run";

  /** The one file that may be a program. */
  private static final String PROGRAM = "stub";

  private static final String PREVIOUS = "previous";

  static InstallDirectory create(Path library, String name) throws IOException {
    Path absolute = library.toAbsolutePath().normalize();
    requirePlain(absolute);
    if (!Files.exists(absolute)) {
      Path parent = absolute.getParent();
      if (parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
        throw new IOException("library directory cannot be made in: " + parent);
      }
      Files.createDirectory(absolute);
      setMode(absolute, "rwxr-xr-x");
    }
    if (!Files.isDirectory(absolute) || !Files.isWritable(absolute)) {
      throw new IOException("library directory must be a writable directory: " + library);
    }
    String plain = plain(name);
    Path path = Files.createTempDirectory(absolute, plain + "-");
    return new InstallDirectory(path, absolute, plain);
  }

  /**
   * Refuses a path that is not ASCII, because a JVM under a web server's {@code LC_ALL=C} does not
   * find such a file; and one with a colon, which separates the entries of a class path.
   */
  private static void requirePlain(Path path) throws IOException {
    String text = path.toString();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) > '~' || text.charAt(i) == ':') {
        throw new IOException(
            "library directory must have a path of ASCII without a colon: " + path);
      }
    }
  }

  /** A similar file name that needs no quotes or escapes anywhere. */
  static String plain(String name) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean kept = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      plain.append(kept || c == '.' || c == '-' ? c : '_');
    }
    return plain.toString();
  }

  /** Where a program may be written. */
  Path program() {
    return path.resolve(PROGRAM);
  }

  /** The number that distinguishes this installation from all others. */
  String number() {
    return number(path);
  }

  private String number(Path installation) {
    return installation.getFileName().toString().substring(name.length() + 1);
  }

  /**
   * The directory in which the warm server of each user makes a directory. It has the mode of
   * {@code /tmp}, because the installation does not know which user will run the executable.
   */
  Path runDirectory() throws IOException {
    Path run = library.resolve(RUN);
    if (!Files.isDirectory(run)) {
      Files.createDirectory(run);
    }
    if (Files.getOwner(run).equals(Files.getOwner(path))) {
      // This is rwxrwxrwt. PosixFilePermission has no sticky bit.
      Files.setAttribute(run, "unix:mode", 01777);
    }
    return run;
  }

  /** Lets everybody read the directory, because a web server runs as another user. */
  void open() throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      for (Path file : files.toList()) {
        setMode(file, file.endsWith(PROGRAM) ? "rwxr-xr-x" : "rw-r--r--");
      }
    }
    setMode(path, "rwxr-xr-x");
  }

  static void setMode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  /** One line for each directory of the path that other users cannot enter. */
  List<String> unreadable() throws IOException {
    List<String> notes = new ArrayList<>();
    for (Path part = path; part != null; part = part.getParent()) {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(part);
      if (!mode.contains(PosixFilePermission.OTHERS_EXECUTE)) {
        notes.add("the web server's user may not reach the library directory: " + part);
      }
    }
    return notes;
  }

  /**
   * Takes the place of the installation that {@code executable} names. That installation stays,
   * because a web server may have just started the old executable. The installation before it is
   * removed. If that fails, a note says so.
   */
  void follow(Path executable, List<String> notes) throws IOException {
    Path last = installedBy(executable);
    if (last == null) {
      return;
    }
    Path record = last.resolve(PREVIOUS);
    if (Files.isRegularFile(record)) {
      Path older = sibling(Files.readString(record, StandardCharsets.UTF_8).trim());
      if (older != null) {
        remove(older, notes);
      }
    }
    Path file = path.resolve(PREVIOUS);
    Files.writeString(file, last.getFileName() + "\n");
    setMode(file, "rw-r--r--");
  }

  private void remove(Path older, List<String> notes) {
    try {
      deleteRunFiles(number(older));
      delete(older);
    } catch (IOException e) {
      // Another user may have installed it, for example.
      notes.add("the installation before the last one could not be removed: " + older);
    }
  }

  /** Removes what the warm servers of an installation have left, where our user may. */
  private void deleteRunFiles(String number) throws IOException {
    Path run = library.resolve(RUN);
    if (!Files.isDirectory(run)) {
      return;
    }
    try (DirectoryStream<Path> users = Files.newDirectoryStream(run)) {
      for (Path user : users) {
        if (Files.isDirectory(user, LinkOption.NOFOLLOW_LINKS) && Files.isWritable(user)) {
          try (DirectoryStream<Path> files = Files.newDirectoryStream(user, number + ".*")) {
            for (Path file : files) {
              Files.deleteIfExists(file);
            }
          }
        }
      }
    }
  }

  private @Nullable Path installedBy(Path executable) throws IOException {
    if (!Files.isRegularFile(executable) || Files.size(executable) > 64 * 1024) {
      return null;
    }
    String text = Files.readString(executable, StandardCharsets.ISO_8859_1);
    for (String line : text.split("\n", -1)) {
      if (line.startsWith(Program.INSTALLED)) {
        return sibling(
            String.valueOf(Path.of(line.substring(Program.INSTALLED.length())).getFileName()));
      }
    }
    return null;
  }

  /** Another installation of the same name; null for anything else. */
  private @Nullable Path sibling(String directory) {
    Path other = library.resolve(directory);
    boolean same =
        directory.startsWith(name + "-")
            && directory.substring(name.length() + 1).chars().allMatch(Character::isDigit);
    return same && Files.isDirectory(other) && !other.equals(path) ? other : null;
  }

  void delete() throws IOException {
    delete(path);
  }

  private static void delete(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
