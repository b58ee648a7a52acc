package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import dev.postern.cgi.server.JavaProgram;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One of {@link ExecutableApps} as a process, with an environment that is exact to the byte. */
final class Executable {
  private static final long SECONDS = 60;

  private final Path directory;
  private final List<String> arguments = new ArrayList<>();
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<String> flags = new ArrayList<>();
  private String redirections = "";
  private Process process;

  /**
   * @param directory for the script, standard error and temporary files
   */
  Executable(Path directory, String locale, String app) {
    this.directory = directory;
    arguments.add(app);
    environment.put("LC_ALL", locale);
    environment.put("PATH", "/usr/bin:/bin");
    environment.put("GATEWAY_INTERFACE", "CGI/1.1");
    environment.put("REQUEST_METHOD", "GET");
    environment.put("SCRIPT_NAME", "/cgi-bin/app");
    environment.put("SERVER_NAME", "example.com");
    environment.put("SERVER_PORT", "80");
    environment.put("SERVER_PROTOCOL", "HTTP/1.1");
  }

  /** The value's chars are its bytes. */
  Executable with(String name, String value) {
    environment.put(name, value);
    return this;
  }

  Executable without(String name) {
    environment.remove(name);
    return this;
  }

  Executable argument(String argument) {
    arguments.add(argument);
    return this;
  }

  /** Started with this option of the JVM, and without a class-data archive. */
  Executable flag(String flag) {
    flags.add(flag);
    return this;
  }

  /** Started with this behind its command line, for the shell: {@code <&-} closes a stream. */
  Executable redirected(String newRedirections) {
    redirections = newRedirections;
    return this;
  }

  /** Runs to the end with this standard input, which is closed after it. */
  Result run(String stdin) throws IOException, InterruptedException {
    start();
    try {
      process.getOutputStream().write(stdin.getBytes(StandardCharsets.ISO_8859_1));
      process.getOutputStream().close();
    } catch (IOException e) {
      // It need not read everything.
    }
    return finish();
  }

  /** Starts it with an open standard input. */
  Process start() throws IOException {
    StringBuilder script = new StringBuilder("#!/bin/sh\nexec env -i");
    environment.forEach((name, value) -> script.append(quoted(name + "=" + value)));
    List<String> java =
        flags.isEmpty()
            ? JavaProgram.command(ExecutableApps.class, CgiGateway.class, Application.class)
            : JavaProgram.inPlace(ExecutableApps.class, CgiGateway.class, Application.class);
    script.append(quoted(java.get(0)));
    script.append(quoted("-Djava.io.tmpdir=" + temporary()));
    flags.forEach(flag -> script.append(quoted(flag)));
    java.subList(1, java.size()).forEach(word -> script.append(quoted(word)));
    arguments.forEach(word -> script.append(quoted(word)));
    Path file = directory.resolve("app.sh");
    Files.writeString(file, script + " " + redirections + "\n", StandardCharsets.ISO_8859_1);
    process =
        new ProcessBuilder("/bin/sh", file.toString())
            .redirectError(directory.resolve("stderr").toFile())
            .start();
    return process;
  }

  /** Where it puts temporary files. */
  Path temporary() throws IOException {
    return Files.createDirectories(directory.resolve("tmp"));
  }

  /** Reads what is left of its output and waits for its end. */
  Result finish() throws IOException, InterruptedException {
    try (InputStream out = process.getInputStream()) {
      return new Result(
          new String(out.readAllBytes(), StandardCharsets.ISO_8859_1), exit(), stderr());
    }
  }

  int exit() throws InterruptedException {
    boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).as("it ended by itself").isTrue();
    return process.exitValue();
  }

  String stderr() throws IOException {
    return Files.readString(directory.resolve("stderr"), StandardCharsets.ISO_8859_1);
  }

  private static String quoted(String word) {
    return " '" + word.replace("'", "'\\''") + "'";
  }

  /** All that it wrote, bytes as chars, and its exit status. */
  record Result(String output, int exit, String stderr) {
    /** The lines of the head, each ended by CRLF. */
    List<String> head() {
      int end = output.indexOf("\r\n\r\n");
      assertThat(end).as(output + stderr).isPositive();
      return List.of(output.substring(0, end).split("\r\n"));
    }

    String body() {
      return output.substring(output.indexOf("\r\n\r\n") + 4);
    }
  }
}
