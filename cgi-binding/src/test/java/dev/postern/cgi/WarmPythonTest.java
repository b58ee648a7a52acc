package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.postern.cgi.server.Tools;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts of Python in children of a fork server answer as they do in processes of their own. */
class WarmPythonTest {
  private static final String HEAD = "print('Content-Type: text/plain\\n')";

  @TempDir static Path directory;
  private static WarmSite site;

  @BeforeAll
  static void host() throws IOException {
    Tools.require("python3");
    site = new WarmSite(directory, group -> group.reloadEvery(Duration.ofMillis(20)), host -> host);
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
  void script_isTheMainModule() throws IOException {
    WarmSite.Answer answer =
        same(
            "main.py",
            "#!/usr/bin/python3",
            HEAD,
            "import sys, os",
            "state = globals().get('state', 0) + 1",
            "print(state, sorted(globals()), __file__, sys.argv, sys.path, __spec__,"
                + " __annotations__)",
            "print(sorted(os.environ.items()), sys.modules['__main__'].state, sys.flags,"
                + " sys.orig_argv)",
            "class A: pass",
            "import pickle; print(type(pickle.loads(pickle.dumps(A()))) is A)");
    assertThat(answer.body()).startsWith("1 ").contains("QUERY_STRING");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "raise | 1/0",
        "exit-3 | import sys; sys.exit(3)",
        "exit-text | import sys; sys.exit('a reason')",
        "exit-none | raise SystemExit",
        "chained | exec('try:\\n  1/0\\nexcept Exception as e:\\n  raise ValueError(2) from e')",
        "hook | import sys; sys.excepthook = lambda *a: print('hook', a[0].__name__); 1/0",
        "interrupt | raise KeyboardInterrupt",
        "closed | import os; os.close(1)",
        "kill | import os,sys; sys.stdout.flush(); os.kill(os.getpid(), 9)",
        "exec | import os; os.execv('/bin/sh', ['sh', '-c', 'echo $QUERY_STRING; exit 4'])",
        "signals | print([l.replace('\\t000000018', '\\t000000000') for l in"
            + " open('/proc/self/status') if l[:6] in ('SigBlk','SigIgn','SigCgt','ShdPnd')])",
        "threads | import threading,time; threading.Thread(target=lambda: (time.sleep(.05),"
            + " print('late'))).start()",
        "daemon | import threading,time; threading.Thread(target=lambda: time.sleep(99),"
            + " daemon=True).start()",
        "atexit | import atexit; atexit.register(print, 'bye')",
        "del | exec('class D:\\n def __del__(self): print(9)\\nd = D()')",
        "replaced | import io, sys; print('shown'); sys.stdout = io.StringIO(); print('hidden')",
        "gone | import sys; print('shown'); sys.stdout = sys.stderr = None",
        "del-names | import os;¶class D:¶  def __init__(self, n): self.n = n¶"
            + "  def __del__(self): print(os.sep, self.n, helper())¶"
            + "def helper(): return D.__name__¶d = D(1); e = [D(2)]",
        "fork | import os,sys; sys.stdout.flush(); p = os.fork(); print('x'); p and"
            + " print(os.waitpid(p, 0)[1])",
        "shell | import os,sys; sys.stdout.flush(); os.system('echo x >/dev/stdout; ls"
            + " /proc/self/fd; pwd; umask')",
        "pool | import multiprocessing as m; print(m.Pool(2).map(abs, [-1, -2]))",
        "cgi | import warnings; warnings.simplefilter('ignore'); import cgi;"
            + " print(cgi.FieldStorage().getfirst('q'))",
        "json | import json, uuid, tempfile, sqlite3, email.message; print(json.dumps([1]),"
            + " tempfile.NamedTemporaryFile().name[:5])",
      })
  void run_isTheSame(String name, String code) throws IOException {
    // Not by the name of a module, which others here import.
    same("run-" + name + ".py", "#!/usr/bin/python3", HEAD, code.replace('¶', '\n'));
  }

