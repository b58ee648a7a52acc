package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.Exchange;
import dev.postern.fastcgi.FastCgiApplication;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** PHP by servers that we start and keep. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PhpTest {
  private static final String PHP = "/usr/bin/php-cgi";

  @TempDir Path root;

  private FastCgiApplication php(int servers, String requests) throws IOException {
    if (!Files.isExecutable(Path.of(PHP))) {
      String message = "php-cgi is not installed";
      if ("1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
        fail(message);
      }
      abort(message);
    }
    write(
        "index.php",
        "header('Content-Type: text/plain'); foreach (['SCRIPT_NAME', 'SCRIPT_FILENAME',"
            + " 'PATH_INFO'] as $n) echo $n, '=', $_SERVER[$n] ?? '-', ' ';"
            + " echo 'body=', strlen(file_get_contents('php://input'));");
    write("pid.php", "echo getmypid();");
    write("big.php", "for ($i = 0; $i < 1600; $i++) echo str_repeat('x', 65536);");
    write("upload.php", "echo $_FILES['f']['name'], ' ', filesize($_FILES['f']['tmp_name']);");
    write("exit.php", "error_log('a note'); echo 'before'; posix_kill(getmypid(), 9);");
    return FastCgiApplication.builder(List.of(PHP))
        .servers(servers)
        .root(root)
        .environment("PHP_FCGI_MAX_REQUESTS", requests)
        .build();
  }

  private void write(String name, String code) throws IOException {
    Files.writeString(root.resolve(name), "<?php " + code);
  }

  @Test
  @SuppressWarnings("try") // Closed, and asked once more.
  void keptServers_answerAsPhpDoes() throws IOException {
    try (FastCgiApplication php = php(1, "1000")) {
      Ask front = Ask.get("/index.php/apps/files").with("SCRIPT_NAME", "/cloud").to(php);
      assertThat(front.status).as(front.log()).isEqualTo(200);
      assertThat(front.body())
          .isEqualTo(
              "SCRIPT_NAME=/cloud/index.php SCRIPT_FILENAME="
                  + root
                  + "/index.php PATH_INFO=/apps/files body=0");
      assertThat(Ask.get("/").to(php).body()).contains("SCRIPT_NAME=/index.php");
      assertThat(Ask.post("/", new byte[60_000]).to(php).body()).endsWith("body=60000");
      Ask large = Ask.of("POST", "/").with("CONTENT_LENGTH", "3000000");
      large.input(new ByteArrayInputStream(new byte[3_000_000])).to(php);
      assertThat(large.body()).endsWith("body=3000000");

      String part =
          "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n"
              + "x".repeat(100_000)
              + "\r\n--b--\r\n";
      Ask upload =
          Ask.post("/upload.php", part.getBytes(StandardCharsets.US_ASCII))
              .with("CONTENT_TYPE", "multipart/form-data; boundary=b")
              .to(php);
      assertThat(upload.body()).isEqualTo("a.txt 100000");

      assertThat(Ask.get("/big.php").to(php).count).isEqualTo(100L << 20);
      // A file that is none runs no other by what follows it.
      assertThat(Ask.get("/index.txt/x.php").to(php).rule()).isEqualTo("no-script");
      String pid = Ask.get("/pid.php").to(php).body();
      assertThat(Ask.get("/pid.php").to(php).body()).isEqualTo(pid);
      php.close();
      assertThat(Ask.get("/").to(php).status).isEqualTo(503);
      assertThat(ProcessHandle.of(Long.parseLong(pid)).filter(ProcessHandle::isAlive)).isEmpty();
    }
  }

  @Test
  void serverThatHasEnded_isStartedAgain() throws IOException {
    try (FastCgiApplication php = php(1, "3")) {
      Set<String> pids = new HashSet<>();
      for (int i = 0; i < 9; i++) {
        Ask ask = Ask.post("/pid.php", new byte[1]).to(php);
        assertThat(ask.status).as(ask.log()).isEqualTo(200);
        pids.add(ask.body());
      }
      assertThat(pids).hasSize(3);
      String pid = Ask.get("/pid.php").to(php).body();
      ProcessHandle server = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
      server.destroyForcibly();
      while (server.isAlive()) {
        LockSupport.parkNanos(1_000_000);
      }
      Ask next = Ask.post("/pid.php", new byte[1]).to(php);
      assertThat(next.status).as(next.log()).isEqualTo(200);
      assertThat(next.body()).isNotEqualTo(pid);
    }
  }

  @Test
  void serverWithARequestThatWasGivenUp_isReplaced() throws Exception {
    try (FastCgiApplication php = php(1, "1000")) {
      write(
          "endless.php",
          "file_put_contents('new', getmypid()); rename('new', 'pid'); while (true) usleep(1000);");
      Exchange exchange = Ask.get("/endless.php").exchange();
      Thread thread = new Thread(() -> exchange.run(php));
      thread.start();
      while (!Files.exists(root.resolve("pid"))) {
        LockSupport.parkNanos(1_000_000);
      }
      long pid = Long.parseLong(Files.readString(root.resolve("pid")));
      exchange.cancel(new IOException("client is gone"));
      thread.join();

      Ask next = Ask.post("/pid.php", new byte[1]).to(php);
      assertThat(next.status).as(next.log()).isEqualTo(200);
      assertThat(next.body()).isNotEqualTo("" + pid);
      assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    }
  }

  @Test
  void serverThatIsKilled_isIncomplete() throws IOException {
    try (FastCgiApplication php = php(1, "1000")) {
      Ask killed = Ask.get("/exit.php").to(php);
      assertThat(killed.status).isEqualTo(502);
      assertThat(Ask.get("/").to(php).status).isEqualTo(200);
    }
  }

  @Test
  void programThatIsNone_is503() {
    try (FastCgiApplication none =
        FastCgiApplication.builder(List.of("/no/such/php-cgi")).servers(1).build()) {
      Ask ask = Ask.get("/").to(none);
      assertThat(ask.status).isEqualTo(503);
      assertThat(ask.rule()).isEqualTo("not-started");
    }
  }
}
