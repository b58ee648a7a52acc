package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.Responder;
import dev.postern.Response;
import dev.postern.launcher.config.ConfigFile;
import dev.postern.launcher.config.Vocabulary;
import dev.postern.launcher.values.LauncherException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Each key of the configuration file with what it cannot be: a value of another kind, a wrong
 * value, a letter too much, a mount that it is nothing for. The keys are those of the schema that
 * ships, so that a new key without a row fails.
 */
class FileKeysTest {
  /** A value that each key refuses, and what is said of it. */
  private static final Map<String, String> WRONG = rows();

  /** What a wrong value needs beside it. */
  private static final Map<String, String> BESIDE =
      Map.of(
          "lowest-user", "user: nobody",
          "readable", "namespaces: true",
          "group-memory", "cgroup: .",
          "group-processes", "cgroup: .",
          "status-from", "status: /status",
          "tls-cert", "tls-key: text");

  private static final JsonNode SCHEMA = schema();
  private static final Vocabulary VOCABULARY =
      new Vocabulary(new CommandLine(new ServeCommand()).getCommandSpec());

  /** What a mount of each kind can say and be right. */
  private static final Map<String, String> KINDS =
      Map.of(
          "app", Fine.class.getName(),
          "cgi", "cgi/show.sh",
          "cgi-dir", "cgi",
          "java-cgi", "program.jar",
          "fcgi", "127.0.0.1:9",
          "scgi", "unix:socket",
          "files", ".",
          "wsgi", "text",
          "psgi", "text");

  @TempDir static Path directory;

  /** An application on the class path of the command. */
  public static final class Fine implements Responder {
    @Override
    public Response respond(dev.postern.Environ request) {
      return Response.of(204, dev.postern.Headers.of());
    }
  }

