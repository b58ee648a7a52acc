package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Applications of WSGI in workers. */
class WsgiApplicationTest {
  private static final String START =
      "    start_response('200 OK', [('Content-Type', 'text/plain')])\n";

  @TempDir Path directory;
  private final WorkerGroup group =
      WorkerGroup.builder("wsgi").processes(1).reloadEvery(Duration.ofMillis(20)).build();

  @BeforeAll
  static void requirePython() {
    Tools.require("python3");
  }

  @AfterEach
  void close() {
    group.close();
  }

  private WsgiApplication.Builder builder(String text) throws IOException {
    Path file = Files.writeString(directory.resolve("wsgi.py"), text);
    WarmPrograms.awaitWritten();
    return WsgiApplication.builder(file).workers(group);
  }

  /** An application with that body of its function. */
  private static String function(String body) {
    return "def application(environ, start_response):\n" + body;
  }

  @Test
  void state_isKeptInAWorker() throws IOException {
    try (WsgiApplication app =
        builder(
                "count = 0\n"
                    + function(
                        "    global count; count += 1\n" + START + "    return [b'%d' % count]\n"))
            .build()) {
      for (int i = 1; i <= 5; i++) {
        assertThat(Call.get("/").to(app).body()).isEqualTo(Integer.toString(i));
      }
      assertThat(group.status()).hasSize(1);
    }
  }

  @Test
  void validator_findsNothing() throws IOException {
    try (WsgiApplication app =
        builder(
                "from wsgiref.validate import validator\n@validator\n"
                    + function(
                        "    data = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or"
                            + " 0))\n"
                            + START
                            + "    return [repr((environ['REQUEST_METHOD'], environ['PATH_INFO'],"
                            + " environ['QUERY_STRING'], len(data))).encode()]\n"))
            .build()) {
      Call get = Call.get("/a%20b").with("QUERY_STRING", "q").to(app);
      assertThat(get.body()).as(get.log()).isEqualTo("('GET', '/a%20b', 'q', 0)");
      Call post = Call.post("/", new byte[200_000]).to(app);
      assertThat(post.body()).isEqualTo("('POST', '/', '', 200000)");
      assertThat(post.log()).isEmpty();
    }
  }

  @Test
  void failure_is500BeforeTheHeadAndCutAfterIt() throws IOException {
    try (WsgiApplication app =
        builder(
                function(
                    "    if environ['PATH_INFO'] == '/early': 1/0\n"
                        + START
                        + "    yield b'part'\n    1/0\n"))
            .build()) {
      Call early = Call.get("/early").to(app);
      assertThat(early.status).isEqualTo(500);
      assertThat(early.log()).contains("ZeroDivisionError");
      Call late = Call.get("/late").to(app);
      assertThat(late.body()).isEqualTo("part");
      assertThat(late.outcome.complete()).isFalse();
      assertThat(Call.get("/early").to(app).status).isEqualTo(500);
    }
  }

  /** The numbers of its descriptors are soon those of other files. */
  @Test
  void whatIsKeptOfARequest_getsIntoNoOtherOne() throws IOException {
    try (WsgiApplication app =
        builder(
                "kept, files = [], []\n"
                    + function(
                        "    for errors, body, write in kept:\n"
                            + "        print('stray', file=errors)\n"
                            + "        for use in (lambda: body.read(1), lambda: write(b'stray')):\n"
                            + "            try: use()\n"
                            + "            except (ValueError, OSError): pass\n"
                            + "    files.append(open('/dev/null'))\n"
                            + "    write = start_response('200 OK', [('Content-Type', 't/t')])\n"
                            + "    data = environ['wsgi.input'].read()\n"
                            + "    kept.append((environ['wsgi.errors'], environ['wsgi.input'], write))\n"
                            + "    return [data]\n"))
            .build()) {
      for (int i = 0; i < 8; i++) {
        Call call = Call.post("/", ("body" + i).getBytes(StandardCharsets.US_ASCII)).to(app);
        assertThat(call.body()).isEqualTo("body" + i);
        assertThat(call.log()).isEqualTo("wsgi.py: stray\n".repeat(i));
      }
    }
  }