  /** It has buffers of its own, which only an end by exit(3) empties. */
  @Test
  void outputByTheCLibrary_isWhole() throws IOException {
    site.script(
        "printf.py",
        "#!/usr/bin/python3",
        HEAD,
        "import sys; print('_ctypes' in sys.modules, file=sys.stderr)",
        "import ctypes; ctypes.CDLL(None).printf(b'by C'); sys.exit(3)");
    WarmSite.Answer spawned = site.spawn(() -> Call.get("/printf.py"));
    WarmSite.Answer answer = spawned;
    long start = System.nanoTime();
    int learned = 0;
    while (learned < 3) {
      Awaited.inTime(start, answer.log());
      assertThat(answer.body()).isEqualTo("by C");
      assertThat(answer.exit()).isEqualTo(spawned.exit());
      answer = site.fork(() -> Call.get("/printf.py"));
      learned += answer.log().contains("True") ? 1 : 0;
    }
  }

  /** A child that imports ctypes itself needs more time for that than for its answer. */
  @Test
  void ctypes_isThereBeforeAChildNeedsIt() throws Exception {
    Path own = Files.createDirectory(directory.resolve("foreign"));
    copyOfAModuleInC(own);
    try (WarmSite other =
        new WarmSite(own, group -> group.learn(false).modules("_lsprof"), host -> host)) {
      other.script(
          "foreign.py", "#!/usr/bin/python3", HEAD, "import sys; print('ctypes' in sys.modules)");
      other.ask(() -> Call.get("/foreign.py"));
      other.await("foreign.py", "ready");
      Awaited.await(() -> other.ask(() -> Call.get("/foreign.py")).body().equals("True\n"));
      assertThat(other.last().start()).isEqualTo("fork");
      Files.writeString(own.resolve("ctypes.py"), "value = 'own'\n");
      other.script("named.py", "#!/usr/bin/python3", HEAD, "import ctypes; print(ctypes.value)");
      other.assertSame(() -> Call.get("/named.py"));
    }
  }

