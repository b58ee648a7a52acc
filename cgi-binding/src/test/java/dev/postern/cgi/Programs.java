package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Programs for tests, written where they are used. */
public final class Programs {
  private Programs() {}

  /** An executable shell script. */
  public static Path sh(Path directory, String name, String... lines) throws IOException {
    return write(directory.resolve(name), "#!/bin/sh\n" + String.join("\n", lines) + "\n");
  }

  /** An executable file with that content. */
  public static Path write(Path file, String content) throws IOException {
    Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  /** A program that writes exactly these bytes (as chars) and ends. */
  public static Path raw(Path directory, String name, String output) throws IOException {
    Path data = directory.resolve(name + ".out");
    Files.write(data, output.getBytes(StandardCharsets.ISO_8859_1));
    return sh(directory, name, "exec cat '" + data + "'");
  }

  /** An archive with one file, which takes the place of another archive at once. */
  static Path zip(Path file, String name, String content) throws IOException {
    Path made = file.resolveSibling(file.getFileName() + ".new");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(made))) {
      zip.putNextEntry(new ZipEntry(name));
      zip.write(content.getBytes(StandardCharsets.UTF_8));
    }
    return Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * A file that the C compiler makes of a resource beside this class; skips where there is none.
   */
  public static void compile(String resource, Path file, String... options) throws Exception {
    Path source = file.resolveSibling(resource);
    try (InputStream text = Programs.class.getResourceAsStream(resource)) {
      Files.copy(text, source);
    }
    List<String> command = new ArrayList<>(List.of(Tools.require("gcc")));
    command.addAll(List.of(options));
    command.addAll(List.of("-o", file.toString(), source.toString()));
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }
}