  /** But for its pipe to its parent, and standard error. */
  @Test
  void childOfTheApplication_doesNotHoldUpTheResponse() throws IOException {
    try (WsgiApplication app =
        builder(
                "import os\n"
                    + function(
                        "    r, w = os.pipe()\n"
                            + "    if not os.fork():\n"
                            + "        to = [os.readlink('/proc/self/fd/%d' % fd) for fd in range(99)\n"
                            + "              if os.path.lexists('/proc/self/fd/%d' % fd)]\n"
                            + "        os.write(w, b'%d' % len({t for t in to if t[:5] == 'pipe:'}))\n"
                            + "        os._exit(0)\n"
                            + "    held = os.read(r, 99)\n"
                            + "    os.close(r)\n"
                            + "    os.close(w)\n"
                            + START
                            + "    return [held]\n"))
            .build()) {
      for (int i = 0; i < 3; i++) {
        assertThat(Call.get("/").to(app).body()).isEqualTo("2");
      }
    }
  }

  @Test
  void errorsWithoutALineFeed_areInTheLog() throws IOException {
    try (WsgiApplication app =
        builder(
                "kept = []\n"
                    + function(
                        "    kept.append(environ['wsgi.errors'])\n"
                            + "    kept[-1].write(environ['QUERY_STRING'])\n"
                            + START
                            + "    return [b'ok']\n"))
            .build()) {
      assertThat(Call.get("/").with("QUERY_STRING", "first").to(app).log())
          .isEqualTo("wsgi.py: first\n");
      assertThat(Call.get("/").with("QUERY_STRING", "second").to(app).log())
          .isEqualTo("wsgi.py: second\n");
    }
  }

  @Test
  void failureOfClose_isInTheLogAndCutsNothing() throws IOException {
    try (WsgiApplication app =
        builder(
                "class Body:\n"
                    + "    def __iter__(self): yield b'whole'\n"
                    + "    def close(self): 1/0\n"
                    + function(START + "    return Body()\n"))
            .build()) {
      Call call = Call.get("/").to(app);
      assertThat(call.body()).isEqualTo("whole");
      assertThat(call.outcome.complete()).isTrue();
      assertThat(call.log()).contains("ZeroDivisionError");
    }
  }

  /** One of its own, as of a connection to a database, does not mean that the client has gone. */
  @Test
  void brokenPipeOfTheApplication_is500BeforeTheHeadAndCutAfterIt() throws IOException {
    try (WsgiApplication app =
        builder(
                function(
                    "    if environ['PATH_INFO'] == '/early': raise BrokenPipeError(32, 'backend')\n"
                        + START
                        + "    yield b'part'\n    raise BrokenPipeError(32, 'backend')\n"))
            .build()) {
      Call early = Call.get("/early").to(app);
      assertThat(early.status).isEqualTo(500);
      assertThat(early.log()).contains("backend");
      Call late = Call.get("/late").to(app);
      assertThat(late.body()).isEqualTo("part");
      assertThat(late.outcome.complete()).isFalse();
      assertThat(late.log()).contains("backend");
    }
  }

