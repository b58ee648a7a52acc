package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.launcher.workers.Workers;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code --warm}, {@code --worker} and {@code --delegate} mean, and what of them is wrong. */
class WorkersTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a b | --worker: name of a worker group must be",
        "w=spares | OPTION:VALUE",
        "w=spares:x | spares must be a number",
        "w=spares:65 | spares must be 0 to 64",
        "w=colour:red | OPTION must be one of a group: colour",
        "w=mode:twice | mode must be one that there is: twice",
        "w=startup-timeout:0 | seconds above 0",
        "w=learn:maybe | true or false",
        "w=, | OPTION:VALUE",
      })
  void wrongGroup_isTold(String text, String message) {
    assertThatThrownBy(() -> Workers.of(List.of(text), List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(text);
  }

  @Test
  void groupGivenTwice_isTold() {
    assertThatThrownBy(() -> Workers.of(List.of("w", "w=spares:1"), List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("given once");
  }

  @ParameterizedTest
  @CsvSource({"/**, GLOB=NAME", "/**=, GLOB=NAME", "/**=other, one of --worker", "x=w, slash"})
  void wrongDelegation_isTold(String text, String message) {
    assertThatThrownBy(() -> Workers.of(List.of("w"), List.of(text), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({"cgi-bin, slash", "/[, GLOB of --warm"})
  void wrongGlob_isTold(String glob, String message) {
    assertThatThrownBy(() -> Workers.of(List.of(), List.of(), List.of(glob)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void globThatMatchesNothing_isTold() throws Exception {
    Files.createFile(directory.resolve("a.pl"));
    for (String glob : List.of("/cgi/**.py", "/other/**")) {
      Programs programs = new HostingOptions().programs(false);
      programs.workers(Workers.of(List.of(), List.of(), List.of(glob)));
      programs.directoryAt("/cgi", directory.toString());
      assertThatThrownBy(() -> programs.checkMatched())
          .isInstanceOf(LauncherException.class)
          .hasMessageContaining("must match a program: \"" + glob);
    }
    Programs programs = new HostingOptions().programs(false);
    programs.workers(Workers.of(List.of("w"), List.of("/cgi/a.*=w"), List.of("/**")));
    programs.directoryAt("/cgi", directory.toString());
    programs.checkMatched();
  }

  @Test
  void delegatedScript_isServedByItsGroupUntilTheApplicationCloses() throws Exception {
    Sources.script(
        directory.resolve("p.pl"),
        "#!/usr/bin/perl\nprint \"Content-Type: text/plain\\n\\n\", getppid();\n");
    HostingOptions options = new HostingOptions();
    options.warm.add("/cgi/**");
    Application application = options.programs(false).directoryAt("/cgi", directory.toString());
    String self = Long.toString(ProcessHandle.current().pid());
    String parent = self;
    long start = System.nanoTime();
    while (parent.equals(self)) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
      LockSupport.parkNanos(2_000_000);
      parent = parent(application);
    }
    long server = Long.parseLong(parent);
    ((AutoCloseable) application).close();
    while (ProcessHandle.of(server).filter(ProcessHandle::isAlive).isPresent()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(40));
      LockSupport.parkNanos(2_000_000);
    }
  }

  private static String parent(Application application) throws Exception {
    Environ environ =
        Environ.builder(
                Map.of(
                    "REQUEST_METHOD", "GET",
                    "PATH_INFO", "/p.pl",
                    "SERVER_NAME", "localhost",
                    "SERVER_PORT", "80",
                    "SERVER_PROTOCOL", "HTTP/1.1"))
            .build();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Body body = Response.from(application, environ).body()) {
      body.writeTo(out);
    }
    return out.toString(StandardCharsets.ISO_8859_1);
  }
}
