package dev.postern.cgi.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
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
 * What one installation writes below the library directory: {@code LIB/NAME-NUMBER}, new each time,
 * so that an executable never sees half of another one's files.
 *
 * @param path the directory, absolute
 * @param library the library directory, absolute
 * @param name the executable's file name
 */
record InstallDirectory(Path path, Path library, String name) {
  /** A text that stands in every executable, in front of its directory. */
  static final String MARK = "# postern: ";

  /** The file with the arguments of the java of a warm server. */
  static final String WARM = "warm";

  /** The directory of all users' sockets, in the library directory. */
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

  /** A JVM under a web server's {@code LC_ALL=C} finds no file of another name. */
  private static void requirePlain(Path path) throws IOException {
    String text = path.toString();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) > '~' || text.charAt(i) == ':') {
        throw new IOException(
            "library directory must have a path of ASCII without a colon: " + path);
      }
    }
  }

  /** A file name of the same look that can stand anywhere. */
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

  /** What tells this installation from all others. */
  String number() {
    return path.getFileName().toString().substring(name.length() + 1);
  }

  /**
   * Where the warm servers of all users have their directories: like {@code /tmp}, since nobody
   * knows here who will run the executable.
   */
  Path runDirectory() throws IOException {
    Path run = library.resolve(RUN);
    if (!Files.isDirectory(run)) {
      Files.createDirectory(run);
    }
    if (Files.getOwner(run).equals(Files.getOwner(path))) {
      // rwxrwxrwt, which PosixFilePermission cannot say.
      Files.setAttribute(run, "unix:mode", 01777);
    }
    return run;
  }

  /** Lets everybody read it: a web server runs as somebody else. */
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

  /** The directories on the way that keep others out, a line each. */
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
   * Takes the place of the installation that {@code executable} names, which is kept for whoever
   * has just started it; the one before that is removed.
   */
  void follow(Path executable) throws IOException {
    Path last = installedBy(executable);
    if (last == null) {
      return;
    }
    Path record = last.resolve(PREVIOUS);
    if (Files.isRegularFile(record)) {
      Path older = sibling(Files.readString(record, StandardCharsets.UTF_8).trim());
      if (older != null) {
        delete(older);
      }
    }
    Path file = path.resolve(PREVIOUS);
    Files.writeString(file, last.getFileName() + "\n");
    setMode(file, "rw-r--r--");
  }

  private @Nullable Path installedBy(Path executable) throws IOException {
    if (!Files.isRegularFile(executable) || Files.size(executable) > 64 * 1024) {
      return null;
    }
    String text = Files.readString(executable, StandardCharsets.ISO_8859_1);
    for (String line : text.split("\n", -1)) {
      if (line.startsWith(MARK)) {
        return sibling(String.valueOf(Path.of(line.substring(MARK.length())).getFileName()));
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