  /** In the request of the child, and after it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "sys.exit(3)",
        "raise SystemExit",
        "1/0",
        "return [b'child']",
        "os.fork() or sys.exit(0); os.wait(); sys.exit(3)",
      })
  void childOfTheApplication_neitherAnswersNorReports(String end) throws IOException {
    try (WsgiApplication app =
        builder(
                "import os, sys, time\n"
                    + function(
                        START
                            + "    user = environ['PATH_INFO'].encode()\n"
                            + "    if user == b'/late' and not os.fork():\n"
                            + ("        time.sleep(.2); " + end + "\n")
                            + "    if user != b'/fork': return [user]\n"
                            + "    child = os.fork()\n"
                            + ("    if not child: " + end + "\n")
                            + "    return [b'%d %d' % (os.wait()[1] >> 8, os.getpid())]\n"))
            .build()) {
      String status = end.endsWith("(3)") ? "3 " : end.equals("1/0") ? "1 " : "0 ";
      for (int i = 0; i < 3; i++) {
        Call call = Call.get("/fork").to(app);
        assertThat(call.body()).isEqualTo(status + group.status().get(0).pid());
        assertThat(call.log().contains("ZeroDivisionError")).isEqualTo(end.equals("1/0"));
        assertThat(call.log()).doesNotContain("SystemExit", "Bad file descriptor");
      }
      assertThat(Call.get("/late").to(app).body()).isEqualTo("/late");
      for (int i = 0; i < 30; i++) {
        assertThat(Call.get("/user" + i).to(app).body()).isEqualTo("/user" + i);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }
      assertThat(group.status()).extracting(WorkerStatus::generation).containsExactly(1);
    }
  }

  @Test
  void childThatIsForkedDuringTheLoad_isNoWorker() throws IOException {
    try (WsgiApplication app =
        builder(
                "import os, sys\nchild = os.fork()\nif child: os.waitpid(child, 0)\n"
                    + function(START + "    return [b'%d' % os.getpid()]\n"))
            .build()) {
      for (int i = 0; i < 3; i++) {
        assertThat(Call.get("/").to(app).body()).isEqualTo("" + group.status().get(0).pid());
      }
    }
  }

  @Test
  void clientThatHasGone_isNoFailureOfTheApplication() throws IOException {
    try (WsgiApplication app =
        builder(
                "import os\nerrors = []\n"
                    + function(
                        "    if environ['PATH_INFO'] == '/asked':\n        "
                            + START.trim()
                            + "\n        yield repr(errors).encode(); return\n"
                            + START
                            + "    try:\n        while True: yield b'x' * 65536\n"
                            + "    except GeneratorExit: errors.append('closed'); raise\n"))
            .build()) {
      Call gone = Call.get("/");
      gone.goneAfter = 200_000;
      gone.to(app);
      assertThat(gone.log()).isEmpty();
      assertThat(Call.get("/asked").to(app).body()).isEqualTo("['closed']");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'200 OK\\r\\nX-Injected: 1', []",
        "'200 OK\\n\\nbody', []",
        "'200 OK\\0', []",
        "'200 O\\x7fK', []",
        "'200 OK', [('X-A', 'a\\x01')]",
        "'\\xb2\\xb2\\xb2 OK', []",
        "'200 \\u263a', []",
        "'200 OK', [('X-A', 'a\\r\\nX-Injected: 1')]",
        "'200 OK', [('X-A: 1\\nX-Injected', '1')]",
        "'200 OK', [('X-A', '\\u263a')]",
      })
  void headThatCannotBeSent_is500(String head) throws IOException {
    try (WsgiApplication app =
        builder(function("    start_response(" + head + ")\n    return [b'ok']\n")).build()) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).as(call.log()).isEqualTo(500);
      assertThat(call.headers.get("X-Injected")).isNull();
      assertThat(call.body()).isEqualTo("Internal Server Error\n");
      assertThat(call.log()).contains("Error");
    }
  }

  @Test
  void writeCloseAndExcInfo_areAsTheSpecificationSays() throws IOException {
    try (WsgiApplication app =
        builder(
                "import sys\nclosed = []\nclass Body:\n"
                    + "  def __iter__(self): return iter([b'body'])\n"
                    + "  def close(self): closed.append(1)\n"
                    + function(
                        "    write = start_response('200 OK', [('Content-Type', 'text/plain')])\n"
                            + "    try: 1/0\n"
                            + "    except Exception: write = start_response('202 Accepted',"
                            + " [('Content-Type', 'text/x')], sys.exc_info())\n"
                            + "    write(b'written %d ' % len(closed)); return Body()\n"))
            .build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("written 0 body");
      Call second = Call.get("/").to(app);
      assertThat(second.status).isEqualTo(202);
      assertThat(second.body()).isEqualTo("written 1 body");
    }
  }

  @Test
  void applicationThatDoesNotLoad_is500AndMendedIsServed() throws Exception {
    try (WsgiApplication app = builder("import no_such_module\n").build()) {
      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(500);
      assertThat(call.rule()).isEqualTo("not-loaded");
      assertThat(call.failure().getMessage()).contains("no_such_module");
      builder(function(START + "    return [b'mended']\n"));
      assertThat(Call.get("/").to(app).body()).isEqualTo("mended");
    }
  }

  @Test
  void changedFile_isLoadedAnew() throws Exception {
    try (WsgiApplication app = builder(function(START + "    return [b'old']\n")).build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("old");
      builder(function(START + "    return [b'newer']\n"));
      await(() -> Call.get("/").to(app).body().equals("newer"));
    }
  }

  @Test
  void changedModuleOfARequest_isLoadedAnew() throws Exception {
    Path views = Files.writeString(directory.resolve("views.py"), "text = b'old'\n");
    try (WsgiApplication app =
        builder(function("    import views\n" + START + "    return [views.text]\n")).build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("old");
      assertThat(Call.get("/").to(app).body()).isEqualTo("old");
      Files.writeString(views, "text = b'newer'\n");
      await(() -> Call.get("/").to(app).body().equals("newer"));
    }
  }

  @Test
  void changedArchive_isLoadedAnew() throws Exception {
    Path archive = directory.resolve("archive.zip");
    Programs.zip(archive, "views.py", "text = b'old'\n");
    String imports = "import sys\nsys.path.append('" + archive + "')\nimport views\n";
    try (WsgiApplication app =
        builder(imports + function(START + "    return [views.text]\n")).build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("old");
      Programs.zip(archive, "views.py", "text = b'newer'\n");
      await(() -> Call.get("/").to(app).body().equals("newer"));
    }
  }

  @Test
  void newWorkingDirectory_isThatOfANewWorker() throws Exception {
    Path first = Files.createDirectory(directory.resolve("first"));
    Path second = Files.createDirectory(directory.resolve("second"));
    Files.writeString(first.resolve("release"), "one");
    Files.writeString(second.resolve("release"), "two");
    Path current = Files.createSymbolicLink(directory.resolve("current"), first);
    try (WorkerGroup own =
            WorkerGroup.builder("current")
                .reloadEvery(Duration.ofMillis(20))
                .workingDirectory(current)
                .build();
        WsgiApplication app =
            builder(function(START + "    return [open('release', 'rb').read()]\n"))
                .workers(own)
                .build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("one");
      Files.delete(current);
      Files.createSymbolicLink(current, second);
      await(() -> Call.get("/").to(app).body().equals("two"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"caf\u00e9", "line\nfeed", "it's \\ \" $x @y"})
  void fileBelowADirectoryOfAnyName_isServed(String name) throws Exception {
    Path file = Files.createDirectory(directory.resolve(name)).resolve("wsgi.py");
    Files.writeString(file, function(START + "    return [ascii(__file__).encode()]\n"));
    WarmPrograms.awaitWritten();
    try (WsgiApplication app = WsgiApplication.builder(file).workers(group).build()) {
      Call call = Call.get("/").to(app);
      String shown = call.body();
      assertThat(shown.substring(1, shown.length() - 1)).endsWith("/wsgi.py");
      assertThat(call.status).as("%s", call.failure()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"yourapplication.wsgi", "yourapplication.py"})
  void fileWithTheNameOfItsPackage_importsThePackage(String name) throws Exception {
    Path directory = Files.createDirectory(this.directory.resolve("yourapplication"));
    Files.writeString(
        directory.resolve("__init__.py"), function(START + "    return [__name__.encode()]\n"));
    Path file =
        Files.writeString(
            this.directory.resolve(name), "from yourapplication import application\n");
    WarmPrograms.awaitWritten();
    try (WsgiApplication app = WsgiApplication.builder(file).workers(group).build()) {
      Call call = Call.get("/").to(app);
      assertThat(call.body()).as("%s", call.failure()).isEqualTo("yourapplication");
    }
  }

  /** Others may write to it. */
  @Test
  void modulesOfTheWorkingDirectory_areNotImported() throws IOException {
    Path uploads = Files.createDirectory(directory.resolve("uploads"));
    Path ran = directory.resolve("ran");
    for (String name : List.of("os", "signal", "select", "re", "traceback", "io")) {
      Files.writeString(
          uploads.resolve(name + ".py"), "open('" + ran + "', 'a').write(__name__)\n");
    }
    try (WorkerGroup there = WorkerGroup.builder("there").workingDirectory(uploads).build();
        WsgiApplication app =
            builder(
                    "import os, re, signal\n"
                        + function(START + "    return [os.getcwd().encode()]\n"))
                .workers(there)
                .build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo(uploads.toString());
    }
    assertThat(ran).doesNotExist();
  }

