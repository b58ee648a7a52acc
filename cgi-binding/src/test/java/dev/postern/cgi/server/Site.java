package dev.postern.cgi.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The directory of one server: {@code www/cgi-bin} for programs, {@code lib} for what they need,
 * {@code conf}, {@code logs} and {@code run} for the server itself. Readable by everybody, since a
 * server that root starts runs as another user; what the server writes to belongs to that user.
 */
public final class Site implements AutoCloseable {
  private final Path root;

  private Site(Path root) {
    this.root = root;
  }

  /** A new site in the directory for temporary files; its path is short enough for sockets. */
  public static Site create() throws IOException {
    Site site = new Site(Files.createTempDirectory("postern-site"));
    open(site.root);
    for (Path part : new Path[] {site.www(), site.cgiBin(), site.lib(), site.conf()}) {
      open(Files.createDirectory(part));
    }
    for (Path written : new Path[] {site.logs(), site.run()}) {
      open(Files.createDirectory(written));
      OrdinaryUser.own(written);
    }
    return site;
  }

  public Path root() {
    return root;
  }

  public Path www() {
    return root.resolve("www");
  }

  public Path cgiBin() {
    return root.resolve("www/cgi-bin");
  }

  public Path lib() {
    return root.resolve("lib");
  }

  public Path conf() {
    return root.resolve("conf");
  }

  public Path logs() {
    return root.resolve("logs");
  }

  public Path run() {
    return root.resolve("run");
  }

  /** Writes an executable program into {@code cgi-bin}. */
  public Path program(String name, String... lines) throws IOException {
    Path file = cgiBin().resolve(name);
    Files.write(file, (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
    return open(file);
  }

  /** Writes a configuration file. */
  Path configuration(String name, String text) throws IOException {
    return Files.writeString(conf().resolve(name), text);
  }

  /** Copies a file or a directory of classes to where every user can read it. */
  public Path copy(Path source, Path target) throws IOException {
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            open(Files.createDirectories(target.resolve(source.relativize(directory).toString())));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            String inside = source.relativize(file).toString();
            open(Files.copy(file, inside.isEmpty() ? target : target.resolve(inside)));
            return FileVisitResult.CONTINUE;
          }
        });
    return target;
  }

  /** Removes everything. */
  @Override
  public void close() throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Lets every user read it. */
  static Path open(Path path) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    return path;
  }
}
