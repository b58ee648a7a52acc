package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A class path of jars, and an archive of the classes that a program loads from them to answer a
 * request. Made once for each JVM of tests, and deleted at its end.
 */
final class ClassData {
  private static final long SECONDS = 60;

  /** The request that shows which classes are needed. */
  private static final Map<String, String> REQUEST =
      Map.of(
          "GATEWAY_INTERFACE", "CGI/1.1",
          "REQUEST_METHOD", "GET",
          "SCRIPT_NAME", "/cgi-bin/app",
          "PATH_INFO", "/",
          "SERVER_NAME", "localhost",
          "SERVER_PORT", "80",
          "SERVER_PROTOCOL", "HTTP/1.1");

  private static final Map<String, ClassData> MADE = new LinkedHashMap<>();

  private final String main;
  private final List<Path> jars = new ArrayList<>();
  private final Path archive;

  private ClassData(Path directory, String main, List<Path> sources) throws IOException {
    this.main = main;
    this.archive = directory.resolve("classes.jsa");
    for (Path source : sources) {
      Path jar = directory.resolve(jars.size() + ".jar");
      if (Files.isDirectory(source)) {
        pack(source, jar);
      } else {
        Files.copy(source, jar);
      }
      jars.add(jar);
    }
  }

  /**
   * The one of this main class.
   *
   * @param sources jars, and directories of classes
   */
  static synchronized ClassData of(String main, List<Path> sources) {
    return MADE.computeIfAbsent(main + sources, key -> make(main, sources));
  }

  private static ClassData make(String main, List<Path> sources) {
    try {
      Path directory = Files.createTempDirectory("postern-classes");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory)));
      ClassData data = new ClassData(directory, main, sources);
      data.dump();
      return data;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("class-data archive of " + main, e);
    }
  }

  List<String> command() {
    return command("-XX:SharedArchiveFile=" + archive);
  }

  private List<String> command(String option) {
    List<String> command = new ArrayList<>(List.of(JavaProgram.java()));
    command.addAll(JavaProgram.FLAGS);
    // The archive is mapped where it was made for; to move it means to touch all of it.
    command.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"));
    command.addAll(List.of(option, "-cp", JavaProgram.joined(jars), main));
    return command;
  }

  /** A program that has several applications is asked for "hello"; another has no arguments. */
  private void dump() throws IOException, InterruptedException {
    List<String> command = command("-XX:ArchiveClassesAtExit=" + archive);
    command.add("hello");
    Path log = archive.resolveSibling("log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().clear();
    builder.environment().putAll(REQUEST);
    Process process = builder.start();
    boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).as("java ends in time").isTrue();
    assertThat(archive).as(Files.readString(log)).exists();
  }

  private static void pack(Path directory, Path jar) throws IOException {
    try (Stream<Path> files = Files.walk(directory);
        OutputStream out = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setLevel(1);
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        zip.putNextEntry(new ZipEntry(directory.relativize(file).toString()));
        Files.copy(file, zip);
      }
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
