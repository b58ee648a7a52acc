package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the options of {@code serve} mean to the programs that it hosts. */
@Timeout(60)
class HostingOptionsTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'\n";

  @TempDir static Path directory;

  @BeforeAll
  static void writePrograms() throws Exception {
    Logs.quiet();
    Path programs = Files.createDirectory(directory.resolve("programs"));
    Files.createDirectory(directory.resolve("root"));
    program(
        "show",
        HEAD
            + "printf '%s|%s|%s|%s|%s' \"$PWD\" \"${DOCUMENT_ROOT-unset}\" "
            + "\"${PATH_TRANSLATED-unset}\" \"${PATH_INFO-unset}\" \"${http_proxy-unset}\"\n");
    program("mute", "exec sleep 600\n");
    program("stuck", HEAD + "printf 'first\\n'\nexec sleep 600\n");
    program("drips", HEAD + "while :; do echo drip; sleep 0.1; done\n");
    program("fails", HEAD + "printf 'body'\nexit 1\n");
    Files.writeString(programs.resolve("plain.txt"), "echo no program\n");
    program("text.ext", HEAD + "printf 'run by %s' \"$0\"\n");
  }

  private static void program(String name, String script) throws Exception {
    Sources.script(directory.resolve("programs").resolve(name), "#!/bin/sh\n" + script);
  }

  /** A server of the directory, with these options. */
  private static WebServer open(String... options) throws Exception {
    List<String> words = new ArrayList<>(List.of("--cgi-dir", "/=" + directory + "/programs"));
    words.addAll(List.of(options));
    return WebServer.open(
        InetAddress.getByName("127.0.0.1"),
        0,
        new Configuration(ServeCommand.parse(words)).open(),
        HostingOptionsTest.class.getClassLoader());
  }

  private static String get(WebServer server, String target) throws Exception {
    return Wire.request(server.port(), "GET " + target + " HTTP/1.1\nHost: h");
  }

  @Test
  void documentRootAndCwd_arePassedOn() throws Exception {
    String root = directory.resolve("root").toString();
    try (WebServer server =
        open("--document-root", root, "--cwd", root, "--env", "http_proxy=http://proxy:1")) {
      assertThat(get(server, "/show/a"))
          .contains(root + "|" + root + "|" + root + "/a|/a|http://proxy:1");
    }
  }

  @Test
  void headerTimeout_isTheTimeToTheBlankLineAlone() throws Exception {
    try (WebServer server = open("--timeout", "600", "--header-timeout", "0.3")) {
      assertThat(get(server, "/mute")).startsWith("HTTP/1.1 504 ");
    }
  }

  @Test
  void idleTimeout_isTheTimeBetweenTwoReads() throws Exception {
    try (WebServer server = open("--idle-timeout", "0.3")) {
      assertThat(get(server, "/stuck")).contains("first\n").doesNotEndWith("\r\n0\r\n\r\n");
    }
  }

  @Test
  void attackF07_totalTimeout_endsAProgramThatDrips() throws Exception {
    try (WebServer server = open("--total-timeout", "0.5")) {
      assertThat(get(server, "/drips")).contains("drip\n").doesNotEndWith("\r\n0\r\n\r\n");
    }
  }

  @Test
  void afterOutput_isTheTimeToWorkOn() throws Exception {
    Path ended = directory.resolve("ended");
    program(
        "indexes",
        "trap 'echo > "
            + ended
            + "; exit' TERM\n"
            + HEAD
            + "exec >&-\nwhile :; do sleep 0.05; done\n");
    try (WebServer server = open("--after-output", "0.3")) {
      assertThat(get(server, "/indexes")).startsWith("HTTP/1.1 200 ");
      while (!Files.exists(ended)) {
        Thread.sleep(10);
      }
    }
  }

  @Test
  void links_areFollowedAsTold() throws Exception {
    Path outside = directory.resolve("outside");
    Sources.script(outside, "#!/bin/sh\n" + HEAD + "printf 'outside'\n");
    Files.createSymbolicLink(directory.resolve("programs/link"), outside);
    Files.createSymbolicLink(directory.resolve("programs/inner"), Path.of("show"));
    try (WebServer server = open("--follow-links", "owner")) {
      assertThat(get(server, "/link")).contains("outside");
    }
    try (WebServer server = open()) {
      assertThat(get(server, "/link")).startsWith("HTTP/1.1 404 ");
      assertThat(get(server, "/inner")).startsWith("HTTP/1.1 200 ");
    }
    try (WebServer server = open("--follow-links", "no")) {
      assertThat(get(server, "/inner")).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void setIdPrograms_runWhereAllowed() throws Exception {
    program("setid", HEAD + "printf 'set'\n");
    Files.setAttribute(directory.resolve("programs/setid"), "unix:mode", 04755);
    try (WebServer server = open("--allow-set-id")) {
      assertThat(get(server, "/setid")).contains("set");
    }
    try (WebServer server = open()) {
      assertThat(get(server, "/setid")).startsWith("HTTP/1.1 403 ");
    }
  }

  @Test
  void attackF10_queue_isTheTimeToWaitForAPlace() throws Exception {
    try (WebServer server = open("--max-processes", "1", "--queue", "0.1");
        Wire running = Wire.to(server.port())) {
      running.send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(running.readHead()).startsWith("HTTP/1.1 200 ");
      assertThat(get(server, "/show"))
          .startsWith("HTTP/1.1 503 ")
          .containsIgnoringCase("\r\nRetry-After: ");
    }
  }

  /** A dozen over two programs, which others need not notice. */
  @Test
  void r20_attackF09_stalledDownloads_keepNoPlacesFromOthers() throws Exception {
    int length = 8 << 20;
    String large = HEAD + "exec head -c " + length + " /dev/zero\n";
    program("large", large);
    program("huge", large);
    List<Wire> stalled = new ArrayList<>();
    try (WebServer server = open("--max-processes", "4", "--queue", "30")) {
      for (int i = 0; i < 12; i++) {
        Wire wire = Wire.to(server.port(), 8 * 1024);
        stalled.add(wire);
        String program = i % 2 == 0 ? "/large" : "/huge";
        wire.send("GET " + program + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      }
      for (Wire wire : stalled) {
        assertThat(wire.readHead()).startsWith("HTTP/1.1 200 ");
      }
      assertThat(get(server, "/large")).startsWith("HTTP/1.1 200 ").hasSizeGreaterThan(length);
      assertThat(get(server, "/show")).startsWith("HTTP/1.1 200 ");
      String rest = stalled.get(11).readAll();
      assertThat(rest).hasSizeGreaterThan(length).endsWith("\r\n0\r\n\r\n");
    } finally {
      for (Wire wire : stalled) {
        wire.close();
      }
    }
  }

  @Test
  void maxSpool_boundsBodiesOfUnknownLength() throws Exception {
    String chunked = "POST /show HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
    String request = chunked + "Connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    try (WebServer full = open("--max-spool", "2");
        WebServer enough = open("--max-spool", "100000")) {
      assertThat(Wire.exchange(full.port(), request)).startsWith("HTTP/1.1 503 ");
      assertThat(Wire.exchange(enough.port(), request)).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void strictExit_cutsWhatFailed() throws Exception {
    try (WebServer lenient = open();
        WebServer strict = open("--strict-exit")) {
      assertThat(get(lenient, "/fails")).startsWith("HTTP/1.1 200 ").contains("body");
      assertThat(get(strict, "/fails")).doesNotEndWith("\r\n0\r\n\r\n");
    }
  }

  @Test
  void allowEncodedSlash_isForPathInfo() throws Exception {
    try (WebServer without = open();
        WebServer with = open("--allow-encoded-slash")) {
      assertThat(get(without, "/show/a%2Fb")).startsWith("HTTP/1.1 400 ");
      assertThat(get(with, "/show/a%2Fb")).startsWith("HTTP/1.1 200 ").contains("|/a/b|");
    }
  }

  @Test
  void interpreterAndIndex_areOfTheDirectory() throws Exception {
    try (WebServer server =
        open("--interpreter", ".ext=/usr/bin/env POSTERN=1  /bin/sh", "--index", "text.ext")) {
      assertThat(get(server, "/")).contains("run by " + directory + "/programs/text.ext");
    }
  }

  /** {@code @} is the directory. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          --env DOCUMENT_ROOT=/x        | NAME of --env must not be one that --document-root sets: "DOCUMENT_ROOT"
          --env HTTP_AUTHORIZATION=x    | NAME of --env must not be one that --pass-authorization passes
          --env HTTP_COOKIE=x           | --env: environment name must be free, a header of the request
          --env A=1 --env a=2           | --env: environment names must differ in more than case: a
          --queue 0                     | SECONDS of --queue must be a number above 0: "0"
          --queue soon                  | SECONDS of --queue must be a number above 0: "soon"
          --header-timeout -1           | SECONDS of --header-timeout must be a number above 0: "-1"
          --idle-timeout 0              | SECONDS of --idle-timeout must be a number above 0: "0"
          --total-timeout never         | SECONDS of --total-timeout must be a number above 0: "never"
          --document-root @/nowhere     | DIR of --document-root must be a directory
          --cwd @/programs/show         | DIR of --cwd must be a directory
          --interpreter php=/bin/sh     | --interpreter must be .EXT=COMMAND or COMMAND: "php=/bin/sh"
          --interpreter .php            | --interpreter must be .EXT=COMMAND or COMMAND: ".php"
          --interpreter .php=           | --interpreter must be .EXT=COMMAND or COMMAND: ".php="
          --interpreter .php=sh         | COMMAND of --interpreter must start with the absolute path of an executable file
          --interpreter .php=@/nowhere  | COMMAND of --interpreter must start with the absolute path of an executable file
          --interpreter .php=@          | COMMAND of --interpreter must start with the absolute path of an executable file
          --index a/b                   | --index must be the name of a program: "a/b"
          --index .hidden               | --index must be the name of a program: ".hidden"
          --index                       | Missing required parameter for option '--index' (NAME)
          --after-output 0              | SECONDS of --after-output must be a number above 0: "0"
          --max-spool -1                | --max-spool must be a number of at least 0: "-1"
          --follow-links all            | --follow-links must be owner or no: "all"
          --pass-variable HTTP_COOKIE   | --pass-variable:
          --user no-such-user           | --user:
          --user root                   | --user:
          --strict-exit=x               | Invalid value for option '--strict-exit'
          --queue 1 --queue 2           | option '--queue' (SECONDS) should be specified only once
          """)
  void badArgument_isOneLineAndExit2(String words, String message) {
    String[] arguments = ("serve " + words.replace("@", directory.toString())).split(" +");
    assertThat(Refused.start(arguments)).startsWith(message);
  }
}
