package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Heads of requests that servers answer differently, under Apache, lighttpd and Postern. Says who
 * answers what, and holds Postern alone to it. The table is written to target/who-answers-heads.md.
 * A peer that this machine lacks has an empty column.
 */
@Timeout(100)
class WhoAnswersHeadsTest {
  private static final String SHOW =
      "#!/bin/sh\n"
          + "printf 'Content-Type: text/plain\\n\\n"
          + "name=%s\\nhost=%s\\nlength=%s\\ntype=%s\\nupgrade=%s\\nhttps=%s\\npath=%s\\n'"
          + " \"$SERVER_NAME\" \"$HTTP_HOST\" \"$CONTENT_LENGTH\" \"$CONTENT_TYPE\""
          + " \"$HTTP_UPGRADE\" \"$HTTPS\" \"$PATH_INFO\"\n";

  /**
   * A head, and what Postern must answer.
   *
   * @param tells the variable whose value is told for a 200, or ""
   */
  private record Case(String about, String head, String body, String tells, String answer) {}

  private static final List<Case> CASES =
      List.of(
          get("absolute form", "GET http://h/c/show HTTP/1.1\nHost: h", "name", "200 h"),
          get(
              "absolute form, another Host",
              "GET http://a.example/c/show HTTP/1.1\nHost: b.example",
              "host",
              "200 a.example"),
          get(
              "absolute form that claims TLS",
              "GET https://h/c/show HTTP/1.1\nHost: h",
              "https",
              "400"),
          get("absolute form of another scheme", "GET ftp://h/c/show HTTP/1.1\nHost: h", "", "400"),
          get("OPTIONS *", "OPTIONS * HTTP/1.1\nHost: h", "", "200"),
          get("GET *", "GET * HTTP/1.1\nHost: h", "", "400"),
          get("HTTP/1.2", "GET /c/show HTTP/1.2\nHost: h", "", "200"),
          get("HTTP/2.0 in plain text", "GET /c/show HTTP/2.0\nHost: h", "", "505"),
          get("no Host", "GET /c/show HTTP/1.1", "", "400"),
          get("two Hosts", "GET /c/show HTTP/1.1\nHost: a\nHost: b", "", "400"),
          get(
              "Host in capitals",
              "GET /c/show HTTP/1.1\nHost: EXAMPLE.org",
              "name",
              "200 example.org"),
          post("Content-Length: 0003", "Content-Length: 0003", "abc", "length", "200 3"),
          post("Content-Length: +3", "Content-Length: +3", "abc", "length", "400"),
          post("two lengths that differ", "Content-Length: 3\nContent-Length: 4", "abc", "", "400"),
          post(
              "gzip, chunked",
              "Transfer-Encoding: gzip, chunked",
              "3\r\nabc\r\n0\r\n\r\n",
              "",
              "501"),
          post(
              "a type in capitals",
              "Content-Type: Text/Plain; charset=UTF-8\nContent-Length: 3",
              "abc",
              "type",
              "200 Text/Plain; charset=UTF-8"),
          get("Upgrade alone", "GET /c/show HTTP/1.1\nHost: h\nUpgrade: foo", "", "200"),
          get(
              "Upgrade, named by Connection",
              "GET /c/show HTTP/1.1\nHost: h\nUpgrade: foo\nConnection: upgrade",
              "upgrade",
              "200 "),
          get("%C3 in a path", "GET /c/show/%C3 HTTP/1.1\nHost: h", "path", "200 /\\xc3"),
          get("the byte C3 in a target", "GET /c/show/\u00c3 HTTP/1.1\nHost: h", "path", "400"));

  private static Case get(String about, String head, String tells, String answer) {
    return new Case(about, head, "", tells, answer);
  }

  private static Case post(String about, String fields, String body, String tells, String answer) {
    return new Case(about, "POST /c/show HTTP/1.1\nHost: h\n" + fields, body, tells, answer);
  }

  @TempDir Path directory;

  @Test
  void h27_heads_areAnsweredAsRfc9110And9112Say() throws Exception {
    Logs.quiet();
    Path programs = Files.createDirectory(directory.resolve("c"));
    Sources.script(programs.resolve("show"), SHOW);
    // Apache's children are another user's.
    for (Path each : List.of(directory, programs, programs.resolve("show"))) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Map<String, List<String>> columns = new LinkedHashMap<>();
    columns.put("Apache with mod_cgid", peer("/usr/sbin/apache2", this::apache));
    columns.put("lighttpd", peer("/usr/sbin/lighttpd", this::lighttpd));
    try (WebServer server =
        WebServer.open(
            InetAddress.getByName("127.0.0.1"),
            0,
            new Configuration(ServeCommand.parse(List.of("--cgi-dir", "/c=" + programs))).open(),
            WhoAnswersHeadsTest.class.getClassLoader())) {
      columns.put("Postern", answers(server.port()));
    }
    Files.writeString(Path.of("target/who-answers-heads.md"), table(columns));
    for (int i = 0; i < CASES.size(); i++) {
      assertThat(columns.get("Postern").get(i))
          .as(CASES.get(i).about)
          .isEqualTo(CASES.get(i).answer);
    }
  }