  private static Map<String, String> rows() {
    String table =
        """
        access-format     | xml            | --access-format must be combined or json: "xml"
        access-log        | no/where       | FILE of --access-log must be a file that can be written
        access-query      | maybe          | must be true or false: "maybe"
        after-output      | -1             | SECONDS of --after-output must be a number above 0
        allow             | a/b            | --allow must be the name of a program: "a/b"
        allow-encoded-slash | 1            | must be true or false: "1"
        allow-set-id      | yes            | must be true or false: "yes"
        app               | Nowhere        | class "Nowhere" must be on the class path
        argument          | "a\\0"         | TEXT of --argument must have no NUL
        arguments         | [a, "a\\0"]    | TEXT of --argument must have no NUL
        bind              | 300.1.1.1      | --bind must be an address: "300.1.1.1"
        cgi               | nowhere        | PROGRAM of --cgi must exist
        cgi-dir           | nowhere        | DIR of --cgi-dir must be a directory
        cgroup            | nowhere        | DIR of --cgroup must be a directory
        classpath         | nowhere.jar    | entry of --classpath must exist
        cpu-time          | 0.5            | --cpu-time: processor time in seconds must be at least 1
        cwd               | nowhere        | DIR of --cwd must be a directory
        delegate          | /x=nobody      | NAME of --delegate must be one of --worker
        dev               | on             | must be true or false: "on"
        directory         | nowhere        | DIR of --cwd must be a directory
        document-root     | nowhere        | DIR of --document-root must be a directory
        end-with-server   | maybe          | must be true or false: "maybe"
        env               | PATH_INFO=a    | --env: environment name must be free
        environment       | {PATH_INFO: a} | --env: environment name must be free
        error-log         | no/where       | FILE of --error-log must be a file that can be written
        fcgi              | nowhere        | ADDRESS of --fcgi must be HOST:PORT or unix:PATH
        file-size         | 1M             | --file-size must be a number of at least 1: "1M"
        file-variable     | HTTP_X         | --file-variable:
        files             | nowhere        | DIR of --files must be a directory
        follow-links      | yes            | --follow-links must be owner or no: "yes"
        group-memory      | 0              | --group-memory must be a number of at least 1: "0"
        group-processes   | x              | --group-processes must be a number of at least 1: "x"
        header-timeout    | 1e3            | SECONDS of --header-timeout must be a number above 0
        hide-server       | maybe          | must be true or false: "maybe"
        htpasswd          | nowhere        | FILE of --htpasswd must be readable: "
        idle-timeout      | 0              | SECONDS of --idle-timeout must be a number above 0
        index             | a/b            | --index must be the name of a program: "a/b"
        interpreter       | {.py: python}  | COMMAND of --interpreter must start with the absolute path
        java              | .class         | --java must be .jar or .java: ".class"
        java-cgi          | nowhere.jar    | PROGRAM of --java-cgi must exist
        java-state        | dirty          | --java-state must be reset, fresh or kept: "dirty"
        lenient-type      | maybe          | must be true or false: "maybe"
        lint              | maybe          | must be true or false: "maybe"
        listen            | nowhere        | --listen must be HOST:PORT, unix:PATH or fd:0: "nowhere"
        local-redirects   | maybe          | must be true or false: "maybe"
        lowest-user       | x              | --lowest-user must be a number of at least 1: "x"
        max-body          | 1M             | --max-body must be a number of at least 0: "1M"
        max-processes     | 0              | --max-processes must be a number of at least 1: "0"
        max-spool         | -1             | --max-spool must be a number of at least 0: "-1"
        memory            | 0              | --memory must be a number of at least 1: "0"
        method            | a/b            | NAME of --method must be a request method: "a/b"
        methods           | [GET, a/b]     | NAME of --method must be a request method: "a/b"
        namespaces        | maybe          | must be true or false: "maybe"
        no-new-privileges | maybe          | must be true or false: "maybe"
        nph               | maybe          | must be true or false: "maybe"
        open-files        | -1             | --open-files must be a number of at least 1: "-1"
        pass-authorization | maybe         | must be true or false: "maybe"
        pass-shell-functions | maybe       | must be true or false: "maybe"
        pass-variable     | PATH_INFO      | --pass-variable:
        port              | 65536          | --port must be from 0 to 65535: "65536"
        processes         | 0              | --processes must be a number of at least 1: "0"
        program-limit     | 0              | --program-limit must be a number of at least 1: "0"
        proxy-protocol    | v2             | must be true or false: "v2"
        psgi              | nowhere        | FILE of --psgi must be a file
        queue             | never          | SECONDS of --queue must be a number above 0: "never"
        quiet             | maybe          | must be true or false: "maybe"
        readable          | nowhere        | PATH of --readable must exist
        record            | no/where       | DIR of --record must be a directory
        refuse-root       | maybe          | must be true or false: "maybe"
        require-level     | L9             | --require-level must be L0 to L4: "L9"
        root              | nowhere        | DIR of --root must be a directory
        scgi              | nowhere        | ADDRESS of --scgi must be HOST:PORT or unix:PATH
        socket-mode       | 9              | --socket-mode must be octal, such as 0660: "9"
        status            | x              | PREFIX of --status must start with a slash: "x"
        status-from       | everybody      | --status-from:
        strict-exit       | maybe          | must be true or false: "maybe"
        strict-ownership  | maybe          | must be true or false: "maybe"
        timeout           | soon           | SECONDS of --timeout must be a number above 0: "soon"
        tls-cert          | nowhere        | FILE of --tls-cert must
        tls-key           | nowhere        | --tls-cert must come with --tls-key
        total-timeout     | 0              | SECONDS of --total-timeout must be a number above 0: "0"
        trusted-proxy     | everybody      | --trusted-proxy:
        user              | no-such-user   | --user:
        verbose           | maybe          | must be true or false: "maybe"
        warm              | /cgi[          | GLOB of --warm must be a glob of paths
        worker            | a=b:c          | --worker: OPTION must be one of a group: b
        wsgi              | nowhere        | FILE of --wsgi must be a file
        """;
    Map<String, String> rows = new TreeMap<>();
    for (String line : table.lines().toList()) {
      String[] cells = line.split("\\|", 3);
      rows.put(cells[0].strip(), cells[1].strip() + "|" + cells[2].strip());
    }
    return rows;
  }

