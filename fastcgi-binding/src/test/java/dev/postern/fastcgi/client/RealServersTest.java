package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.fastcgi.front.FrontServer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers of Debian's packages: php-fpm, fcgiwrap, and Perl's FCGI. Python's is not packaged. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealServersTest {
  /** Prints what it was asked, and repeats each body. */
  private static final String PERL =
      """
      use FCGI;
      my %env;
      my $socket = @ARGV ? FCGI::OpenSocket($ARGV[0], 8) : 0;
      my $request = FCGI::Request(\\*STDIN, \\*STDOUT, \\*STDERR, \\%env, $socket);
      while ($request->Accept() >= 0) {
        my $body = '';
        read(STDIN, $body, $env{CONTENT_LENGTH} || 0);
        print STDERR "asked\\n";
        print "Content-Type: text/plain\\r\\n\\r\\n$$ $env{PATH_INFO} " . length($body);
      }
      """;

  private Path directory;
  private Process server;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = FrontServer.directory();
  }

  @AfterEach
  void end() throws IOException {
    if (server != null) {
      FrontServer.end(server);
    }
    FrontServer.delete(directory);
  }

  private Path socket() {
    return directory.resolve("server.sock");
  }

  private String address() {
    return "unix:" + socket();
  }

  private void start(List<String> command) throws Exception {
    server = FrontServer.launch(directory, command);
    while (true) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(socket()));
        return;
      } catch (IOException e) {
        assertThat(server.isAlive()).as(() -> said()).isTrue();
        Thread.sleep(10);
      }
    }
  }

  private String said() {
    try {
      return Files.readString(directory.resolve("console.log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private Path write(String name, String text) throws IOException {
    Path file = Files.writeString(directory.resolve(name), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String phpFpm() throws IOException {
    try (Stream<Path> programs = Files.list(Path.of("/usr/sbin"))) {
      return programs
          .map(Path::toString)
          .filter(name -> name.matches(".*/php-fpm[0-9.]*"))
          .findFirst()
          .orElseGet(() -> FrontServer.missing("php-fpm"));
    }
  }

  private void startFpm() throws Exception {
    String fpm = phpFpm();
    Path file =
        write(
            "fpm.conf",
            String.join(
                "\n",
                "[global]",
                "error_log = " + directory + "/fpm.log",
                "daemonize = no",
                "[www]",
                "listen = " + socket(),
                "listen.mode = 0666",
                "pm = static",
                "pm.max_children = 2",
                "php_admin_flag[log_errors] = on",
                "php_admin_value[upload_max_filesize] = 8M",
                ""));
    start(List.of(fpm, "-F", "-y", file.toString()));
  }

  @Test
  void phpFpm_answers() throws Exception {
    write(
        "index.php",
        "<?php header('Content-Type: text/plain'); echo $_SERVER['SCRIPT_NAME'], '|',"
            + " $_SERVER['PATH_INFO'] ?? '', '|', strlen(file_get_contents('php://input'));");
    write("big.php", "<?php for ($i = 0; $i < 1600; $i++) echo str_repeat('x', 65536);");
    write("upload.php", "<?php echo $_FILES['f']['name'], filesize($_FILES['f']['tmp_name']);");
    write("log.php", "<?php error_log('a note'); http_response_code(404); echo 'none';");
    write("killed.php", "<?php posix_kill(getmypid(), 9);");
    startFpm();
    try (FastCgiApplication php =
        FastCgiApplication.builder(address()).root(directory).keepConnections(1).build()) {
      assertThat(Ask.get("/index.php/apps/files").to(php).body())
          .isEqualTo("/index.php|/apps/files|0");
      assertThat(Ask.post("/", new byte[200_000]).to(php).body()).isEqualTo("/index.php||200000");
      assertThat(Ask.get("/big.php").to(php).count).isEqualTo(100L << 20);
      assertThat(Ask.post("/upload.php", part()).with("CONTENT_TYPE", MULTIPART).to(php).body())
          .isEqualTo("a.txt100000");
      Ask logged = Ask.get("/log.php").to(php);
      assertThat(logged.status).isEqualTo(404);
      assertThat(logged.log()).contains("a note");
      Ask killed = Ask.get("/killed.php").to(php);
      assertThat(killed.status).isEqualTo(502);
      assertThat(Ask.get("/").to(php).status).isEqualTo(200);
      assertThat(Ask.get("/none.php").to(php).rule()).isEqualTo("no-script");
    }
  }

  private static final String MULTIPART = "multipart/form-data; boundary=b";

  private static byte[] part() {
    String part =
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n"
            + "x".repeat(100_000)
            + "\r\n--b--\r\n";
    return part.getBytes(StandardCharsets.US_ASCII);
  }

  /** A CGI program behind FastCGI behind us. */
  @Test
  void fcgiwrap_answers() throws Exception {
    String fcgiwrap = FrontServer.program("fcgiwrap");
    write(
        "hello.cgi",
        "#!/bin/sh\necho asked >&2\nprintf 'Content-Type: text/plain\\r\\n\\r\\n%s %s '"
            + " \"$SCRIPT_NAME\" \"$PATH_INFO\"\nwc -c | tr -d ' \\n'\n");
    write("silent.cgi", "#!/bin/sh\nexit 3\n");
    start(List.of(fcgiwrap, "-f", "-s", address()));
    try (FastCgiApplication programs =
        FastCgiApplication.builder(address()).root(directory).extension(".cgi").build()) {
      Ask ask = Ask.post("/hello.cgi/more", new byte[100_000]).to(programs);
      assertThat(ask.body()).as(ask.log()).isEqualTo("/hello.cgi /more 100000");
      assertThat(ask.log()).contains("asked");
      assertThat(Ask.get("/hello.cgi").to(programs).body()).isEqualTo("/hello.cgi  0");
      assertThat(Ask.get("/silent.cgi").to(programs).status).isEqualTo(502);
    }
  }

  @Test
  void perl_answersAtItsSocket() throws Exception {
    needsFcgi();
    Path file = write("server.pl", PERL);
    start(List.of("/usr/bin/perl", file.toString(), socket().toString()));
    try (FastCgiApplication perl =
        FastCgiApplication.builder(address()).keepConnections(1).build()) {
      perlAnswers(perl);
    }
  }

  @Test
  void perl_isKept() throws Exception {
    needsFcgi();
    Path file = write("server.pl", PERL);
    try (FastCgiApplication perl =
        FastCgiApplication.builder(List.of("/usr/bin/perl", file.toString())).servers(1).build()) {
      perlAnswers(perl);
    }
  }

  private static void perlAnswers(FastCgiApplication perl) {
    Ask first = Ask.get("/one").to(perl);
    assertThat(first.body()).as(first.log()).endsWith(" /one 0");
    assertThat(first.log()).contains("asked");
    String pid = first.body().split(" ")[0];
    Ask second = Ask.post("/two", new byte[70_000]).to(perl);
    assertThat(second.body()).isEqualTo(pid + " /two 70000");
  }

  private static void needsFcgi() throws Exception {
    Process look =
        new ProcessBuilder("/usr/bin/perl", "-MFCGI", "-e", "1")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (look.waitFor() != 0) {
      FrontServer.missing("Perl's FCGI");
    }
  }
}
