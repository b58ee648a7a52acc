package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.server.Tools;
import dev.postern.system.Owners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts that run again and again in one process: what is put back, and what is told. */
class WarmReuseTest {
  private static final String PERL = "print qq(Content-Type: text/plain\\n\\n);";
  private static final String PYTHON = "print('Content-Type: text/plain\\n')";

  @TempDir static Path directory;
  private static WarmSite site;

  @BeforeAll
  static void host() throws IOException {
    Tools.require("perl");
    Tools.require("python3");
    site =
        new WarmSite(
            directory,
            WorkerMode.REUSE,
            group -> group.processes(1).reloadEvery(Duration.ofMillis(20)),
            host -> host.headerTimeout(Duration.ofSeconds(20)));
  }

  @AfterAll
  static void close() {
    if (site != null) {
      site.close();
    }
  }

  private static Call get(String name, String query) {
    return Call.get("/" + name).with("QUERY_STRING", query);
  }

  /** The second and third request of one worker are answered as a process of its own does. */
  private static WarmSite.Answer same(String name, String... lines) throws IOException {
    site.script(name, lines);
    site.fork(() -> get(name, "first"));
    WarmSite.Answer spawned = site.spawn(() -> get(name, "q=1"));
    for (int i = 0; i < 2; i++) {
      WarmSite.Answer answer = site.fork(() -> get(name, "q=1"));
      assertThat(answer).isEqualTo(spawned);
      assertThat(site.last().start()).isEqualTo("reuse");
    }
    return spawned;
  }

