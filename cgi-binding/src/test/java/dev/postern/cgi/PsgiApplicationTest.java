package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Applications of PSGI in workers. */
class PsgiApplicationTest {
  @TempDir Path directory;
  private final WorkerGroup group =
      WorkerGroup.builder("psgi").processes(1).reloadEvery(Duration.ofMillis(20)).build();

  @BeforeAll
  static void requirePerl() {
    Tools.require("perl");
  }

  @AfterEach
  void close() {
    group.close();
  }

  private PsgiApplication app(String... lines) throws IOException {
    Path file = Files.writeString(directory.resolve("app.psgi"), String.join("\n", lines) + "\n");
    WarmPrograms.awaitWritten();
    return PsgiApplication.builder(file).workers(group).build();
  }

  @Test
  void state_isKeptInAWorker() throws IOException {
    try (PsgiApplication app =
        app(
            "my $count;",
            "sub { my ($env) = @_; $count++;",
            "  [200, ['Content-Type', 'text/plain', 'X-A', 'b'],",
            "    [\"$count $env->{PATH_INFO} $env->{QUERY_STRING} $env->{'psgi.url_scheme'}\"]] };")) {
      assertThat(Call.get("/a").with("QUERY_STRING", "q").to(app).body()).isEqualTo("1 /a q http");
      Call second = Call.get("/").to(app);
      assertThat(second.body()).isEqualTo("2 /  http");
      assertThat(second.headers.get("X-A")).isEqualTo("b");
    }
  }

  @Test
  void bodiesHandlesAndStreams_arePassedOn() throws IOException {
    try (PsgiApplication app =
        app(
            "sub { my ($env) = @_;",
            "  if ($env->{PATH_INFO} eq '/length') {",
            "    my $n = 0; while (my $r = read $env->{'psgi.input'}, my $b, 8192) { $n += $r }",
            "    return [200, ['Content-Type', 'text/plain'], [$n]] }",
            "  if ($env->{PATH_INFO} eq '/file') {",
            "    open my $f, '<', '" + directory + "/data' or die; require IO::Handle;",
            "    return [200, ['Content-Type', 'text/plain'], $f] }",
            "  return sub { my $w = $_[0]->([201, ['Content-Type', 'text/plain']]);",
            "    $w->write($_) for qw(a b c); $w->close } }")) {
      Files.writeString(directory.resolve("data"), "x".repeat(200_000));
      assertThat(Call.post("/length", new byte[150_000]).to(app).body()).isEqualTo("150000");
      assertThat(Call.get("/length").to(app).body()).isEqualTo("0");
      assertThat(Call.get("/file").to(app).body()).hasSize(200_000);
      Call stream = Call.get("/").to(app);
      assertThat(stream.body()).isEqualTo("abc");
      assertThat(stream.status).isEqualTo(201);
    }
  }

  /** The numbers of its descriptors are soon those of other files. */
  @Test
  void whatIsKeptOfARequest_getsIntoNoOtherOne() throws IOException {
    try (PsgiApplication app =
        app(
            "my (@kept, @files);",
            "sub { my ($env) = @_; no warnings;",
            "  for (@kept) { my ($errors, $input, $writer) = @$_;",
            "    print $errors 'stray'; eval { $writer->write('stray') }; read $input, my $b, 1 }",
            "  open my $file, '<', '/dev/null'; push @files, $file;",
            "  read $env->{'psgi.input'}, my $data, 99;",
            "  return sub { my $w = $_[0]->([200, ['Content-Type', 'text/plain']]);",
            "    $w->write($data); push @kept, [@$env{qw(psgi.errors psgi.input)}, $w] } }")) {
      for (int i = 0; i < 8; i++) {
        Call call = Call.post("/", ("body" + i).getBytes(StandardCharsets.US_ASCII)).to(app);
        assertThat(call.body()).isEqualTo("body" + i);
        assertThat(call.log()).isEmpty();
      }
    }
  }

  /** But for its pipe to its parent, its input and standard error. */
  @Test
  void childOfTheApplication_doesNotHoldUpTheResponse() throws IOException {
    try (PsgiApplication app =
        app(
            "sub { pipe my $r, my $w; if (!fork) { opendir my $d, '/proc/self/fd';",
            "    my %to = map { $_ => 1 } grep /^pipe:/, map { readlink(\"/proc/self/fd/$_\") // '' }",
            "      readdir $d; syswrite $w, scalar keys %to; require POSIX; POSIX::_exit(0) }",
            "  close $w; [200, ['Content-Type', 'text/plain'], [<$r>]] }")) {
      for (int i = 0; i < 3; i++) {
        assertThat(Call.get("/").to(app).body()).isEqualTo("3");
      }
    }
  }