  /** So what another module adds to it is in the application. */
  @Test
  void fileThatAnotherModuleImports_isLoadedOnce() throws Exception {
    Files.writeString(directory.resolve("part.py"), "import wsgi\nwsgi.text += b'part'\n");
    try (WsgiApplication app =
        builder("text = b''\nimport part\n" + function(START + "    return [text]\n")).build()) {
      Call call = Call.get("/").to(app);
      assertThat(call.body()).as("%s", call.failure()).isEqualTo("part");
    }
  }

  @Test
  void hungWorker_isKilledAndAnotherAnswers() throws Exception {
    String text =
        "import time\n"
            + function(
                "    if environ['PATH_INFO'] == '/hang': time.sleep(987)\n"
                    + START
                    + "    return [b'ok']\n");
    try (WsgiApplication app = builder(text).headerTimeout(Duration.ofMillis(700)).build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
      long worker = group.status().get(0).pid();
      assertThat(Call.get("/hang").to(app).status).isEqualTo(504);
      await(() -> ProcessHandle.of(worker).filter(ProcessHandle::isAlive).isEmpty());
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
    }
  }

  /** As a service manager that signals all processes of a service does, or an operator. */
  @ParameterizedTest
  @ValueSource(strings = {"HUP", "INT", "TERM"})
  void workerThatIsToldToEnd_answersTheRequestThatItHas(String signal) throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    String text =
        "import os, time\n"
            + function(
                "    if environ['PATH_INFO'] == '/slow':\n"
                    + "        child = os.fork()\n"
                    + "        if not child: time.sleep(987)\n"
                    + "        os.kill(child, 15); os.waitpid(child, 0)\n"
                    + "        open('%s', 'w')\n".formatted(began)
                    + "        while not os.path.exists('%s'): time.sleep(.01)\n".formatted(go)
                    + START
                    + "    return [b'%d' % os.getpid()]\n");
    try (WsgiApplication app = builder(text).build()) {
      String worker = Call.get("/").to(app).body();
      if (WarmPrograms.ignores(worker, signal)) {
        return;
      }
      CompletableFuture<Call> slow = CompletableFuture.supplyAsync(() -> Call.get("/slow").to(app));
      await(() -> Files.exists(began));
      assertThat(new ProcessBuilder("kill", "-" + signal, worker).start().waitFor()).isZero();
      Files.createFile(go);
      assertThat(slow.get(20, TimeUnit.SECONDS).body()).isEqualTo(worker);
      await(() -> !WarmPrograms.isRunning(worker));
      String idle = Call.get("/").to(app).body();
      assertThat(idle).isNotEqualTo(worker);
      assertThat(new ProcessBuilder("kill", "-" + signal, idle).start().waitFor()).isZero();
      await(() -> !WarmPrograms.isRunning(idle));
      assertThat(Call.get("/").to(app).status).isEqualTo(200);
    }
  }

  /**
   * It has loaded, so this is no 500. If the host can see that the request was left in the pipe,
   * another worker answers.
   */
  @Test
  void workerThatDoesNotTakeItsRequest_isA503() throws Exception {
    try (WsgiApplication app = builder(function(START + "    return [b'ok']\n")).build()) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
      String worker = Long.toString(group.status().get(0).pid());
      assertThat(new ProcessBuilder("kill", "-STOP", worker).start().waitFor()).isZero();
      Call call = Call.get("/").to(app);
      if (call.status == 200) {
        assertThat(call.body()).isEqualTo("ok");
      } else {
        assertThat(call.status).isEqualTo(503);
        assertThat(call.rule()).isEqualTo("not-started");
      }
    }
  }

  /** Even if nobody kills it, as when its JVM was killed. */
  @Test
  void workerWithAThreadThatNeverEnds_isEndedByItsOwnAlarm() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("thread.py"),
            "import os, signal, threading, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
                + "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
                + "threading.Thread(target=time.sleep, args=(987,)).start()\n"
                + function(START + "    return [b'%d' % os.getpid()]\n"));
    try (WorkerGroup once =
            WorkerGroup.builder("once")
                .maximumRequests(1)
                .gracefulTimeout(Duration.ofSeconds(1))
                .build();
        WsgiApplication app = WsgiApplication.builder(file).workers(once).build()) {
      String worker = Call.get("/").to(app).body();
      await(() -> !WarmPrograms.isRunning(worker));
    }
  }

  @Test
  void workers_areAsManyAsAtOnceAndEndWithTheApplication() throws Exception {
    try (WorkerGroup two = WorkerGroup.builder("two").processes(2).maximumRequests(3).build()) {
      Path file =
          Files.writeString(
              directory.resolve("two.py"),
              "import os\n" + function(START + "    return [b'%d' % os.getpid()]\n"));
      WsgiApplication app = WsgiApplication.builder(file).workers(two).build();
      List<CompletableFuture<Call>> all =
          java.util.stream.IntStream.range(0, 12)
              .mapToObj(
                  i ->
                      CompletableFuture.supplyAsync(
                          () -> Call.get("/").to(app), task -> new Thread(task).start()))
              .toList();
      java.util.Set<Long> pids = new java.util.HashSet<>();
      for (CompletableFuture<Call> one : all) {
        Call call = one.get(60, TimeUnit.SECONDS);
        assertThat(call.status).as(call.log()).isEqualTo(200);
        pids.add(Long.parseLong(call.body()));
      }
      assertThat(pids.size()).isBetween(4, 12);
      app.close();
      for (long pid : pids) {
        await(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
      }
    }
  }

  private static boolean isRunning(long pid) {
    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
  }

  private static CompletableFuture<Call> begin(WsgiApplication app, String path) {
    return CompletableFuture.supplyAsync(
        () -> Call.get(path).to(app), task -> new Thread(task).start());
  }

  @Test
  void worldWritableFile_is403AndNotLoadedAhead() throws Exception {
    Path loaded = directory.resolve("loaded");
    Path file =
        Files.writeString(
            directory.resolve("open.py"),
            "open('" + loaded + "', 'w').close()\n" + function(START + "    return [b'ok']\n"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--rw-"));
    try (LogLines log = LogLines.of("dev.postern.cgi");
        WorkerGroup eager = WorkerGroup.builder("eager").eager().build();
        WsgiApplication app = WsgiApplication.builder(file).workers(eager).build()) {
      assertThat(log.warnings()).anyMatch(line -> line.contains("must not be world-writable"));
      Call call = Call.get("/").to(app);
      assertThat(call.status).isEqualTo(403);
      assertThat(call.rule()).isEqualTo("world-writable");
      assertThat(eager.status()).isEmpty();
      assertThat(loaded).doesNotExist();
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
    }
  }

  /**
   * A worker whose application starts a thread that outlives its request, and would its process.
   */
  private WsgiApplication keptByAThread(WorkerGroup workers) throws IOException {
    return builder(
            "import os, threading, time\n"
                + function(
                    "    threading.Thread(target=time.sleep, args=(987,)).start()\n"
                        + START
                        + "    return [b'%d' % os.getpid()]\n"))
        .workers(workers)
        .build();
  }

  @Test
  void recycledWorkerThatDoesNotEnd_isKilled() throws Exception {
    try (WorkerGroup once =
            WorkerGroup.builder("once")
                .maximumRequests(1)
                .gracefulTimeout(Duration.ofMillis(100))
                .build();
        WsgiApplication app = keptByAThread(once)) {
      long pid = Long.parseLong(Call.get("/").to(app).body());
      await(() -> !isRunning(pid));
    }
  }

  @Test
  void close_killsARecycledWorkerThatDoesNotEnd() throws Exception {
    WorkerGroup once =
        WorkerGroup.builder("once")
            .maximumRequests(1)
            .gracefulTimeout(Duration.ofSeconds(2))
            .build();
    WsgiApplication app = keptByAThread(once);
    long pid = Long.parseLong(Call.get("/").to(app).body());
    await(() -> once.status().isEmpty());
    assertThat(isRunning(pid)).isTrue();
    once.close();
    await(() -> !isRunning(pid));
    app.close();
  }

  @Test
  void recycledWorker_isNotKilledInItsRequest() throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    String text =
        "import os, time\n"
            + function(
                "    if environ['PATH_INFO'] == '/wait':\n"
                    + ("        open('" + began + "', 'w').close()\n")
                    + ("        while not os.path.exists('" + go + "'): time.sleep(.01)\n")
                    + START
                    + "    return [b'%d' % os.getpid()]\n");
    try (WorkerGroup quick =
            WorkerGroup.builder("quick")
                .processes(1)
                .reloadEvery(Duration.ofMillis(20))
                .gracefulTimeout(Duration.ofMillis(10))
                .build();
        WsgiApplication app = builder(text).workers(quick).build()) {
      CompletableFuture<Call> waiting = begin(app, "/wait");
      await(() -> Files.exists(began));
      long first = quick.status().get(0).pid();
      builder("\n" + text);
      // Loads another worker, which takes longer than the first one may after its request.
      await(() -> !Call.get("/").to(app).body().equals(Long.toString(first)));
      Files.createFile(go);
      assertThat(waiting.get(60, TimeUnit.SECONDS).body()).isEqualTo(Long.toString(first));
      await(() -> !isRunning(first));
    }
  }

  @Test
  void moduleThatChangesDuringTheLoad_isLoadedAnew() throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    Path part = Files.writeString(directory.resolve("part.py"), "text = b'old'\n");
    try (WsgiApplication app =
        builder(
                "import os, part, time\n"
                    + ("open('" + began + "', 'w').close()\n")
                    + ("while not os.path.exists('" + go + "'): time.sleep(.01)\n")
                    + function(START + "    return [part.text]\n"))
            .build()) {
      CompletableFuture<Call> first = begin(app, "/");
      await(() -> Files.exists(began));
      Files.writeString(part, "text = b'newer'\n");
      Files.createFile(go);
      assertThat(first.get(60, TimeUnit.SECONDS).body()).isEqualTo("old");
      await(() -> Call.get("/").to(app).body().equals("newer"));
    }
  }

  @Test
  void closeOfTheGroup_endsAllApplicationsAtTheSameTime() throws Exception {
    Path began = directory.resolve("began");
    Path go = directory.resolve("go");
    WorkerGroup two = WorkerGroup.builder("two").gracefulTimeout(Duration.ofSeconds(120)).build();
    WsgiApplication busy =
        builder(
                "import os, time\n"
                    + function(
                        "    open('"
                            + began
                            + "', 'w').close()\n"
                            + ("    while not os.path.exists('" + go + "'): time.sleep(.01)\n")
                            + START
                            + "    return [b'done']\n"))
            .workers(two)
            .build();
    Path file =
        Files.writeString(directory.resolve("second.py"), function(START + "    return [b'ok']\n"));
    WsgiApplication second = WsgiApplication.builder(file).workers(two).build();
    assertThat(Call.get("/").to(second).body()).isEqualTo("ok");
    CompletableFuture<Call> last = begin(busy, "/");
    await(() -> Files.exists(began));
    CompletableFuture<Void> closing =
        CompletableFuture.runAsync(two::close, task -> new Thread(task).start());
    await(() -> Call.get("/").to(second).status == 500);
    assertThat(closing.isDone()).isFalse();
    Files.createFile(go);
    assertThat(last.get(60, TimeUnit.SECONDS).body()).isEqualTo("done");
    closing.get(60, TimeUnit.SECONDS);
  }

  @Test
  void flask_isServed() throws Exception {
    Process flask =
        new ProcessBuilder("/usr/bin/python3", "-c", "import flask")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (flask.waitFor() != 0) {
      assertThat(System.getenv("POSTERN_REQUIRE_ALL")).as("flask must be there").isNull();
      org.junit.jupiter.api.Assumptions.abort("flask is not installed");
    }
    try (WsgiApplication app =
        builder(
                "from flask import Flask, request\napplication = Flask(__name__)\n"
                    + "@application.route('/greet', methods=['GET', 'POST'])\n"
                    + "def greet(): return 'Hello ' + request.values.get('name', '?')\n")
            .build()) {
      assertThat(Call.get("/greet").with("QUERY_STRING", "name=x").to(app).body())
          .isEqualTo("Hello x");
      Call post =
          Call.post("/greet", "name=posted".getBytes(StandardCharsets.US_ASCII))
              .with("CONTENT_TYPE", "application/x-www-form-urlencoded")
              .to(app);
      assertThat(post.body()).isEqualTo("Hello posted");
      assertThat(Call.get("/none").to(app).status).isEqualTo(404);
    }
  }

  @Test
  void badOptions_areRefused() {
    assertThatThrownBy(() -> WsgiApplication.of(directory.resolve("none.py")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("none.py");
    WsgiApplication.Builder builder = WsgiApplication.builder(directory.resolve("none.py"));
    assertThatThrownBy(() -> builder.callable("a b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.interpreter(Path.of("python3")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> WorkerGroup.builder("g").processes(0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