  private static List<String> answers(int port) throws IOException {
    List<String> answers = new ArrayList<>();
    for (Case row : CASES) {
      answers.add(answer(port, row));
    }
    return answers;
  }

  private static String answer(int port, Case row) {
    boolean connection = row.head.contains("Connection:");
    String head =
        row.head.replace("\n", "\r\n") + (connection ? ", close" : "\r\nConnection: close");
    try {
      String answer = Wire.exchange(port, head + "\r\n\r\n" + row.body);
      if (answer.isEmpty()) {
        return "closed";
      }
      String status = answer.replaceFirst("(?s)^\\S+ (\\d+).*", "$1");
      int from = answer.indexOf(row.tells + "=");
      if (!status.equals("200") || row.tells.isEmpty() || from < 0) {
        return status;
      }
      String value = answer.substring(from + row.tells.length() + 1, answer.indexOf('\n', from));
      return status + " " + value.replace("\u00c3", "\\xc3");
    } catch (IOException e) {
      return "reset";
    }
  }

  private static String table(Map<String, List<String>> columns) {
    StringBuilder table = new StringBuilder("| a request's head |");
    columns.keySet().forEach(name -> table.append(' ').append(name).append(" |"));
    table.append("\n|---|---|---|---|\n");
    for (int i = 0; i < CASES.size(); i++) {
      table.append("| ").append(CASES.get(i).about).append(" |");
      for (List<String> column : columns.values()) {
        table.append(' ').append(column.isEmpty() ? "" : column.get(i).strip()).append(" |");
      }
      table.append('\n');
    }
    return table.toString();
  }

  // ---- the peers ----

  private interface Start {
    List<String> command(int port) throws IOException;
  }

  /** What it answers, or nothing where there is none. */
  private List<String> peer(String program, Start start) throws Exception {
    if (!Files.isExecutable(Path.of(program))) {
      return List.of();
    }
    int port = freePort();
    Process server =
        new ProcessBuilder(start.command(port))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("peer.log").toFile())
            .start();
    try {
      if (!isUp(server, port)) {
        return List.of();
      }
      return answers(port);
    } finally {
      server.destroy();
      if (!server.waitFor(10, TimeUnit.SECONDS)) {
        server.destroyForcibly();
      }
    }
  }

  private static boolean isUp(Process server, int port) throws InterruptedException {
    for (int i = 0; i < 500 && server.isAlive(); i++) {
      try (Socket socket = new Socket("127.0.0.1", port)) {
        return socket.isConnected();
      } catch (IOException e) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
    return false;
  }

  /** Neither of them can be told to take any. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private List<String> lighttpd(int port) throws IOException {
    Path conf = directory.resolve("lighttpd.conf");
    Files.writeString(
        conf,
        String.join(
            "\n",
            "server.modules = (\"mod_cgi\")",
            "server.document-root = \"" + directory + "\"",
            "server.bind = \"127.0.0.1\"",
            "server.port = " + port,
            "server.errorlog = \"" + directory.resolve("lighttpd.log") + "\"",
            "cgi.assign = (\"/show\" => \"\")",
            ""),
        StandardCharsets.UTF_8);
    return List.of("/usr/sbin/lighttpd", "-D", "-f", conf.toString());
  }

  private List<String> apache(int port) throws IOException {
    Path conf = directory.resolve("apache.conf");
    String modules = "/usr/lib/apache2/modules/";
    boolean root = "root".equals(System.getProperty("user.name"));
    Files.writeString(
        conf,
        String.join(
            "\n",
            "ServerRoot " + directory,
            "ServerName localhost",
            "Listen 127.0.0.1:" + port,
            "PidFile " + directory.resolve("apache.pid"),
            "ErrorLog " + directory.resolve("apache.log"),
            "DefaultRuntimeDir " + directory,
            "LoadModule mpm_event_module " + modules + "mod_mpm_event.so",
            "LoadModule authz_core_module " + modules + "mod_authz_core.so",
            "LoadModule alias_module " + modules + "mod_alias.so",
            "LoadModule cgid_module " + modules + "mod_cgid.so",
            "ScriptSock " + directory.resolve("cgid.sock"),
            root ? "User www-data\nGroup www-data" : "",
            "DocumentRoot " + directory,
            "ScriptAlias /c/ " + directory.resolve("c") + "/",
            ""),
        StandardCharsets.UTF_8);
    return List.of("/usr/sbin/apache2", "-DFOREGROUND", "-f", conf.toString());
  }
}