  @Test
  void failure_is500BeforeTheHeadAndCutAfterIt() throws IOException {
    try (PsgiApplication app =
        app(
            "sub { my ($env) = @_; die \"early\\n\" if $env->{PATH_INFO} eq '/early';",
            "  return sub { my $w = $_[0]->([200, ['Content-Type', 'text/plain']]);",
            "    $w->write('part'); die \"late\\n\" } }")) {
      Call early = Call.get("/early").to(app);
      assertThat(early.status).isEqualTo(500);
      assertThat(early.log()).contains("early");
      Call late = Call.get("/late").to(app);
      assertThat(late.body()).isEqualTo("part");
      assertThat(late.outcome.complete()).isFalse();
    }
  }

  /** In the request of the child, and after it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "exit 3",
        "die qq(reason\\n)",
        "return [200, ['Content-Type', 'text/plain'], ['child']]",
        "fork || exit 0; wait; exit 3",
      })
  void childOfTheApplication_neitherAnswersNorReports(String end) throws IOException {
    try (PsgiApplication app =
        app(
            "sub { my $user = $_[0]{PATH_INFO};",
            "  if ($user eq '/late' && !fork) { select undef, undef, undef, .2; " + end + " }",
            "  if ($user eq '/fork') { if (!fork) { "
                + end
                + " } wait; $user = ($? >> 8) . \" $$\" }",
            "  [200, ['Content-Type', 'text/plain'], [$user]] }")) {
      String status = end.endsWith("exit 3") ? "3 " : end.startsWith("die") ? "255 " : "0 ";
      for (int i = 0; i < 3; i++) {
        Call call = Call.get("/fork").to(app);
        assertThat(call.body()).isEqualTo(status + group.status().get(0).pid());
        assertThat(call.log()).isEqualTo(end.startsWith("die") ? "app.psgi: reason\n" : "");
      }
      assertThat(Call.get("/late").to(app).body()).isEqualTo("/late");
      for (int i = 0; i < 30; i++) {
        assertThat(Call.get("/user" + i).to(app).body()).isEqualTo("/user" + i);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }
      assertThat(group.status()).extracting(WorkerStatus::generation).containsExactly(1);
    }
  }

  /** Perl keeps a string that came from text as UTF-8, and its length is that of the characters. */
  @Test
  void stringsThatPerlKeepsAsUtf8_areSentAsBytes() throws IOException {
    try (PsgiApplication app =
        app(
            "sub { my $text = \"caf\\x{e9}\" x 50; utf8::upgrade($text);",
            "  [200, ['Content-Type', 'text/plain', 'X-A', $text], [$text, 'end']] }")) {
      Call call = Call.get("/").to(app);
      assertThat(call.headers.get("X-A")).isEqualTo("caf\u00e9".repeat(50));
      assertThat(call.bytes())
          .isEqualTo(("caf\u00e9".repeat(50) + "end").getBytes(StandardCharsets.ISO_8859_1));
    }
  }

  @Test
  void textThatIsNoBytes_is500BeforeTheHeadAndCutAfterIt() throws IOException {
    try (PsgiApplication app =
        app(
            "sub { my ($env) = @_; my $text = \"\\x{263a}\";",
            "  $env->{PATH_INFO} eq '/head' ? [200, ['Content-Type', 'text/plain', 'X-A', $text],"
                + " ['ok']] : [200, ['Content-Type', 'text/plain'], ['part', $text, 'end']] }")) {
      Call head = Call.get("/head").to(app);
      assertThat(head.status).isEqualTo(500);
      assertThat(head.log()).contains("must be bytes");
      Call body = Call.get("/body").to(app);
      assertThat(body.body()).isEqualTo("part");
      assertThat(body.outcome.complete()).isFalse();
      assertThat(body.log()).contains("must be bytes");
    }
  }

