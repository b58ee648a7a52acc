package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.cgi.server.Tools;
import dev.postern.system.Owners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scripts of Ruby in children of a fork server answer as they do in processes of their own. */
class WarmRubyTest {
  private static final String HEAD = "puts \"Content-Type: text/plain\\n\\n\"";

  @TempDir static Path directory;
  private static WarmSite site;

  @BeforeAll
  static void host() {
    Tools.require("ruby");
    site = new WarmSite(directory);
  }

  @AfterAll
  static void close() {
    if (site != null) {
      site.close();
    }
  }

  private static WarmSite.Answer same(String name, String... lines) throws IOException {
    site.script(name, lines);
    return site.assertSame(() -> Call.get("/" + name).with("QUERY_STRING", "q=1"));
  }

  @Test
  void script_isTheMainProgram() throws IOException {
    WarmSite.Answer answer =
        same(
            "main.rb",
            "#!/usr/bin/ruby -w",
            HEAD,
            "p $0, __FILE__, ARGV, caller, self, $stdout.sync, ENV.to_h.sort, ENV['PATH'].encoding",
            "puts DATA.read; at_exit { puts 'end' }; $seen = ($seen || 0) + 1; p $seen; warn 'w'",
            "exit 3",
            "__END__",
            "data");
    assertThat(answer.body()).contains("data\n1\nend");
    assertThat(answer.exit()).isEqualTo("exit 3");
  }

  @ParameterizedTest
  @CsvSource({
    "raise, raise 'oops'",
    // The host sends the head meanwhile. Without a pause, it may know of the end first.
    "kill, $stdout.flush; sleep 0.3; system 'kill -9 $PPID'",
    "exec, $stdout.flush; exec 'echo $QUERY_STRING; exit 4'",
    "shell, $stdout.flush; system 'ls /proc/self/fd; pwd; umask'",
    "thread, Thread.new { puts 1 }.join",
    "json, require 'json'; puts JSON.generate([1])",
    "syntax, puts (",
    "exit, abort 'why'",
  })
  void run_isTheSame(String name, String code) throws IOException {
    same(name + ".rb", "#!/usr/bin/ruby", HEAD, code);
  }

  /** The server keeps its children until the host knows how they have ended. */
  @Test
  void handlerOfALibraryForEndedChildren_isThatOfTheScript() throws IOException {
    Path own = Files.createDirectory(directory.resolve("reaper"));
    Files.writeString(
        own.resolve("reaper.rb"),
        "trap('CHLD') { nil while Process.waitpid(-1, Process::WNOHANG) rescue nil }\n");
    try (WarmSite other =
        new WarmSite(
            own, group -> group, host -> host.environment("RUBYOPT", "-r" + own + "/reaper.rb"))) {
      other.script("reap.rb", "#!/usr/bin/ruby", HEAD, "p trap('CHLD', 'DEFAULT').class; exit 3");
      WarmSite.Answer answer = other.assertSame(() -> Call.get("/reap.rb"));
      assertThat(answer.body()).isEqualTo("Proc\n");
      assertThat(answer.exit()).isEqualTo("exit 3");
    }
  }

  @Test
  void scriptOfAnotherUser_isWarm() throws IOException {
    assumeTrue(Owners.current() == Owners.ROOT, "only root can run programs as another user");
    Path own = Files.createDirectory(directory.resolve("nobody"));
    for (Path each : List.of(directory, own)) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Isolation nobody = Isolation.builder().user("nobody").build();
    try (WarmSite other = new WarmSite(own, group -> group, host -> host.isolation(nobody))) {
      other.script("user.rb", "#!/usr/bin/ruby", HEAD, "print Process.euid");
      WarmSite.Answer answer = other.assertSame(() -> Call.get("/user.rb"));
      assertThat(answer.body()).isEqualTo(String.valueOf(nobody.user().uid()));
    }
  }

  @Test
  void body_isRead() throws IOException {
    site.script("body.rb", "#!/usr/bin/env ruby", HEAD, "print $stdin.read.bytesize");
    for (int size : new int[] {0, 1, 150_000}) {
      site.assertSame(() -> Call.post("/body.rb", new byte[size]));
    }
    site.assertSame(() -> Call.get("/body.rb"));
  }

  @Test
  void randomNumbers_neverRepeat() throws IOException {
    site.script(
        "random.rb",
        "#!/usr/bin/ruby",
        HEAD,
        "require 'securerandom'; print rand, ' ', SecureRandom.hex(8), ' ', Random.new.rand");
    Set<String> seen = new HashSet<>();
    site.fork(() -> Call.get("/random.rb"));
    for (int i = 0; i < 50; i++) {
      for (String number : site.ask(() -> Call.get("/random.rb")).body().split(" ")) {
        assertThat(seen.add(number)).isTrue();
      }
    }
  }

  @Test
  void streams_areThoseOfANewProcess() throws IOException {
    WarmSite.Answer answer =
        same(
            "streams.rb",
            "#!/usr/bin/ruby",
            HEAD,
            "[STDIN, STDOUT, STDERR].each { |io| p io.class, io, io.sync, io.external_encoding }",
            "begin; STDIN.write('x'); rescue IOError => e; puts e.message; end; p STDIN.read");
    assertThat(answer.body()).contains("#<IO:<STDIN>>", "#<IO:<STDOUT>>", "not opened for writing");
  }

  @Test
  void fileThatIsMadeInTheWorkingDirectory_isNoChange() throws Exception {
    Path own = Files.createDirectory(directory.resolve("work"));
    Duration interval = Duration.ofMillis(1);
    try (WarmSite other = new WarmSite(own, group -> group.reloadEvery(interval), host -> host)) {
      other.script("made.rb", "#!/usr/bin/ruby", HEAD, "File.write(\"#{$$}\", ''); print 'made'");
      other.fork(() -> Call.get("/made.rb"));
      for (int i = 0; i < 5; i++) {
        long asked = System.nanoTime();
        Awaited.await(() -> System.nanoTime() - asked > interval.toNanos());
        assertThat(other.ask(() -> Call.get("/made.rb")).body()).isEqualTo("made");
        assertThat(other.last().coldReason()).isEmpty();
      }
    }
  }
}
