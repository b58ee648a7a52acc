package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.JavaProgram;
import dev.postern.cgi.server.WarmServers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** An installed executable, and requests to it. */
final class InstalledProgram {
  private static final long SECONDS = 60;

  final Path directory;
  final Path file;
  final Path library;

  /**
   * In a directory of a test's own: {@code bin/app} and {@code lib}.
   *
   * @param directory with a short path, for sockets
   */
  InstalledProgram(Path directory) throws IOException {
    this.directory = directory;
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    this.file = Files.createDirectories(directory.resolve("bin")).resolve("app");
    this.library = directory.resolve("lib");
  }

  /** Options for an application of the tests: with its classes, and not with all tests. */
  CgiExecutable.Builder of(Class<?> application) {
    return CgiExecutable.builder(application.getName())
        .classPath(List.of(classes(application.getNestHost())))
        .library(library);
  }

  /** A directory with the classes of one source file. */
  private Path classes(Class<?> host) {
    Path file = Path.of(host.getName().replace('.', '/') + ".class");
    Path from = JavaProgram.source(host).resolve(file).getParent();
    Path classes = directory.resolve("classes");
    Path to = classes.resolve(file).getParent();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(from, host.getSimpleName() + "{,$*}.class")) {
      Files.createDirectories(to);
      for (Path one : files) {
        Files.copy(one, to.resolve(one.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<String> install(CgiExecutable.Builder builder) throws IOException {
    return builder.build().install(file);
  }

  /** The body of the answer to a GET, which must be a good one. */
  String get(String path, String query) throws Exception {
    return body(start(path, query, Map.of()));
  }

  /** The same with more variables. */
  String body(String path, Map<String, String> more) throws Exception {
    return body(start(path, "", more));
  }

  private String body(Process process) throws Exception {
    process.getOutputStream().close();
    String output = read(process.getInputStream());
    assertThat(exit(process)).as(output + errors()).isZero();
    assertThat(output).startsWith("Status: 200 OK\r\n");
    return output.substring(output.indexOf("\r\n\r\n") + 4);
  }

  String get(String path) throws Exception {
    return get(path, "");
  }

  /** Starts a GET; standard error goes to a file. */
  Process start(String path, String query, Map<String, String> more, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(file.toString()));
    command.addAll(List.of(arguments));
    return start(command, path, query, more);
  }

  /** By a command that runs the file. */
  Process start(List<String> command, String path, String query, Map<String, String> more)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(directory.resolve("errors").toFile());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.putAll(
        Map.of(
            "PATH", "/usr/bin:/bin",
            "LC_ALL", "C",
            "REQUEST_METHOD", "GET",
            "SCRIPT_NAME", "/cgi-bin/app",
            "PATH_INFO", path,
            "QUERY_STRING", query,
            "SERVER_NAME", "localhost",
            "SERVER_PORT", "80",
            "SERVER_PROTOCOL", "HTTP/1.1"));
    environment.putAll(more);
    return builder.start();
  }

  /** Starts it with streams that are as a shell's redirections say. */
  Process redirected(String redirections, String path, Map<String, String> more)
      throws IOException {
    String line = "exec \"$0\" " + redirections;
    return start(List.of("/bin/sh", "-c", line, file.toString()), path, "", more);
  }

  String errors() throws IOException {
    Path errors = directory.resolve("errors");
    return Files.exists(errors) ? Files.readString(errors, StandardCharsets.UTF_8) : "";
  }

  static String read(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  static int exit(Process process) throws InterruptedException {
    boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).as("it ended by itself").isTrue();
    return process.exitValue();
  }

  /** The warm servers of this installation. */
  List<ProcessHandle> servers() {
    return WarmServers.of(library);
  }

  /** Ends all warm servers of this installation. */
  void endServers() {
    WarmServers.end(library);
  }
}
