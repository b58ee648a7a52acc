package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.workers.WorkerGroups;
import dev.postern.launcher.workers.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        "w=mode:twice | mode must be one of [fork, reuse]: twice",
        "w=startup-timeout:0 | seconds above 0",
        "w=learn:maybe | true or false",
        "w=eager:maybe | true or false",
        "w=strict-reuse:1 | true or false",
        "w=umask:9 | umask must be three octal digits",
        "w=modules:a b | module must be a name",
        "w=, | OPTION:VALUE",
      })
  void wrongGroup_isTold(String text, String message) {
    assertThatThrownBy(() -> Workers.of(List.of(text), List.of(), List.of(), new WorkerGroups()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(text);
  }

  @Test
  void optionsOfAGroup_areTakenByBothForms() {
    String options =
        "mode:reuse,processes:2,strict-reuse:true,eager:false,umask:027,modules:json+CGI,librariesOnly:true";
    List<String> workers = List.of("w=" + options, "v=mode:FORK,strictReuse:false");
    try (WorkerGroups groups = new WorkerGroups()) {
      assertThatCode(() -> Workers.of(workers, List.of(), List.of(), groups))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void groupGivenTwice_isTold() {
    assertThatThrownBy(
            () -> Workers.of(List.of("w", "w=spares:1"), List.of(), List.of(), new WorkerGroups()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("given once");
  }

  @ParameterizedTest
  @CsvSource({"/**, GLOB=NAME", "/**=, GLOB=NAME", "/**=other, one of --worker", "x=w, slash"})
  void wrongDelegation_isTold(String text, String message) {
    assertThatThrownBy(() -> Workers.of(List.of("w"), List.of(text), List.of(), new WorkerGroups()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({"cgi-bin, slash", "/[, GLOB of --warm"})
  void wrongGlob_isTold(String glob, String message) {
    assertThatThrownBy(() -> Workers.of(List.of(), List.of(), List.of(glob), new WorkerGroups()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private Site site(String... words) {
    List<String> all = new ArrayList<>(List.of("--cgi-dir", "/cgi=" + directory));
    all.addAll(List.of(words));
    return new Configuration(ServeCommand.parse(all)).open();
  }

  @Test
  void globThatMatchesNothing_isTold() throws Exception {
    Files.createFile(directory.resolve("a.pl"));
    for (String glob : List.of("/cgi/**.py", "/other/**")) {
      assertThatThrownBy(() -> site("--warm", glob))
          .isInstanceOf(LauncherException.class)
          .hasMessageContaining("must match a program: \"" + glob);
    }
    site("--worker", "w", "--delegate", "/cgi/a.*=w", "--warm", "/**").retire();
  }

  @Test
  void delegatedScript_isServedByItsGroupUntilTheSiteCloses() throws Exception {
    Site site = site(perl("p.pl"));
    long server = server(site, "/cgi/p.pl");
    site.retire();
    awaitEnd(server);
  }

  /** Two mounts that say the same of a group have it together; one that says more has its own. */
  @Test
  void groupOfAFile_isSharedByItsMounts() throws Exception {
    perl("p.pl");
    Path file = directory.resolve("site.yaml");
    Files.writeString(
        file,
        """
        worker: {w: "spares:1"}
        delegate: {"/*/*.pl": w}
        mounts:
          /a: {cgi-dir: .}
          /b: {cgi-dir: .}
          /c: {cgi-dir: ., worker: {w: "spares:2"}}
        """);
    Configuration configuration =
        new Configuration(ServeCommand.parse(List.of("--config=" + file)));
    configuration.read();
    Site site = configuration.open();
    long first = server(site, "/a/p.pl");

    assertThat(server(site, "/b/p.pl")).isEqualTo(first);
    assertThat(server(site, "/c/p.pl")).isNotEqualTo(first);
    site.retire();
    awaitEnd(first);
  }

  @Test
  void globOfAFile_mustMatchInOneOfItsMounts() throws Exception {
    perl("p.pl");
    Path file = directory.resolve("site.yaml");
    Files.writeString(
        file, "port: 0\nwarm: /a/*.py\nmounts: {/a: {cgi-dir: .}, /b: {cgi-dir: .}}\n");
    Configuration top = new Configuration(ServeCommand.parse(List.of("--config=" + file)));
    top.read();
    assertThatThrownBy(top::open)
        .hasMessage(file + ":2: warm: GLOB of --warm must match a program: \"/a/*.py\"");
    Files.writeString(file, "mounts:\n  /a:\n    cgi-dir: .\n    warm: /b/*.pl\n");
    Configuration mount = new Configuration(ServeCommand.parse(List.of("--config=" + file)));
    mount.read();
    assertThatThrownBy(mount::open)
        .hasMessage(file + ":4: warm: GLOB of --warm must match a program: \"/b/*.pl\"");
  }

  private String[] perl(String name) throws Exception {
    Sources.script(
        directory.resolve(name),
        "#!/usr/bin/perl\nprint \"Content-Type: text/plain\\n\\n\", getppid();\n");
    return new String[] {"--warm", "/cgi/**"};
  }

  /** The process whose child answers there, once the script is loaded. */
  private static long server(Application application, String path) throws Exception {
    String self = Long.toString(ProcessHandle.current().pid());
    String parent = self;
    long start = System.nanoTime();
    // A start server is the parent of programs that are not warm.
    while (parent.equals(self) || isStartServer(parent)) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
      LockSupport.parkNanos(2_000_000);
      parent = parent(application, path);
    }
    return Long.parseLong(parent);
  }

  private static boolean isStartServer(String process) throws IOException {
    return Files.readString(Path.of("/proc", process, "comm")).startsWith("postern-start");
  }

  private static void awaitEnd(long server) {
    long start = System.nanoTime();
    while (ProcessHandle.of(server).filter(ProcessHandle::isAlive).isPresent()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(40));
      LockSupport.parkNanos(2_000_000);
    }
  }

  private static String parent(Application application, String path) throws Exception {
    Environ environ =
        Environ.builder(
                Map.of(
                    "REQUEST_METHOD", "GET",
                    "PATH_INFO", path,
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