  @Test
  void reasonThatIsNoBytes_isInTheLog() throws IOException {
    try (PsgiApplication app = app("sub { die \"\\x{263a}\" x 30 }")) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(500);
      assertThat(call.log()).contains("app.psgi line 1.");
    }
  }

  /** A handler of Perl ends the call of the system that waits for the client. */
  @Test
  void signalDuringAWrite_cutsNothing() throws IOException {
    Path rang = directory.resolve("rang");
    try (PsgiApplication app =
        app(
            "use Time::HiRes qw(setitimer ITIMER_REAL); my $rings = 0;",
            "$SIG{ALRM} = sub { if (++$rings == 5) { open my $f, '>', '" + rang + "' } };",
            "sub { setitimer(ITIMER_REAL, 0.01, 0.01);",
            "  [200, ['Content-Type', 'text/plain'], ['x' x 4_000_000]] }")) {
      Call call = Call.get("/");
      call.beforeWrite = () -> Awaited.await(() -> Files.exists(rang));
      call.to(app);
      assertThat(call.outcome.complete()).isTrue();
      assertThat(call.body().length()).isEqualTo(4_000_000);
    }
  }

  /** As a service manager that signals all processes of a service does, or an operator. */
  @ParameterizedTest
  @ValueSource(strings = {"HUP", "INT", "TERM"})
  void workerThatIsToldToEnd_answersTheRequestThatItHas(String signal) throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    try (PsgiApplication app =
        app(
            "sub { my ($env) = @_;",
            "  if ($env->{PATH_INFO} eq '/slow') {",
            "    my $child = fork; if (!$child) { select undef, undef, undef, 987 }",
            "    select undef, undef, undef, 0.05; kill TERM => $child; waitpid $child, 0;",
            "    open my $f, '>', '" + began + "';",
            "    select undef, undef, undef, 0.01 until -e '" + go + "';",
            "  }",
            "  [200, ['Content-Type', 'text/plain'], [$$]] }")) {
      String worker = Call.get("/").to(app).body();
      if (WarmPrograms.ignores(worker, signal)) {
        return;
      }
      CompletableFuture<Call> slow = CompletableFuture.supplyAsync(() -> Call.get("/slow").to(app));
      Awaited.await(() -> Files.exists(began));
      assertThat(new ProcessBuilder("kill", "-" + signal, worker).start().waitFor()).isZero();
      Files.createFile(go);
      assertThat(slow.get(20, TimeUnit.SECONDS).body()).isEqualTo(worker);
      Awaited.await(() -> !WarmPrograms.isRunning(worker));
      String idle = Call.get("/").to(app).body();
      assertThat(idle).isNotEqualTo(worker);
      assertThat(new ProcessBuilder("kill", "-" + signal, idle).start().waitFor()).isZero();
      Awaited.await(() -> !WarmPrograms.isRunning(idle));
      assertThat(Call.get("/").to(app).status).isEqualTo(200);
    }
  }

  @Test
  void reasonOfTheApplication_doesNotMeanThatTheClientHasGone() throws IOException {
    try (PsgiApplication app = app("sub { die \"postern: the client has gone\\n\" }")) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(500);
      assertThat(call.log()).contains("has gone");
    }
  }

  @Test
  void clientThatHasGone_isNoFailureOfTheApplication() throws IOException {
    try (PsgiApplication app =
        app(
            "sub { my ($env) = @_;",
            "  return [200, ['Content-Type', 'text/plain'], [$$]] if $env->{PATH_INFO} eq '/pid';",
            "  sub { my $w = $_[0]->([200, ['Content-Type', 'text/plain']]);",
            "    $w->write('x' x 65536) while 1 } }")) {
      String pid = Call.get("/pid").to(app).body();
      Call gone = Call.get("/");
      gone.goneAfter = 200_000;
      gone.to(app);
      assertThat(gone.log()).isEmpty();
      assertThat(Call.get("/pid").to(app).body()).isEqualTo(pid);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"200\\n\", []",
        "\"200\\r\\nX-Injected: 1\", []",
        "200, ['X-A', \"a\\nX-Injected: 1\"]",
        "200, [\"X-A: a\\nX-Injected\", 1]",
        "200, ['X-A', \"a\\n\"]",
        "200, ['X-A', \"a\\x01\"]",
      })
  void headThatCannotBeSent_is500(String head) throws IOException {
    try (PsgiApplication app = app("sub { [" + head + ", ['ok']] }")) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).as(call.log()).isEqualTo(500);
      assertThat(call.headers.get("X-Injected")).isNull();
      assertThat(call.body()).isEqualTo("Internal Server Error\n");
      assertThat(call.log()).contains(" must ");
    }
  }

  /** Even if nobody kills it, as when its JVM was killed. */
  @Test
  void workerWithAnEndThatNeverReturns_isEndedByItsOwnAlarm() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("end.psgi"),
            "$SIG{ALRM} = sub { }; END { sleep 987 while 1 }\n"
                + "sub { [200, ['Content-Type', 'text/plain'], [$$]] }\n");
    try (WorkerGroup once =
            WorkerGroup.builder("once")
                .maximumRequests(1)
                .gracefulTimeout(Duration.ofSeconds(1))
                .build();
        PsgiApplication app = PsgiApplication.builder(file).workers(once).build()) {
      String worker = Call.get("/").to(app).body();
      Awaited.await(() -> !WarmPrograms.isRunning(worker));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "cpu", "age"})
  void limitThatTheLoadPasses_letsEachWorkerServe(String limit) throws IOException {
    WorkerGroup.Builder options =
        WorkerGroup.builder("limited").processes(1).startupTimeout(Duration.ofSeconds(5));
    switch (limit) {
      case "memory" -> options.maximumMemory(1);
      case "cpu" -> options.maximumCpu(Duration.ofMillis(1));
      default -> options.maximumAge(Duration.ofMillis(1));
    }
    Path file =
        Files.writeString(
            directory.resolve("limited.psgi"),
            "my $end = (times)[0] + .1; 1 while (times)[0] < $end;\n"
                + "sub { [200, ['Content-Type', 'text/plain'], [$$]] }\n");
    WarmPrograms.awaitWritten();
    try (LogLines log = LogLines.ofAll("dev.postern.cgi");
        WorkerGroup limited = options.build();
        PsgiApplication app = PsgiApplication.builder(file).workers(limited).build()) {
      Set<String> workers = new HashSet<>();
      for (int i = 0; i < 3; i++) {
        Call call = Call.get("/").to(app);
        assertThat(call.status).isEqualTo(200);
        assertThat(workers.add(call.body())).isTrue();
      }
      assertThat(log.all())
          .filteredOn(line -> line.contains("maximumMemory"))
          .hasSize(limit.equals("memory") ? 1 : 0);
    }
  }

  @Test
  void applicationThatDoesNotLoad_is500() throws IOException {
    try (PsgiApplication app = app("die 'not today'")) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(500);
      assertThat(call.failure().getMessage()).contains("not today");
    }
  }

  @Test
  void changedModuleOfARequest_isLoadedAnew() throws IOException {
    Path views =
        Files.writeString(directory.resolve("Views.pm"), "package Views; sub text { 'old' } 1;");
    try (PsgiApplication app =
        app(
            "use lib '" + directory + "';",
            "sub { require Views; [200, ['Content-Type', 'text/plain'], [Views::text()]] }")) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("old");
      assertThat(Call.get("/").to(app).body()).isEqualTo("old");
      Files.writeString(views, "package Views; sub text { 'newer' } 1;");
      Awaited.await(() -> Call.get("/").to(app).body().equals("newer"));
    }
  }

  @Test
  void failureOfClose_isInTheLogAndCutsNothing() throws IOException {
    try (PsgiApplication app =
        app(
            "package Lines; sub getline { shift @{ $_[0] } } sub close { die 'no end' }",
            "sub { [200, ['Content-Type', 'text/plain'], bless ['whole']] }")) {
      Call call = Call.get("/").to(app);
      assertThat(call.body()).isEqualTo("whole");
      assertThat(call.outcome.complete()).isTrue();
      assertThat(call.log()).contains("no end");
    }
  }

  @Test
  void worldWritableFile_is403() throws IOException {
    try (PsgiApplication app = app("sub { [200, ['Content-Type', 'text/plain'], ['ok']] }")) {
      Files.setPosixFilePermissions(
          directory.resolve("app.psgi"), PosixFilePermissions.fromString("rw-r--rw-"));
      assertThat(Call.get("/").to(app).rule()).isEqualTo("world-writable");
      Files.setPosixFilePermissions(
          directory.resolve("app.psgi"), PosixFilePermissions.fromString("rw-r--r--"));
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
    }
  }
}
