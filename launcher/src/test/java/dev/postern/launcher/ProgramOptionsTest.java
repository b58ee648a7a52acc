package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each option of hosted programs at the wire: what it changes, beside what there is without it. */
@Timeout(60)
class ProgramOptionsTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'\n";

  @TempDir Path directory;

  private Path programs;

  @BeforeEach
  void makePrograms() throws Exception {
    Logs.quiet();
    programs = Files.createDirectory(directory.resolve("programs"));
  }

  private Path program(String name, String script) throws Exception {
    return Sources.script(programs.resolve(name), "#!/bin/sh\n" + script);
  }

  private Served open(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("--cgi-dir", "/=" + programs));
    all.addAll(List.of(words));
    return Served.open(all);
  }

  @Test
  void arguments_areThoseOfTheProgram() throws Exception {
    Path show = program("show", HEAD + "printf '%s|' \"$@\"");
    try (Served served =
        Served.open(
            "--cgi", "/x=" + show, "--argument", "a b", "--argument=-c", "--argument", "")) {
      assertThat(served.get("/x?d")).contains("a b|-c||");
    }
  }

  @Test
  void interpreter_runsAProgramThatIsMountedAlone() throws Exception {
    Path text = Files.writeString(programs.resolve("page.txt"), HEAD + "printf 'by %s' \"$0\"");
    try (Served served = Served.open("--cgi", "/x=" + text, "--interpreter", ".txt=/bin/sh")) {
      assertThat(served.get("/x")).contains("by " + text);
    }
  }

  @Test
  void interpreterWithoutExtension_runsAllThatHaveNoOther() throws Exception {
    Files.writeString(programs.resolve("page.txt"), HEAD + "printf 'by %s' \"$X\"");
    Files.writeString(programs.resolve("page.ext"), HEAD + "printf 'by %s' \"$X\"");
    try (Served served =
        open(
            "--interpreter",
            "/usr/bin/env X=all /bin/sh",
            "--interpreter",
            ".ext=/usr/bin/env X=ext /bin/sh")) {
      assertThat(served.get("/page.txt")).contains("by all");
      assertThat(served.get("/page.ext")).contains("by ext");
    }
  }

  @Test
  void methods_areTheOnlyOnes() throws Exception {
    program("show", HEAD + "printf 'ran'");
    try (Served served = open("--method", "GET", "--method", "PURGE")) {
      assertThat(served.get("/show")).contains("ran");
      assertThat(Wire.request(served.port(), "PURGE /show HTTP/1.1\nHost: h")).contains("ran");
      assertThat(Wire.request(served.port(), "OPTIONS /show HTTP/1.1\nHost: h"))
          .startsWith("HTTP/1.1 405 ")
          .contains("GET, PURGE");
    }
  }

  @Test
  void localRedirects_areAnsweredFromWhatIsMounted() throws Exception {
    program("moved", "printf 'Location: /other/found?a=1\\n\\n'");
    Path found = program("found", HEAD + "printf 'found %s %s' \"$QUERY_STRING\" \"$SCRIPT_NAME\"");
    String mount = "/other/found=" + found;
    try (Served with = open("--cgi", mount, "--local-redirects");
        Served without = open("--cgi", mount)) {
      assertThat(with.get("/moved")).startsWith("HTTP/1.1 200 ").contains("found a=1 /other/found");
      assertThat(without.get("/moved")).startsWith("HTTP/1.1 302 ");
    }
  }

  @Test
  void programLimit_isForOneProgram() throws Exception {
    program("stuck", HEAD + "printf 'x\\n'\nexec sleep 600\n");
    program("show", HEAD + "printf 'ran'");
    try (Served served = open("--program-limit", "1", "--queue", "0.1");
        Wire running = Wire.to(served.port())) {
      running.send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(running.readHead()).startsWith("HTTP/1.1 200 ");
      assertThat(served.get("/stuck")).startsWith("HTTP/1.1 503 ");
      assertThat(served.get("/show")).contains("ran");
    }
  }

  @Test
  void lenientType_sendsABodyWithoutType() throws Exception {
    program("untyped", "printf 'X-A: b\\nStatus: 200 OK\\n\\nbody'");
    try (Served with = open("--lenient-type");
        Served without = open()) {
      assertThat(with.get("/untyped")).contains("application/octet-stream").contains("body");
      assertThat(without.get("/untyped")).startsWith("HTTP/1.1 502 ");
    }
  }

  @Test
  void nph_admitsAStatusLineOfEachProgram() throws Exception {
    program("line", "printf 'HTTP/1.1 201 Made\\nContent-Type: text/plain\\n\\nx'");
    try (Served with = open("--nph");
        Served without = open()) {
      assertThat(with.get("/line")).startsWith("HTTP/1.1 201 ");
      assertThat(without.get("/line")).startsWith("HTTP/1.1 502 ");
    }
  }

  @Test
  void strictOwnership_refusesWhatAGroupMayWrite() throws Exception {
    Path shared = program("shared", HEAD + "printf 'ran'");
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxr-x"));
    try (Served with = open("--strict-ownership");
        Served without = open()) {
      assertThat(with.get("/shared")).startsWith("HTTP/1.1 403 ");
      assertThat(without.get("/shared")).contains("ran");
    }
  }

  @Test
  void fileVariable_isAnotherNameOfTheFile() throws Exception {
    Path show = program("show", HEAD + "printf '%s' \"$X_TOMCAT_SCRIPT_PATH\"");
    try (Served served = open("--file-variable", "X_TOMCAT_SCRIPT_PATH")) {
      assertThat(served.get("/show")).contains(show.toString());
    }
  }

  @Test
  void passShellFunctions_admitsTheirValues() throws Exception {
    program("show", HEAD + "printf '%s' \"$HTTP_X_A\"");
    String request = "GET /show HTTP/1.1\nHost: h\nX-A: () { :; }";
    try (Served with = open("--pass-shell-functions");
        Served without = open()) {
      assertThat(Wire.request(with.port(), request)).contains("() { :; }");
      assertThat(Wire.request(without.port(), request)).startsWith("HTTP/1.1 400 ");
    }
  }

  @Test
  void allow_namesTheOnlyFilesThatRun() throws Exception {
    program("show", HEAD + "printf 'ran'");
    program("other", HEAD + "printf 'ran'");
    try (Served served = open("--allow", "show")) {
      assertThat(served.get("/show")).contains("ran");
      assertThat(served.get("/other")).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void root_isWhereLinksMayLead() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Sources.script(elsewhere.resolve("far"), "#!/bin/sh\n" + HEAD + "printf 'far'");
    Files.createSymbolicLink(programs.resolve("link"), elsewhere.resolve("far"));
    try (Served with = open("--root", elsewhere.toString());
        Served without = open()) {
      assertThat(with.get("/link")).contains("far");
      assertThat(without.get("/link")).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void javaExtension_runsFilesInTheServer() throws Exception {
    Files.writeString(
        programs.resolve("Hi.java"),
        """
        public class Hi {
          public static void main(String[] args) {
            System.out.print("Content-Type: text/plain\\n\\nin Java");
          }
        }
        """);
    try (Served served = open("--java", ".java")) {
      assertThat(served.get("/Hi.java")).contains("in Java");
    }
  }

  @Test
  void record_keepsTheRunsThatFail() throws Exception {
    program("broken", "cat >&2\nprintf 'no header'\nexit 4");
    program("show", HEAD + "printf 'ran'");
    Path kept = directory.resolve("kept");
    try (Served served = open("--record", kept.toString())) {
      assertThat(served.get("/show")).contains("ran");
      assertThat(
              Wire.exchange(
                  served.port(),
                  "POST /broken?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                      + "Connection: close\r\n\r\nbody"))
          .startsWith("HTTP/1.1 502 ");
    }
    try (Stream<Path> files = Files.list(kept)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(all.get(0))))
          .isEqualTo("rw-------");
      assertThat(Files.readString(all.get(0)))
          .contains("\"no header\"", "\"exit 4\"", "\"a=b\"", "\"no-blank-line\"", "\"body\"");
    }
  }

  // ---- isolation ----

  private static void assumeRoot(boolean root) throws Exception {
    assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0) == root);
  }

  @Test
  void limits_areThoseOfTheProgram() throws Exception {
    program(
        "show", HEAD + "ulimit -t; ulimit -v; ulimit -f; ulimit -n; grep NoNew /proc/$$/status");
    try (Served served =
        open(
            "--cpu-time=7",
            "--memory=1073741824",
            "--file-size=1048576",
            "--open-files=77",
            "--no-new-privileges",
            "--require-level=L2")) {
      assertThat(served.get("/show")).contains("7\n1048576\n2048\n77\nNoNewPrivs:\t1");
    }
    try (Served served = open()) {
      assertThat(served.get("/show")).contains("NoNewPrivs:\t0").doesNotContain("\n77\n");
    }
  }

  @Test
  void user_isWhomProgramsRunAs() throws Exception {
    assumeRoot(true);
    program("show", HEAD + "id -un");
    for (Path each : List.of(directory, programs)) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Files.setPosixFilePermissions(
        programs.resolve("show"), PosixFilePermissions.fromString("rwxr-xr-x"));
    try (Served served = open("--user", "nobody", "--lowest-user", "1000")) {
      assertThat(served.get("/show")).contains("\nnobody\n");
    }
  }

  @Test
  void refuseRoot_isToldAtTheStart() throws Exception {
    assumeRoot(true);
    assertThat(refused("--refuse-root"))
        .startsWith("--refuse-root: programs must not be hosted by root [root]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --argument x --method a/b        | NAME of --method must be a request method: "a/b"
          --interpreter .a=/bin/sh --interpreter .a=/bin/sh | EXT of --interpreter must be given once
          --java .class                    | --java must be .jar or .java: ".class"
          --allow a/b                      | --allow must be the name of a program: "a/b"
          --root @/nowhere                 | DIR of --root must be a directory
          --program-limit 0                | --program-limit must be a number of at least 1: "0"
          --file-variable HTTP_X           | --file-variable:
          --require-level L9               | --require-level must be L0 to L4: "L9"
          --require-level NONE             | --require-level must be L0 to L4: "NONE"
          --require-level L4               | --require-level: isolation must be at least L4
          --cpu-time 0.5                   | --cpu-time: processor time in seconds must be at least 1: 0
          --cpu-time x                     | SECONDS of --cpu-time must be a number above 0: "x"
          --memory 0                       | --memory must be a number of at least 1: "0"
          --file-size 1M                   | --file-size must be a number of at least 1: "1M"
          --open-files -1                  | --open-files must be a number of at least 1: "-1"
          --processes 0                    | --processes must be a number of at least 1: "0"
          --cgroup @/nowhere               | DIR of --cgroup must be a directory
          --group-memory 1                 | --group-memory must come with --cgroup
          --group-processes 1              | --group-processes must come with --cgroup
          --lowest-user 5                  | --lowest-user must come with --user
          --user root                      | --user:
          --user daemon                    | --user:
          --cgroup @                       | --cgroup: control group must be delegated to us
          --user nobody --lowest-user x    | --lowest-user must be a number of at least 1: "x"
          --readable /usr                  | --readable must come with --namespaces
          --namespaces --readable @/none   | PATH of --readable must exist
          --record @/no/where              | DIR of --record must be a directory
          --warm /cgi[                     | GLOB of --warm must be a glob of paths
          """)
  void badArgument_isOneLineAndExit2(String words, String message) {
    assertThat(refused(words.replace("@", directory.toString()).split(" +"))).startsWith(message);
  }

  /** Starts the command with these words, which must be refused. */
  private String refused(String... words) {
    List<String> arguments = new ArrayList<>(List.of("serve", "--cgi-dir", "/x=" + programs));
    arguments.addAll(List.of(words));
    return Refused.start(arguments.toArray(new String[0]));
  }
}
