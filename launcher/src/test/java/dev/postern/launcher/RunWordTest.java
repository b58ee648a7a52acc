package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.launcher.rules.Rules;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code postern run} and {@code postern replay}. */
@Timeout(60)
class RunWordTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'\n";

  private final Level level = Logger.getLogger("").getLevel();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir Path directory;

  @AfterEach
  void restore() {
    Logger.getLogger("").setLevel(level);
  }

  private String program(String name, String script) throws Exception {
    return Sources.script(directory.resolve(name), "#!/bin/sh\n" + script).toString();
  }

  private int execute(String... words) {
    out.reset();
    return PosternCommand.execute(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        words);
  }

  private String told() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void goodProgram_isToldRuleByRule() throws Exception {
    String program =
        program("good", HEAD + "printf '%s|%s|%s|' \"$PATH_INFO\" \"$QUERY_STRING\" \"$A\"; cat");

    assertThat(execute("run", program, "/a%20b?c=d", "-d", "body", "--env", "A=1")).isZero();
    assertThat(told())
        .contains("POST /good/a%20b?c=d", "  A=1\n", "  CONTENT_LENGTH=4\n")
        .contains("ok      it was started: spawn in ")
        .contains("ok      it wrote all of its body, and ended: exit 0")
        .doesNotContain("BROKEN")
        .endsWith("HTTP/1.1 200\nContent-Type: text/plain\n\n/a b|c=d|1|body\n");
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void urlWithTheProgramsName_isDividedThere() throws Exception {
    String program =
        program("x.cgi", HEAD + "printf '%s|%s|%s' \"$SCRIPT_NAME\" \"$PATH_INFO\" \"$HTTP_HOST\"");

    assertThat(execute("run", program, "http://h:81/cgi-bin/x.cgi/a?b")).isZero();
    assertThat(told()).endsWith("\n/cgi-bin/x.cgi|/a|h:81\n");
    assertThat(execute("run", program, "-H", "Host: other")).isZero();
    assertThat(told()).endsWith("\n/x.cgi||other\n");
  }

  @ParameterizedTest
  @CsvSource({
    "http://h/x,       h",
    "http://h:80/x,    h",
    "http://h:443/x,   h:443",
    "https://h/x,      h",
    "https://h:443/x,  h",
    "https://h:80/x,   h:80",
    "HTTPS://h:8443/x, h:8443",
  })
  void hostOfAUrl_isWithoutTheDefaultPortOfItsScheme(String url, String host) throws Exception {
    assertThat(execute("run", program("x.cgi", HEAD + "printf '%s' \"$HTTP_HOST\""), url)).isZero();
    assertThat(told()).endsWith("\n\n" + host + "\n");
  }

  @Test
  void headersOfOneName_areJoined_cookiesAsCookies() throws Exception {
    String program = program("x.cgi", HEAD + "printf '%s|%s' \"$HTTP_COOKIE\" \"$HTTP_ACCEPT\"");

    List<String> words = new ArrayList<>(List.of("run", program));
    for (String header : List.of("Cookie: a=1", "cookie: b=2", "Accept: x", "Accept: y")) {
      words.addAll(List.of("-H", header));
    }
    assertThat(execute(words.toArray(new String[0]))).isZero();
    assertThat(told()).endsWith("\n\na=1; b=2|x, y\n");
  }

  @Test
  void brokenRule_isToldWithItsPlaceAndWhatToDo() throws Exception {
    String program = program("broken", "echo Header; echo why >&2; exit 3");

    assertThat(execute("run", program)).isEqualTo(1);
    assertThat(told())
        .contains("ok      it was started")
        .contains("BROKEN  it wrote a header block")
        .contains("[no-colon]", "at byte 0 near \"Header", "-> Write \"Name: value\"")
        .contains("-       the fields say")
        .contains("exit 3", "  why\n", "  Header\n", "HTTP/1.1 502\n");
  }

  @Test
  void programThatMayNotRun_isToldBeforeItIsStarted() throws Exception {
    Path text = Files.writeString(directory.resolve("text"), "no program");
    assertThat(text.toFile().setExecutable(true)).isTrue();

    assertThat(execute("run", text.toString())).isEqualTo(1);
    assertThat(told())
        .contains("ok      the request can be passed on")
        .contains("BROKEN  the program may run")
        .contains("[not-a-program]", "-       it was started");
  }

  @Test
  void refusedRequest_isToldFirst() throws Exception {
    String program = program("good", HEAD);

    assertThat(execute("run", program, "/a%2F../b")).isEqualTo(1);
    assertThat(told()).contains("BROKEN  the request can be passed on", "[dot-segment]");
  }

  @Test
  void controlCharactersOfAProgram_moveNoCursor() throws Exception {
    String program = program("rude", HEAD + "printf 'a\\033[2Jb'; printf '\\033[2J' >&2");

    assertThat(execute("run", program)).isZero();
    assertThat(told()).doesNotContain("\033");
  }

  // ---- a directory ----

  /** A program of a directory runs with what the directory says, as a mount of it would. */
  @Test
  void directory_runsWhatARequestToItWould() throws Exception {
    Path bin = Files.createDirectory(directory.resolve("bin"));
    Files.writeString(
        bin.resolve("page.ext"), HEAD + "printf '%s|%s' \"$SCRIPT_NAME\" \"$PATH_INFO\"");
    program("bin/other", HEAD + "printf other");
    String[] options = {
      "--interpreter", ".ext=/bin/sh", "--index", "page.ext", "--allow", "page.ext"
    };

    for (String url : List.of("/page.ext/x?a=b", "/bin/page.ext/x")) {
      assertThat(execute(words(bin, url, options))).as(url).isZero();
      assertThat(told()).as(url).contains("\n/bin/page.ext|/x\n");
    }
    assertThat(execute(words(bin, "/", options))).isZero();
    assertThat(told()).contains("\n/bin/page.ext|\n");
    assertThat(execute(words(bin, "/other", options))).isEqualTo(1);
    assertThat(told()).contains("BROKEN", "HTTP/1.1 404\n");
    assertThat(execute("run", bin.toString(), "/none")).isEqualTo(1);
    assertThat(told()).contains("BROKEN", "HTTP/1.1 404\n");
  }

  private static String[] words(Path program, String url, String... options) {
    List<String> words = new ArrayList<>(List.of("run", program.toString(), url));
    words.addAll(List.of(options));
    return words.toArray(new String[0]);
  }

  // ---- replay ----

  private Path recorded(String script, String... words) throws Exception {
    Path kept = directory.resolve("kept");
    String[] all = new String[words.length + 5];
    System.arraycopy(words, 0, all, 5, words.length);
    all[0] = "run";
    all[1] = program("failing", script);
    all[2] = "/a%C3%A9?b=c";
    all[3] = "--record";
    all[4] = kept.toString();
    assertThat(execute(all)).isEqualTo(1);
    try (Stream<Path> files = Files.list(kept)) {
      return files.findFirst().orElseThrow();
    }
  }

  @Test
  void replay_givesTheProgramTheSameAndCompares() throws Exception {
    String script =
        "printf 'Content-Type: text/plain\\n\\n%s %s %s %s' \"$PATH_INFO\" \"$QUERY_STRING\" "
            + "\"$A\" \"$HTTP_X_B\"; cat; exit 5";
    Path kept =
        recorded(script, "-d", "b\u00f6dy", "--env", "A=1", "-H", "X-B: 2", "--document-root", "/");

    assertThat(execute("replay", kept.toString())).isZero();
    assertThat(told())
        .contains("exit         the same: exit 5\n")
        .contains("rule         the same: none broken\n")
        .contains("output       the same ")
        .contains("/a\u00e9 b=c 1 2b\u00f6dy")
        .doesNotContain("environment  differs");
  }

  @Test
  void replay_afterTheFaultWasMended_tellsTheDifference() throws Exception {
    Path kept = recorded("echo broken");
    program("failing", HEAD + "echo mended");

    assertThat(execute("replay", kept.toString())).isEqualTo(1);
    assertThat(told())
        .contains("exit         the same: exit 0\n")
        .contains("rule         no-colon then, none broken now\n")
        .contains("output       differs at byte 0: 7 bytes then, 33 now\n");
  }

  @Test
  void replay_bytesThatAreNoText_areTheSame() throws Exception {
    Path kept = recorded("printf '\\377\\000\\r\\n x \\n'; exit 1", "-d", "@" + binary());

    assertThat(Files.readString(kept)).contains("!!binary");
    assertThat(execute("replay", kept.toString())).isZero();
  }

  private Path binary() throws Exception {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    return Files.write(directory.resolve("binary"), all);
  }

  @Test
  void replay_withoutItsProgram_isOneLine() throws Exception {
    Path kept = recorded("exit 1");
    Files.delete(directory.resolve("failing"));

    assertThat(execute("replay", kept.toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("postern: program must exist: \"")
        .hasLineCount(1);
  }

  @Test
  void replay_ofAnotherFile_isOneLine() throws Exception {
    for (String wrong : List.of("text", "a: b", "postern-run: 1", "a: b: c", "postern-run: [")) {
      Path file = Files.writeString(directory.resolve("x.yaml"), wrong);
      err.reset();
      assertThat(execute("replay", file.toString())).as(wrong).isEqualTo(2);
      assertThat(err.toString(StandardCharsets.UTF_8))
          .startsWith("postern: " + file + ": ")
          .hasLineCount(1);
    }
  }

  // ---- rules ----

  /** Each rule of docs/hosting.md by which a request or an answer is refused has its advice. */
  @Test
  void rules_areThoseOfThePage() throws Exception {
    Set<String> ids = new TreeSet<>();
    String page = Files.readString(Path.of("../docs/hosting.md"));
    int from = page.indexOf("## Requests that are refused");
    int to = page.indexOf("## What is left out");
    for (String line : page.substring(from, to).lines().toList()) {
      if (line.startsWith("| `")) {
        Matcher id = Pattern.compile("`([a-z-]+)`").matcher(line.split("\\|")[1]);
        while (id.find()) {
          ids.add(id.group(1));
        }
      }
    }
    assertThat(ids).hasSizeGreaterThan(40);
    assertThat(Rules.ids()).containsAll(ids);
    assertThat(new TreeSet<>(Rules.ids()))
        .allMatch(id -> page.contains("`" + id + "`") || id.equals("after-output"));
  }
}