  private static JsonNode schema() {
    try {
      return new ObjectMapper().readTree(Path.of("../docs/serve.schema.json").toFile());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** The keys of a mount, by its kind. */
  private static Map<String, Set<String>> keysOfMounts() {
    Map<String, Set<String>> kinds = new LinkedHashMap<>();
    for (JsonNode kind : SCHEMA.at("/properties/mounts/additionalProperties/oneOf")) {
      kinds.put(kind.get("required").get(0).asText(), keys(kind));
    }
    return kinds;
  }

  private static Set<String> keys(JsonNode object) {
    Set<String> keys = new TreeSet<>();
    object.get("properties").fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  private static Set<String> keysOfTheTop() {
    Set<String> keys = keys(SCHEMA);
    keys.remove("mounts");
    return keys;
  }

  @BeforeEach
  void writeFiles() throws Exception {
    Files.createDirectories(directory.resolve("cgi"));
    Sources.script(directory.resolve("cgi/show.sh"), "#!/bin/sh\n");
    Files.writeString(directory.resolve("text"), "");
    Files.writeString(directory.resolve("program.jar"), "");
  }

  /** Neither a key without a row, nor a row without a key. */
  @Test
  void rows_areThoseOfTheSchema() {
    Set<String> all = keysOfTheTop();
    keysOfMounts().values().forEach(all::addAll);
    assertThat(WRONG.keySet()).isEqualTo(all);
    assertThat(KINDS.keySet()).isEqualTo(keysOfMounts().keySet());
  }

  @TestFactory
  List<DynamicTest> keysOfAMount_areToldWithFileLineAndKey() {
    List<DynamicTest> tests = new ArrayList<>();
    keysOfMounts()
        .forEach(
            (kind, keys) ->
                keys.forEach(
                    key ->
                        tests.add(
                            dynamicTest(
                                kind + ": " + key,
                                () -> {
                                  String start = "mounts:\n  /x:\n";
                                  if (!key.equals(kind)) {
                                    start += "    " + kind + ": " + KINDS.get(kind) + "\n";
                                  }
                                  refusesAllThatIsWrong(start, "    ", key);
                                }))));
    return tests;
  }

  @TestFactory
  List<DynamicTest> keysOfTheTop_areToldWithFileLineAndKey() {
    return keysOfTheTop().stream()
        .map(key -> dynamicTest(key, () -> refusesAllThatIsWrong("\n", "", key)))
        .toList();
  }

  private static void refusesAllThatIsWrong(String start, String indent, String key)
      throws Exception {
    String beside = BESIDE.get(key);
    String[] row = WRONG.get(key).split("\\|", 2);
    String before = beside == null ? start : start + indent + beside + "\n";
    refuses(before, indent, key + ": " + row[0], key + ": " + row[1]);
    refusesShape(start + indent + key + ": [[1]]\n", key + ": must be one value");
    refusesShape(start + indent + key + "x: 1\n", key + "x: unknown key; did you mean ");
  }

  /** What is nothing for a mount of its kind, or for the top. */
  @TestFactory
  List<DynamicTest> keyInAnotherPlace_isToldWithFileLineAndKey() {
    List<DynamicTest> tests = new ArrayList<>();
    Map<String, Set<String>> kinds = keysOfMounts();
    for (String kind : kinds.keySet()) {
      tests.add(
          dynamicTest(
              "top: " + kind,
              () -> refusesShape(kind + ": a\n", kind + ": must stand in a mount")));
      Set<String> others = new TreeSet<>(WRONG.keySet());
      others.removeAll(kinds.get(kind));
      others.removeAll(kinds.keySet());
      String start = "mounts:\n  /x:\n    " + kind + ": " + KINDS.get(kind) + "\n";
      Set<String> elsewhere = new TreeSet<>();
      kinds.values().forEach(elsewhere::addAll);
      for (String key : others) {
        String message =
            elsewhere.contains(key)
                ? "is nothing for a mount of " + kind
                : "must stand at the top of the file";
        tests.add(
            dynamicTest(
                kind + ": " + key,
                () -> refusesShape(start + "    " + key + ": true\n", key + ": " + message)));
      }
    }
    return tests;
  }

  /** The text is refused for its last line before anything is made of it. */
  private static void refusesShape(String text, String message) throws Exception {
    Path file = Files.writeString(directory.resolve("shape.yaml"), text);
    assertThatThrownBy(() -> ConfigFile.read(file, VOCABULARY))
        .as(text)
        .isInstanceOfSatisfying(LauncherException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
        .hasMessageStartingWith(file + ":" + text.lines().count() + ": " + message);
  }

  /** The start with one more line is refused for that line. */
  private static void refuses(String start, String indent, String line, String message)
      throws Exception {
    String text = start + indent + line + "\n";
    Path file = Files.writeString(directory.resolve("site.yaml"), text);
    assertThat(Refused.start("serve", "--config", file.toString(), "--check"))
        .as(text)
        .startsWith(file + ":" + text.lines().count() + ": " + message);
  }
}