  /** What is found after the requests of a new script, the first and the second. */
  private static Set<String> left(String name, String... lines) throws IOException {
    site.script(name, lines);
    site.fork(() -> get(name, "q=1"));
    site.fork(() -> get(name, "q=2"));
    return Set.copyOf(
        site.runs.stream()
            .filter(run -> run.program().endsWith(name))
            .flatMap(run -> run.limits().stream())
            .toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "environment | print $ENV{SEEN} // 'none', $ENV{QUERY_STRING}; $ENV{SEEN} = 1; delete"
            + " $ENV{PATH}",
        "directory | print `pwd`, umask; chdir '/'; umask 077",
        "signals | print $SIG{TERM} // 'none', $SIG{__WARN__} // 'none'; $SIG{TERM} = 'IGNORE';"
            + " $SIG{__WARN__} = sub {}; $SIG{ALRM} = sub {}; alarm 99",
        "variables | print $, // 'u', $\\ // 'u', ord $/, $\", $|, $^W, $0, scalar @ARGV, $INC[0];"
            + " ($, , $\\, $/, $\", $^W, $0) = (1) x 6; $| = 1; @ARGV = 1; @INC = 1",
        "mask | require POSIX; my $s = POSIX::SigSet->new; POSIX::sigprocmask(POSIX::SIG_BLOCK(),"
            + " POSIX::SigSet->new(POSIX::SIGUSR1()), $s); print $s->ismember(POSIX::SIGUSR1());"
            + " kill USR1 => $$",
        "time | print time - $^T < 3 ? 'now' : 'old'; $^T = 1",
        "handle | print 'x'; open F => '>/dev/null'; select F",
        "closed | $| = 1; print 'x'; close STDOUT; close STDERR; close STDIN",
        "lexical | my $n; $n++; my @l; push @l, 1; print $n, scalar @l",
        "exit | print 'x'; eval { exit 3 }; print 'y'",
        "exit-in-sub | sub f { print 'x'; exit 4 } f(); print 'y'",
        "exit-in-sort | my @l = sort { exit 5 } 1, 2; print 'y'",
        "die | print 'x'; die 'a reason'",
        "die-object | print 'x'; die { code => 1 }->{code}, 'n'",
        "fork | $| = 1; print 'x'; my $p = fork; exit 7 if !$p; waitpid $p => 0; print $? >> 8",
        "falls-out | $| = 1; print 'x'; my $p = fork; if ($p) { waitpid $p => 0; print $? >> 8 }"
            + " else { print 'c' }",
        "exec | $| = 1; print 'x'; exec '/bin/sh' => '-c' => 'echo from sh; exit 3'",
        "_exit | $| = 1; print 'x'; require POSIX; POSIX::_exit(6)",
        "kill | $| = 1; print 'x'; kill 9 => $$",
        "shell | $| = 1; print 'x'; system 'ls /proc/self/fd; echo e >/dev/stderr; cat'",
        "strict | use strict; use warnings; my $x; print qq(x$x)",
        "names | $s = 1; $f = 2; package Other; our $s; print $main::s, $main::f, $s // 'u',"
            + " __PACKAGE__, __FILE__, __LINE__",
      })
  void perl_isAnsweredAsByAProcessOfItsOwn(String name, String code) throws IOException {
    same("same-" + name + ".pl", "#!/usr/bin/perl", PERL, code + ";");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "environment | import os; print(os.environ.get('SEEN'), os.environ['QUERY_STRING']);"
            + " os.environ['SEEN'] = '1'; del os.environ['PATH']",
        "directory | import os; print(os.getcwd(), os.umask(0o77)); os.chdir('/')",
        "signals | import signal; print(signal.getsignal(15), signal.getsignal(2));"
            + " signal.signal(15, signal.SIG_IGN); signal.signal(14, lambda *a: 0);"
            + " signal.alarm(99)",
        "main | state = globals().get('state', 0) + 1; print(state, sorted(globals()))",
        "path | import sys; print(sys.path, sys.argv); sys.path.insert(0, '/nowhere');"
            + " sys.argv.append('x')",
        "streams | import sys, os; print(sys.stdout.encoding, sys.stdout.name, sys.stdout.errors);"
            + " sys.stdout.flush(); sys.stdout = open(os.devnull, 'w'); sys.stdin.close()",
        "printf | import ctypes, os; ctypes.CDLL(None).printf(os.environb[b'QUERY_STRING'])",
        "raise | 1/0",
        "exit | import sys; sys.exit(3)",
        "exit-text | import sys; sys.exit('a reason')",
        "atexit | import atexit; atexit.register(print, 'bye')",
        "threads | import threading,time; threading.Thread(target=lambda: (time.sleep(.03),"
            + " print('late'))).start()",
        "hook | import sys; sys.excepthook = lambda *a: print('hook', a[0].__name__); 1/0",
        "warnings | import warnings; warnings.warn('once', stacklevel=1);"
            + " warnings.simplefilter('ignore')",
        "exec | import os,sys; sys.stdout.flush(); os.execv('/bin/sh', ['sh', '-c', 'echo"
            + " $QUERY_STRING; exit 4'])",
        "_exit | import os,sys; sys.stdout.flush(); os._exit(6)",
        "kill | import os,sys; sys.stdout.flush(); os.kill(os.getpid(), 9)",
        "fork | import os,sys; sys.stdout.flush(); p = os.fork(); print('x'); p and"
            + " print(os.waitpid(p, 0)[1])",
        "forks | import os; os.fork() or (os.fork() or os._exit(0), os.wait(), os._exit(0));"
            + " print(os.wait()[1])",
        "shell | import os,sys; sys.stdout.flush(); os.system('ls /proc/self/fd; echo e"
            + " >/dev/stderr; cat')",
        "closed | import os; os.close(1)",
        "replaced | import io, sys; print('shown'); sys.stdout = io.StringIO(); print('hidden')",
        "gone | import sys; print('shown'); sys.stdout = sys.stderr = None",
        "del-names | import os;¶class D:¶  def __init__(self, n): self.n = n¶"
            + "  def __del__(self): print(os.sep, self.n, helper())¶"
            + "def helper(): return D.__name__¶d = D(1); e = [D(2)]",
        "interrupt | import atexit, os; atexit.register(print, 'bye'); os.kill(os.getpid(), 2)",
        "mask | import os, signal; print(signal.pthread_sigmask(signal.SIG_BLOCK,"
            + " {signal.SIGUSR1})); os.kill(os.getpid(), signal.SIGUSR1)",
        "logging | import logging; logging.basicConfig(); logging.warning('seen')",
      })
  void python_isAnsweredAsByAProcessOfItsOwn(String name, String code) throws IOException {
    same("same-" + name + ".py", "#!/usr/bin/python3", PYTHON, code.replace('¶', '\n'));
  }

  @Test
  void standardOutput_isThatOfTheLoad() throws IOException {
    same("flush.pl", "#!/usr/bin/perl", "BEGIN { $| = 1 }", PERL + "print $|; $| = 0;");
    same(
        "selected.pl",
        "#!/usr/bin/perl",
        "BEGIN { select STDERR }",
        "print 'log'; select STDOUT;" + PERL);
  }

  @Test
  void formats_areThoseOfANewProcess() throws IOException {
    String line = "format STDOUT =\n@<<<\n$x\n.\n$x = 5;";
    String other = "format OTHER =\nother @<<<\n$x\n.";
    WarmSite.Answer answer =
        same(
            "format.pl",
            "#!/usr/bin/perl",
            "format STDOUT_TOP =\nhead @<\n$%\n.",
            other,
            line + PERL,
            "write; $~ = 'OTHER'; $= = 20; write; print \"$- $%\";");
    assertThat(answer.body()).contains("head 1", "\n5", "other 5");
    same(
        "format-top.pl",
        "#!/usr/bin/perl",
        "format top =\nhead\n.",
        line + PERL,
        "write; print $^;");
    same(
        "format-of-load.pl",
        "#!/usr/bin/perl",
        "BEGIN { $~ = 'OTHER'; $^ = 'HEAD' }",
        "format HEAD =\nhead\n.",
        other,
        PERL + "write; $~ = 'x'; $^ = 'y';");
  }

  /** Where Perl cannot jump out of, the worker ends with its request. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "die-handler | eval { local $SIG{__DIE__} = sub { print 'page'; exit 3 }; die 'why' }",
        "warn-handler | local $SIG{__WARN__} = sub { print 'page'; exit 3 }; eval { warn 'why' }",
        "signal-handler | local $SIG{USR1} = sub { print 'page'; exit 3 }; eval { kill USR1 => $$;"
            + " select undef, undef, undef, 9 }",
        "destructor | sub Guard::DESTROY { print 'page'; exit 3 } eval { my $g = bless [], 'Guard'"
            + " }",
        "tied | sub Tied::TIESCALAR { bless [], 'Tied' } sub Tied::FETCH { print 'page'; exit 3 }"
            + " eval { tie my $t, 'Tied'; my $x = qq($t) }",
        "overloaded | package Text { use overload '\"\"' => sub { print 'page'; exit 3 } } eval {"
            + " my $x = '' . bless [], 'Text' }",
        "sort-block | eval { my @l = sort { print 'page'; exit 3 } 1, 2 }",
      })
  void exitInAHandler_isNotCaughtByTheScript(String name, String code) throws IOException {
    WarmSite.Answer answer =
        same("exit-in-" + name + ".pl", "#!/usr/bin/perl", PERL, code + ";", "print 'secret';");
    assertThat(answer.body()).isEqualTo("page");
    assertThat(answer.exit()).isEqualTo("exit 3");
  }

  @Test
  void streams_areThoseOfTheSwitches() throws IOException {
    same("unbuffered.py", "#!/usr/bin/python3 -u", PYTHON, "import os; print('x'); os._exit(3)");
    same("layers.pl", "#!/usr/bin/perl -CS", PERL + "print qq(\\x{263A} \\x{e4});");
    same("lines.pl", "#!/usr/bin/perl -wl", PERL + "print 'x'; print $^W;");
  }

  /** Perl reads these switches for its main program, which a reused script is not. */
  @ParameterizedTest
  @CsvSource({
    "-l,true",
    "-w -l,true",
    "-W,false",
    "-T,false",
    "-s,false",
    "-n,false",
    "-0777,false"
  })
  void switchesOfTheScript_areTakenWhereAnInterpreterIsConfigured(String words, boolean taken)
      throws IOException {
    Path own = Files.createDirectories(directory.resolve("configured" + words.replace(' ', '_')));
    Programs.write(
        own.resolve("p.pl"),
        "#!/usr/bin/perl " + words + "\n" + PERL + "print 'x'; print $^W; print 'y' . undef;\n");
    try (WarmSite other =
        new WarmSite(
            own,
            WorkerMode.REUSE,
            group -> group.processes(1),
            host -> host.interpreter(".pl", List.of("/usr/bin/perl")))) {
      if (taken) {
        other.assertSame(() -> Call.get("/p.pl"));
      } else {
        WarmSite.Answer spawned = other.spawn(() -> Call.get("/p.pl"));
        assertThat(other.ask(() -> Call.get("/p.pl"))).isEqualTo(spawned);
        assertThat(other.last().coldReason()).contains("no script of Perl, Python or Ruby");
      }
    }
  }

  @Test
  void oneProcess_servesAllRequests() throws IOException {
    site.script("pid.pl", "#!/usr/bin/perl", PERL + "print $$");
    String first = site.fork(() -> get("pid.pl", "")).body();
    assertThat(site.fork(() -> get("pid.pl", "")).body()).isEqualTo(first);
    assertThat(site.status("pid.pl").mode()).isEqualTo(WorkerMode.REUSE);
    assertThat(site.status("pid.pl").pid()).isEqualTo(Long.parseLong(first));
    assertThat(site.last().limits()).isEmpty();
  }

  @Test
  void data_isReadFromItsStart() throws IOException {
    same(
        "data.pl",
        "#!/usr/bin/perl",
        PERL
            + "print tell DATA; print scalar <DATA>; print $ENV{QUERY_STRING} eq 'first' ? '' : <DATA>;"
            + "seek DATA, 0, 0; print scalar <DATA>;",
        "__END__",
        "one",
        "two");
  }

  /** A named sub that uses a variable of its file would keep that of the first request. */
  @Test
  void namedSubs_seeTheVariablesOfTheirRequest() throws IOException {
    WarmSite.Answer answer =
        same(
            "closure.pl",
            "#!/usr/bin/perl -w",
            "use strict; my $query = $ENV{QUERY_STRING}; use constant TEN => 10;",
            "sub show { return $query . TEN }",
            PERL + "print show();",
            "=pod",
            "",
            "never ended");
    assertThat(answer.body()).isEqualTo("q=110");
    assertThat(answer.log()).isEmpty();
  }

  /** Whatever the package and the kind of the variable, no later request sees the first user. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "block | my $user = $ENV{QUERY_STRING}; { package View; sub who { $user } } $user ="
            + " View::who",
        "package-in-begin | my $user = $ENV{QUERY_STRING}; BEGIN { package View; sub who { $user }"
            + " } $user = View::who",
        "qualified | my $user = $ENV{QUERY_STRING}; sub Deep::View::who { $user } $user ="
            + " Deep::View::who",
        "glob | my $user = $ENV{QUERY_STRING}; BEGIN { *View::who = sub { $user } } $user ="
            + " View::who",
        "unnamed | my $user = $ENV{QUERY_STRING}; our %view; BEGIN { $view{who} = sub { $user } }"
            + " $user = $view{who}->()",
        "state | use feature 'state'; sub who { state $u = $ENV{QUERY_STRING} } my $user = who",
        "state-of-script | use feature 'state'; state $user = $ENV{QUERY_STRING}",
        "state-in-unnamed | use feature 'state'; my $user = sub { state $u = $ENV{QUERY_STRING}"
            + " }->()",
      })
  void variablesOfTheFirstRequest_areNotSeenByTheNext(String name, String code) throws IOException {
    assertThat(same("kept-" + name + ".pl", "#!/usr/bin/perl", code + ";", PERL, "print $user;"))
        .extracting(WarmSite.Answer::body)
        .isEqualTo("q=1");
  }

  /**
   * Perl's `require` returns 1, and does nothing, for a file that an earlier request has loaded.
   */
  @Test
  void filesThatWorkOnTheScript_areLoadedByEachRequest() throws IOException {
    Files.writeString(directory.resolve("settings.pl"), "return { q => $query };\n");
    Files.writeString(directory.resolve("Once.pm"), "package Once; our $q = $main::query; 1;\n");
    site.script(
        "settings-user.pl",
        "#!/usr/bin/perl",
        "use lib '" + directory + "'; our $query = $ENV{QUERY_STRING};",
        PERL,
        "my $settings = require 'settings.pl'; require Once; print \"$settings->{q} $Once::q\";");
    site.fork(() -> get("settings-user.pl", "first"));
    for (String query : List.of("a", "b", "c")) {
      assertThat(site.fork(() -> get("settings-user.pl", query)).body()).startsWith(query + " ");
    }
  }

  @Test
  void randomNumbers_neverRepeat() throws IOException {
    Set<String> seen = new HashSet<>();
    for (String name : List.of("random.pl", "random-too.pl")) {
      site.script(
          name,
          "#!/usr/bin/perl",
          PERL,
          "print rand; srand 7 if $ENV{QUERY_STRING} eq 'seed'; print ' ', rand;");
      site.fork(() -> get(name, "first"));
      for (int i = 0; i < 3; i++) {
        String body = site.fork(() -> get(name, "seed")).body();
        assertThat(seen.add(body.split(" ")[0])).as(body).isTrue();
      }
    }
  }

  @Test
  void unreadBody_isNotThatOfTheNextRequest() throws IOException {
    site.script(
        "body.pl", "#!/usr/bin/perl", "read STDIN, my $b, 3;" + PERL + "print $b, eof STDIN");
    site.script(
        "body.py", "#!/usr/bin/python3", "import sys", PYTHON, "print(sys.stdin.read(3), end='')");
    for (String name : List.of("body.pl", "body.py")) {
      for (String body : List.of("abcdef", "xyz", "")) {
        byte[] bytes = body.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        assertThat(site.fork(() -> Call.post("/" + name, bytes)))
            .isEqualTo(site.spawn(() -> Call.post("/" + name, bytes)));
      }
      assertThat(site.fork(() -> Call.get("/" + name)))
          .isEqualTo(site.spawn(() -> Call.get("/" + name)));
    }
  }

  @Test
  void globalsOfCgiPm_arePutBack() throws IOException {
    WarmSite.Answer answer =
        same(
            "cgi.pl",
            "#!/usr/bin/perl",
            "use CGI qw(:standard); print header('text/plain'), param('q') // 'none';");
    assertThat(answer.body()).isEqualTo("1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "scalar | $count++ | $count",
        "array | push @list, 1 | @list",
        "hash | $seen{$ENV{QUERY_STRING}} = 1 | %seen",
        "module | eval 'require Site' | module:",
        "descriptor | open our $kept => '</etc/passwd' | fd:",
        "child | if (!fork) { close STDOUT; close STDERR; sleep 3; exit } | child",
        "priority | setpriority 0, 0, getpriority(0, 0) + 1 | priority",
        "limits | require BSD::Resource; BSD::Resource::lower() | limits",
        "descriptor-of-many | ${\"v$_\"} = rand for 1 .. 25; open our $kept => '</etc/passwd' | fd:",
      })
  void perl_isToldWhatItLeaves(String name, String code, String found) throws IOException {
    Programs.write(directory.resolve("Site.pm"), "package Site; 1;\n");
    Tools.require("prlimit");
    // As the module of that name does by a call of the system.
    Files.createDirectories(directory.resolve("BSD"));
    Files.writeString(
        directory.resolve("BSD/Resource.pm"),
        "package BSD::Resource; sub lower { system 'prlimit', \"--pid=$$\", '--fsize=99999:' }"
            + " 1;\n");
    assertThat(
            left(
                "left-" + name + ".pl",
                "#!/usr/bin/perl",
                "use lib '" + directory + "';",
                PERL,
                code + ";"))
        .anyMatch(limit -> limit.startsWith("left:" + found));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "scalar | import site_module; site_module.count += 1 | site_module.count",
        "list | import site_module; site_module.items.append(1) | site_module.items",
        "module | import site_module | module:site_module",
        "descriptor | import os; os.open('/etc/passwd', 0) | fd:",
        "path | import sys; sys.path.append('/x') | sys.path",
        "thread | import threading,time; threading.Thread(target=lambda: time.sleep(3),"
            + " daemon=True).start() | thread:",
        "child | import os,time; os.fork() or (os.close(1), os.close(2), time.sleep(3),"
            + " os._exit(0)) | child",
        "priority | import os; os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS,"
            + " 0) + 1) | priority",
        "limits | import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (99999,"
            + " r.getrlimit(r.RLIMIT_FSIZE)[1])) | limits",
        "descriptor-of-many | import os, site_module; [setattr(site_module, 'v%d' % i, [i]) for i in"
            + " range(25)]; os.open('/etc/passwd', 0) | fd:",
        "thread-of-many | import threading, time, site_module; [setattr(site_module, 'v%d' % i, [i])"
            + " for i in range(25)]; threading.Thread(target=lambda: time.sleep(3),"
            + " daemon=True).start() | thread:",
      })
  void python_isToldWhatItLeaves(String name, String code, String found) throws IOException {
    Files.writeString(directory.resolve("site_module.py"), "count = 0\nitems = []\n");
    assertThat(left("left-" + name + ".py", "#!/usr/bin/python3", PYTHON, code))
        .anyMatch(limit -> limit.startsWith("left:" + found));
  }

  @ParameterizedTest
  @ValueSource(strings = {"pl", "py"})
  void userOfARequest_isNotThatOfTheNext(String language) throws Exception {
    if (Owners.current() != Owners.ROOT) {
      Assumptions.abort("only root can change its user");
    }
    String name = "user." + language;
    site.script(
        name,
        language.equals("pl")
            ? "#!/usr/bin/perl\n" + PERL + "print $>; $> = 61849;"
            : "#!/usr/bin/python3\nimport os\n"
                + PYTHON
                + "\nprint(os.geteuid()); os.seteuid(61849)");
    for (int i = 0; i < 3; i++) {
      assertThat(site.fork(() -> get(name, "")).body().strip()).isEqualTo("0");
    }
    assertThat(site.changes)
        .extracting(WorkerStatus::why)
        .contains("its script has left user behind");
  }

  @Test
  void findings_areInTheStatus() throws IOException {
    left("status.pl", "#!/usr/bin/perl", PERL + "$visits++");
    assertThat(site.status("status.pl").why()).contains("leaves behind").contains("$visits");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "open our $kept => '</etc/passwd'",
        "setpriority 0, 0, getpriority(0, 0) + 1",
        "$count++"
      })
  void worker_isRecycledForADescriptorOrPriorityAndStrictlyForAll(String code) throws Exception {
    Path own = Files.createDirectories(directory.resolve("recycled-" + code.length()));
    Programs.write(own.resolve("p.pl"), "#!/usr/bin/perl\n" + PERL + "print $$; " + code + ";\n");
    boolean strict = code.startsWith("$count");
    try (WarmSite other =
        new WarmSite(
            own,
            WorkerMode.REUSE,
            group -> strict ? group.processes(1).strictReuse() : group.processes(1),
            host -> host)) {
      String first = other.fork(() -> Call.get("/p.pl")).body();
      await(
          () ->
              other.changes.stream()
                  .anyMatch(c -> c.state().equals("recycled") && c.why().contains("has left")));
      assertThat(other.fork(() -> Call.get("/p.pl")).body()).isNotEqualTo(first);
    }
  }

  /** A name that only begins as the one of a child process does. */
  @Test
  void moduleOfTheNameChildren_endsNoWorker() throws Exception {
    Path own = Files.createDirectories(directory.resolve("children"));
    Files.writeString(own.resolve("children.py"), "count = 0\n");
    Programs.write(
        own.resolve("p.py"),
        "#!/usr/bin/python3\nimport children, os\nchildren.count += 1\n"
            + PYTHON
            + "\nprint(os.getpid())\n");
    try (WarmSite other =
        new WarmSite(own, WorkerMode.REUSE, group -> group.processes(1), host -> host)) {
      String worker = other.fork(() -> Call.get("/p.py")).body();
      for (int i = 0; i < 3; i++) {
        assertThat(other.ask(() -> Call.get("/p.py")).body()).isEqualTo(worker);
        assertThat(other.last().limits()).contains("left:children.count");
      }
    }
  }

  @Test
  void maximumRequests_endAWorker() throws Exception {
    Path own = Files.createDirectories(directory.resolve("maximum"));
    Programs.write(own.resolve("p.pl"), "#!/usr/bin/perl\n" + PERL + "print $$;\n");
    try (WarmSite other =
        new WarmSite(
            own, WorkerMode.REUSE, group -> group.processes(1).maximumRequests(3), host -> host)) {
      List<String> seen = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        seen.add(other.fork(() -> Call.get("/p.pl")).body());
      }
      assertThat(Set.copyOf(seen)).hasSize(2);
    }
  }

  /** The time in which a second request makes a script warm begins with its last request. */
  @Test
  void scriptWhoseWorkerHasEnded_isNotAskedForTheFirstTime() throws Exception {
    Path own = Files.createDirectories(directory.resolve("asked"));
    Programs.write(
        own.resolve("p.pl"),
        "#!/usr/bin/perl\n" + PERL + "open our $f => '</etc/passwd' if $ENV{QUERY_STRING};\n");
    Duration inactivity = Duration.ofSeconds(2);
    try (WarmSite other =
        new WarmSite(
            own,
            WorkerMode.REUSE,
            group -> group.processes(1).inactivityTimeout(inactivity),
            host -> host)) {
      other.fork(() -> get("p.pl", ""));
      long start = System.nanoTime();
      await(
          () -> {
            other.fork(() -> get("p.pl", ""));
            return System.nanoTime() - start > inactivity.toNanos();
          });
      other.ask(() -> get("p.pl", "leave"));
      await(() -> other.changes.stream().anyMatch(c -> c.why().contains("has left fd")));
      other.ask(() -> get("p.pl", ""));
      assertThat(other.last().coldReason()).isEqualTo("it is loading");
    }
  }

  /** Even if nobody kills it, as when its JVM was killed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "p.py | #!/usr/bin/python3 | import atexit, os, threading, time; print('Content-Type:"
            + " text/plain\\n'); print(os.getpid(), end=''); atexit.register(lambda:"
            + " threading.Thread(target=time.sleep, args=(987,)).start())",
        "p.pl | #!/usr/bin/perl | print qq(Content-Type: text/plain\\n\\n$$); END {"
            + " sleep 987 if defined &Postern::Warm::script }",
      })
  void workerThatDoesNotEnd_isEndedByItsOwnAlarm(String name, String first, String code)
      throws Exception {
    Path own = Files.createDirectories(directory.resolve("alarm-" + name));
    Programs.write(own.resolve(name), first + "\n" + code + "\n");
    try (WarmSite other =
        new WarmSite(
            own,
            WorkerMode.REUSE,
            group -> group.maximumRequests(1).gracefulTimeout(Duration.ofSeconds(1)),
            host -> host)) {
      String worker = other.fork(() -> Call.get("/" + name)).body();
      await(() -> !WarmPrograms.isRunning(worker));
    }
  }

  /** How many requests the workers of a site were given; either of two may have the next one. */
  private static long given(WarmSite site) {
    return site.group.status().stream().mapToLong(WorkerStatus::requests).sum();
  }

  @Test
  void hungWorker_isKilledAndItsSiblingAnswers() throws Exception {
    Path own = Files.createDirectories(directory.resolve("hung"));
    Programs.write(
        own.resolve("p.pl"),
        "#!/usr/bin/perl\nsleep 99 if $ENV{QUERY_STRING} eq 'hang';" + PERL + "print 'ok';\n");
    try (WarmSite other =
        new WarmSite(
            own,
            WorkerMode.REUSE,
            group -> group.processes(2),
            host -> host.headerTimeout(Duration.ofMillis(600)))) {
      other.fork(() -> get("p.pl", ""));
      long before = given(other);
      CompletableFuture<Call> hung =
          CompletableFuture.supplyAsync(
              () -> get("p.pl", "hang").to(other.warm), task -> new Thread(task).start());
      await(() -> given(other) > before || hung.isDone());
      for (int i = 0; i < 5; i++) {
        assertThat(get("p.pl", "").to(other.warm).body()).isEqualTo("ok");
      }
      assertThat(hung.get(60, TimeUnit.SECONDS).status).isEqualTo(504);
      assertThat(other.fork(() -> get("p.pl", "")).body()).isEqualTo("ok");
    }
  }

  @Test
  void killedWorker_runsNothingTwiceAndLosesNothingThatItCanRun() throws Exception {
    Path runs = Files.createFile(directory.resolve("runs"));
    site.script(
        "killed.pl",
        "#!/usr/bin/perl",
        "open my $f, '>>', '" + runs + "'; syswrite $f, \"$ENV{QUERY_STRING}\\n\"; close $f;",
        PERL + "print 'ok';");
    site.fork(() -> get("killed.pl", "warm"));
    for (int i = 0; i < 10; i++) {
      long pid = site.status("killed.pl").pid();
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      await(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
      String id = "id" + i;
      assertThat(site.ask(() -> get("killed.pl", id)).body()).isEqualTo("ok");
      site.fork(() -> get("killed.pl", "warm"));
    }
    List<String> lines = Files.readAllLines(runs);
    assertThat(lines).filteredOn(line -> line.startsWith("id")).hasSize(10).doesNotHaveDuplicates();
  }

  /** Their requests load the module, and not the worker before them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "reused_module.py | value = '%s' | python3 | print('Content-Type: text/plain\\n');"
            + " import reused_module; print(reused_module.value, end='')",
        "Reused.pm | package Reused; sub value { '%s' } 1; | perl | print qq(Content-Type:"
            + " text/plain\\n\\n); chdir '..'; unshift @INC, '%s'; require Reused; print"
            + " Reused::value();",
      })
  void changedModule_isNew(String module, String text, String program, String script)
      throws Exception {
    String name = "change-module" + module;
    Path relative = directory.getParent().relativize(directory);
    Files.writeString(directory.resolve(module), text.formatted("old"));
    site.script(name, "#!/usr/bin/" + program, script.replace("%s", relative.toString()));
    for (int i = 0; i < 3; i++) {
      assertThat(site.fork(() -> get(name, "")).body()).isEqualTo("old");
    }
    Files.writeString(directory.resolve(module), text.formatted("newer"));
    await(() -> site.ask(() -> get(name, "")).body().equals("newer"));
    for (int i = 0; i < 3; i++) {
      assertThat(site.ask(() -> get(name, "")).body()).isEqualTo("newer");
    }
    assertThat(site.fork(() -> get(name, "")).body()).isEqualTo("newer");
  }

  @Test
  void changedArchive_isNew() throws Exception {
    Path archive = directory.resolve("archive.zip");
    Programs.zip(archive, "zipped.py", "value = 'old'\n");
    site.script(
        "zip.py",
        "#!/usr/bin/python3",
        PYTHON,
        "import sys; sys.path.append('" + archive + "'); import zipped; print(zipped.value)");
    assertThat(site.fork(() -> get("zip.py", "")).body()).isEqualTo("old\n");
    Programs.zip(archive, "zipped.py", "value = 'newer'\n");
    // Not by many requests, after which a worker ends.
    long changed = System.nanoTime();
    await(() -> System.nanoTime() - changed > TimeUnit.MILLISECONDS.toNanos(20));
    assertThat(site.ask(() -> get("zip.py", "")).body()).isEqualTo("newer\n");
    assertThat(site.fork(() -> get("zip.py", "")).body()).isEqualTo("newer\n");
  }

  @Test
  void changedScript_isNew() throws Exception {
    site.script("change.py", "#!/usr/bin/python3", PYTHON, "print('old')");
    assertThat(site.fork(() -> get("change.py", "")).body()).isEqualTo("old\n");
    site.script("change.py", "#!/usr/bin/python3", PYTHON, "print('script')");
    assertThat(site.ask(() -> get("change.py", "")).body()).isEqualTo("script\n");
    assertThat(site.fork(() -> get("change.py", "")).body()).isEqualTo("script\n");
  }

  @Test
  void loadThatIsOfARequest_isSpawned() throws IOException {
    for (String begin : Stream.of("$q = $ENV{QUERY_STRING}", "$r = rand", "print 'x'").toList()) {
      String name = "begin" + begin.length() + ".pl";
      site.script(name, "#!/usr/bin/perl", "BEGIN { " + begin + " }", PERL + "print 'ok';");
      WarmSite.Answer spawned = site.spawn(() -> get(name, "q"));
      await(
          () -> {
            assertThat(site.ask(() -> get(name, "q"))).isEqualTo(spawned);
            return site.last().coldReason().contains("while it loads");
          });
    }
    site.script("syntax.pl", "#!/usr/bin/perl", "print 1 if;");
    await(
        () -> {
          site.ask(() -> get("syntax.pl", "q"));
          return site.last().coldReason().contains("cannot be compiled");
        });
  }

  @Test
  void ruby_isSpawnedAndSaysWhy() throws IOException {
    Tools.require("ruby");
    site.script("p.rb", "#!/usr/bin/ruby", "print \"Content-Type: text/plain\\n\\nok\"");
    assertThat(site.ask(() -> get("p.rb", "")).body()).isEqualTo("ok");
    assertThat(site.last().coldReason()).contains("Ruby");
  }

  @Test
  void namespaces_areRefused() throws IOException {
    Tools.require("bwrap");
    Path program = site.script("n.pl", "#!/usr/bin/perl", PERL);
    try (WorkerGroup group = WorkerGroup.builder("g").mode(WorkerMode.REUSE).build()) {
      CgiApplication.Builder host =
          CgiApplication.builder(program)
              .isolation(Isolation.builder().namespaces().build())
              .workers(group);
      assertThatThrownBy(host::build)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("namespaces");
    }
  }
}