  /** From the directory of Python's own modules, which need no flush, to that of a script. */
  private static void copyOfAModuleInC(Path directory) throws Exception {
    Process python =
        new ProcessBuilder(
                "/usr/bin/python3",
                "-c",
                "import _lsprof, shutil, sys; shutil.copy(_lsprof.__file__, sys.argv[1])",
                directory.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assumeThat(python.waitFor()).as(said).isZero();
  }

  @Test
  void syntaxError_isShownBySpawning() throws IOException {
    site.script("syntax.py", "#!/usr/bin/python3", "print('x'", "");
    WarmSite.Answer spawned = site.spawn(() -> Call.get("/syntax.py"));
    for (int i = 0; i < 6; i++) {
      assertThat(site.ask(() -> Call.get("/syntax.py"))).isEqualTo(spawned);
    }
    assertThat(spawned.log()).contains("SyntaxError");
    site.await("syntax.py", "cold");
    assertThat(site.ask(() -> Call.get("/syntax.py"))).isEqualTo(spawned);
    assertThat(site.last().coldReason()).contains("cannot be compiled");
  }

  @Test
  void modulesAreLearned_andThoseThatAskForARequestAreNot() throws IOException {
    Files.writeString(directory.resolve("plain.py"), "value = 1\n");
    Files.writeString(
        directory.resolve("asks.py"), "import os\nq = os.environ.get('QUERY_STRING')\n");
    Files.writeString(directory.resolve("draws.py"), "import os\nr = os.urandom(8).hex()\n");
    site.script(
        "learn.py",
        "#!/usr/bin/python3",
        HEAD,
        "import sys; loaded = sorted({'json', 'plain', 'asks', 'draws'} & set(sys.modules))",
        "sys.path.append('/nowhere')",
        "import json, plain, asks, draws",
        "print(asks.q, draws.r); print(loaded, file=sys.stderr)");
    Set<String> drawn = new HashSet<>();
    String log = "";
    long start = System.nanoTime();
    for (int i = 0; !log.contains("['json', 'plain']"); i++) {
      Awaited.inTime(start, log);
      int query = i;
      WarmSite.Answer answer =
          site.fork(() -> Call.get("/learn.py").with("QUERY_STRING", "q=" + query));
      String[] words = answer.body().split(" ");
      assertThat(words[0]).isEqualTo("q=" + i);
      drawn.add(words[1]);
      assertThat(drawn).hasSize(i + 1);
      log = answer.log();
      assertThat(log).doesNotContain("asks").doesNotContain("draws");
    }
    // The second server names both that it must not have.
    assertThat(site.status("learn.py").generation()).isEqualTo(3);
  }

  @Test
  void modulesBelowADirectoryOfAnyName_areLearned() throws IOException {
    Path own = Files.createDirectory(directory.resolve("caf\u00e9"));
    Files.writeString(own.resolve("first.py"), "value = 1\n");
    Files.writeString(own.resolve("second.py"), "value = 2\n");
    try (WarmSite other = new WarmSite(own)) {
      other.script(
          "names.py",
          "#!/usr/bin/python3",
          HEAD,
          "import sys; print({'first', 'second'} <= set(sys.modules), file=sys.stderr)",
          "import first, second; print(first.value, second.value)");
      other.forkUntilLogged(
          "True",
          () -> Call.get("/names.py"),
          answer -> assertThat(answer.body()).isEqualTo("1 2\n"));
    }
  }

  @Test
  void modulesThatEachRequestFindsElsewhere_areNotLearned() throws IOException {
    Path sites = directory.resolve("sites");
    Files.writeString(directory.resolve("conf.py"), "value = 'default'\n");
    Files.createDirectories(sites.resolve("b"));
    Files.writeString(sites.resolve("b/conf.py"), "value = 'of b'\n");
    site.script(
        "sites.py",
        "#!/usr/bin/python3",
        HEAD,
        "import os, sys; print('json' in sys.modules, file=sys.stderr)",
        "sys.path.insert(0, '" + sites + "/' + os.environ['QUERY_STRING'])",
        "import conf, json; print(conf.value, end='')");
    site.forkUntilLogged(
        "True",
        () -> Call.get("/sites.py").with("QUERY_STRING", "a"),
        a -> assertThat(a.body()).isEqualTo("default"));
    WarmSite.Answer answer = site.fork(() -> Call.get("/sites.py").with("QUERY_STRING", "b"));
    assertThat(answer.log()).contains("True");
    assertThat(answer.body()).isEqualTo("of b");
  }

  @Test
  void changedModule_isNewWithinTheInterval() throws Exception {
    Path module = directory.resolve("changing.py");
    Files.writeString(module, "value = 'old'\n");
    site.script("change.py", "#!/usr/bin/python3", HEAD, "import changing; print(changing.value)");
    for (int i = 0; i < 6; i++) {
      assertThat(site.fork(() -> Call.get("/change.py")).body()).isEqualTo("old\n");
    }
    Files.writeString(module, "value = 'newer'\n");
    Awaited.await(() -> site.ask(() -> Call.get("/change.py")).body().equals("newer\n"));
    for (int i = 0; i < 6; i++) {
      assertThat(site.ask(() -> Call.get("/change.py")).body()).isEqualTo("newer\n");
    }
    assertThat(site.fork(() -> Call.get("/change.py")).body()).isEqualTo("newer\n");
  }

  @Test
  void changedArchive_isNewWithinTheInterval() throws Exception {
    Path own = Files.createDirectory(directory.resolve("archives"));
    Path archive = Programs.zip(own.resolve("archive.zip"), "zipped.py", "value = 'old'\n");
    try (WarmSite other =
        new WarmSite(
            own,
            group ->
                group
                    .reloadEvery(Duration.ofMillis(20))
                    .environment("PYTHONPATH", archive.toString()),
            host -> host)) {
      other.script(
          "zip.py",
          "#!/usr/bin/python3",
          "import sys",
          "print('zipped' in sys.modules, file=sys.stderr)",
          HEAD,
          "import zipped; print(zipped.value)");
      other.forkUntilLogged(
          "True",
          () -> Call.get("/zip.py"),
          answer -> assertThat(answer.body()).isEqualTo("old\n"));
      Programs.zip(archive, "zipped.py", "value = 'newer'\n");
      Awaited.await(() -> other.ask(() -> Call.get("/zip.py")).body().equals("newer\n"));
      assertThat(other.fork(() -> Call.get("/zip.py")).body()).isEqualTo("newer\n");
    }
  }

  /** Of the script, of what it imports, and of the system: none is that of another request. */
  @Test
  void randomNumbers_neverRepeat() throws IOException {
    Files.writeString(directory.resolve("drawing.py"), "import random\nvalue = random.random()\n");
    Files.writeString(directory.resolve("keys.py"), "import secrets\nkey = secrets.token_hex(8)\n");
    Files.writeString(
        directory.resolve("generators.py"), "import random\ngenerator = random.Random()\n");
    site.script(
        "random-numbers.py",
        "#!/usr/bin/python3",
        HEAD,
        "import sys; print('uuid' in sys.modules, file=sys.stderr)",
        "import drawing, keys, generators, uuid, secrets, random, os",
        "print(drawing.value, keys.key, generators.generator.random(), uuid.uuid4(),"
            + " secrets.token_hex(8), random.random(), os.urandom(8).hex(), end='')");
    Set<String> seen = new HashSet<>();
    site.fork(() -> Call.get("/random-numbers.py"));
    int learned = 0;
    for (int i = 0; learned < 100; i++) {
      assertThat(i).isLessThan(1000);
      WarmSite.Answer answer = site.ask(() -> Call.get("/random-numbers.py"));
      learned += answer.log().contains("True") ? 1 : 0;
      String[] numbers = answer.body().split(" ");
      assertThat(numbers).hasSize(7);
      for (String number : numbers) {
        assertThat(seen.add(number)).as("request %s: %s", i, number).isTrue();
      }
    }
    assertThat(site.last().start()).isEqualTo("fork");
  }

  /** Mercurial and all that uses a pool of processes load it. */
  @Test
  void multiprocessing_isLearned_andEachRunHasItsOwnKey() throws IOException {
    site.script(
        "key.py",
        "#!/usr/bin/python3",
        HEAD,
        "import sys; print('multiprocessing.process' in sys.modules, file=sys.stderr)",
        "import multiprocessing; print(multiprocessing.current_process().authkey.hex(), end='')");
    Set<String> seen = new HashSet<>();
    long start = System.nanoTime();
    int learned = 0;
    while (learned < 10) {
      Awaited.inTime(start, "");
      WarmSite.Answer answer = site.ask(() -> Call.get("/key.py"));
      learned += answer.log().contains("True") ? 1 : 0;
      assertThat(answer.body()).hasSize(64);
      assertThat(seen.add(answer.body())).isTrue();
    }
  }

  /** The server keeps its children until the host knows how they have ended. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "signal.SIG_IGN",
        "lambda *_: [None for _ in iter(lambda: os.waitpid(-1, os.WNOHANG)[0], 0)]",
      })
  void handlerOfAModuleForEndedChildren_isThatOfTheScript(String handler) throws IOException {
    Path own = Files.createTempDirectory(directory, "reaper");
    Files.writeString(
        own.resolve("reaper.py"),
        "import os, signal\nsignal.signal(signal.SIGCHLD, " + handler + ")\n");
    try (WarmSite other = new WarmSite(own)) {
      other.script(
          "reap.py",
          "#!/usr/bin/python3",
          HEAD,
          "import sys; print('reaper' in sys.modules, file=sys.stderr)",
          "import reaper, signal; print(type(signal.getsignal(signal.SIGCHLD))); sys.exit(3)");
      WarmSite.Answer spawned = other.spawn(() -> Call.get("/reap.py"));
      Consumer<WarmSite.Answer> same =
          answer -> {
            assertThat(answer.body()).isEqualTo(spawned.body());
            assertThat(answer.exit()).isEqualTo(spawned.exit());
          };
      other.forkUntilLogged("True", () -> Call.get("/reap.py"), same);
      for (int i = 0; i < 3; i++) {
        same.accept(other.fork(() -> Call.get("/reap.py")));
      }
    }
  }

  /** Others may write to it. A script does not import from there either. */
  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void modulesOfTheWorkingDirectory_areNotImported(WorkerMode mode) throws IOException {
    Path own = Files.createDirectory(directory.resolve("cwd-" + mode));
    Path uploads = Files.createDirectory(own.resolve("uploads"));
    Path ran = own.resolve("ran");
    for (String name : List.of("os", "signal", "select", "random", "enum", "io", "warnings")) {
      Files.writeString(
          uploads.resolve(name + ".py"), "open('" + ran + "', 'a').write(__name__)\n");
    }
    try (WarmSite other =
        new WarmSite(
            own, mode, group -> group.workingDirectory(uploads).modules("json"), host -> host)) {
      other.script("cwd.py", "#!/usr/bin/python3", HEAD, "import os; print(os.getcwd())");
      assertThat(other.fork(() -> Call.get("/cwd.py")).body()).isEqualTo(uploads + "\n");
    }
    assertThat(ran).doesNotExist();
  }

  /** The server imports modules that the script does not. */
  @ParameterizedTest
  @EnumSource(WorkerMode.class)
  void programsWithTheNamesOfModules_areRunForNoOtherScript(WorkerMode mode) throws IOException {
    Path own = Files.createDirectory(directory.resolve("names-" + mode));
    Path ran = own.resolve("ran");
    for (String name : List.of("random", "enum", "warnings")) {
      Files.writeString(own.resolve(name + ".py"), "open('" + ran + "', 'a').write(__name__)\n");
    }
    Files.writeString(own.resolve("signal.py"), "value = 'own'\n");
    Files.writeString(own.resolve("plain.py"), "value = 'plain'\n");
    try (WarmSite other = new WarmSite(own, mode, group -> group.modules("plain"), host -> host)) {
      other.script(
          "names.py",
          "#!/usr/bin/python3",
          HEAD,
          "import plain, signal, sys; print(plain.value, signal.value, sys.path)");
      other.assertSame(() -> Call.get("/names.py"));
    }
    assertThat(ran).doesNotExist();
  }

  @Test
  void bodies_areReadWholeInTurnWithNone() throws IOException {
    site.script(
        "body.py",
        "#!/usr/bin/python3",
        HEAD,
        "import sys, os",
        "body = sys.stdin.buffer.read()",
        "print(len(body), sum(body), os.environ.get('CONTENT_LENGTH'))");
    for (int size : new int[] {0, 1, 70_000, 200_000}) {
      byte[] body = new byte[size];
      Arrays.fill(body, (byte) 'b');
      site.assertSame(() -> Call.post("/body.py", body));
      site.assertSame(() -> Call.get("/body.py"));
      site.assertSame(() -> Call.of("POST", "/body.py").input(new ByteArrayInputStream(body)));
    }
  }

  /** Once it is loaded ahead, the file is open before the fork. */
  @Test
  void fileThatAModuleOpens_hasAnOffsetForEachChild() throws IOException {
    Files.writeString(directory.resolve("words.txt"), "one\ntwo\nthree\n");
    Files.writeString(
        directory.resolve("words.py"),
        "file = open('" + directory.resolve("words.txt") + "')\nfirst = file.readline()\n");
    site.script(
        "offset.py",
        "#!/usr/bin/python3",
        HEAD,
        "import sys; print('words' in sys.modules, file=sys.stderr)",
        "import words; print(words.first, words.file.read())");
    String text = "one\n two\nthree\n\n";
    site.forkUntilLogged(
        "True", () -> Call.get("/offset.py"), answer -> assertThat(answer.body()).isEqualTo(text));
    for (int i = 0; i < 3; i++) {
      WarmSite.Answer answer = site.fork(() -> Call.get("/offset.py"));
      assertThat(answer.log()).contains("True");
      assertThat(answer.body()).isEqualTo(text);
    }
  }

  /** What the interpreter does at its end for whatever a module still holds. */
  @Test
  void filesThatAModuleHolds_areFlushedAndTemporaryOnesGone() throws IOException {
    Path held = directory.resolve("held.txt");
    Files.writeString(
        directory.resolve("holding.py"),
        "import tempfile\nout = open('"
            + held
            + "', 'a')\n"
            + "temporary = tempfile.NamedTemporaryFile(dir='"
            + directory
            + "')\n");
    site.script(
        "held.py",
        "#!/usr/bin/python3",
        HEAD,
        "import os, holding; holding.out.write(os.environ['QUERY_STRING'])",
        "print(holding.temporary.name, end='')");
    for (int i = 0; i < 12; i++) {
      String query = "q=" + i;
      String name =
          (i == 0
                  ? site.spawn(() -> Call.get("/held.py").with("QUERY_STRING", query))
                  : site.fork(() -> Call.get("/held.py").with("QUERY_STRING", query)))
              .body();
      // Appended: a module that is learned is loaded once more, for no request.
      assertThat(Files.readString(held)).endsWith(query);
      assertThat(Path.of(name)).doesNotExist();
    }
  }
}
