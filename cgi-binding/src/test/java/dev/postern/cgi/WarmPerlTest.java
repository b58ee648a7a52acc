package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scripts of Perl in children of a fork server answer as they do in processes of their own. */
class WarmPerlTest {
  @TempDir static Path directory;
  private static WarmSite site;

  @BeforeAll
  static void host() throws IOException {
    Tools.require("perl");
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
  void state_isFreshForEachRequest() throws IOException {
    WarmSite.Answer answer =
        same(
            "state.pl",
            "#!/usr/bin/perl",
            "our $global; my $lexical; $global++; $lexical++; $ENV{SEEN}++; $main::{extra} //= 0;",
            "print qq(Content-Type: text/plain\\n\\n$global $lexical $ENV{SEEN} ),",
            "  join(' ', map { \"$_=$ENV{$_}\" } sort keys %ENV), \"\\n\";");
    assertThat(answer.body()).startsWith("1 1 1 ").contains("QUERY_STRING=q=1");
  }

  @Test
  void script_isTheMainProgram() throws IOException {
    WarmSite.Answer answer =
        same(
            "main.pl",
            "#!/usr/bin/perl -wl",
            "print qq(Content-Type: text/plain\\n);",
            "print join '|', $0, __FILE__, __LINE__, scalar(@ARGV), $^W, defined caller() ? 1 : 0;",
            "warn 'a warning'; my $undefined; print qq(x$undefined);",
            "END { print 'end'; $? = 7 } package D { sub DESTROY { print STDERR 'destroyed' } }",
            "our $d = bless {}, 'D'; print <DATA>; exit 3;",
            "__END__",
            "data");
    assertThat(answer.exit()).isEqualTo("exit 7");
    assertThat(answer.body()).contains("|0|1|0\n".substring(1)).contains("data").contains("end");
    assertThat(answer.log()).contains("a warning").contains("destroyed");
  }

  @ParameterizedTest
  @CsvSource({
    "die-before, die 'before the head'",
    "die-after, print qq(Content-Type: text/plain\\n\\nx); die 'after the head'",
    "kill, print qq(Content-Type: text/plain\\n\\nx); $|=1; print 'y'; kill 9 => $$",
    "exec, exec '/bin/sh' => '-c' => 'echo Content-Type: text/plain; echo; env | sort; exit 4'",
    "status, print qq(Status: 404 Gone\\nContent-Type: text/plain\\n\\nnone); exit 1",
    "nothing, 1",
    "stdout, system(q(echo Content-Type: text/plain; echo; echo x >/dev/stdout; echo e"
        + " >/dev/stderr))",
    "descriptors, print qq(Content-Type: text/plain\\n"
        + "\\n"
        + "); $|=1; print ''; system 'ls /proc/self/fd | wc -l'",
    "signals, print qq(Content-Type: text/plain\\n"
        + "\\n"
        + "); open my $s => '/proc/self/status'; print map { s/\\t000000018/\\t000000000/r } grep"
        + " /^Sig[BIC]|^Shd/ => <$s>",
    "fork, print qq(Content-Type: text/plain\\n"
        + "\\n"
        + "); $|=1; print ''; if (my $p = fork) { waitpid $p => 0; print $? >> 8 } else { print"
        + " 'c'; exit 5 }",
    "limits, print qq(Content-Type: text/plain\\n\\n); print umask; system 'ulimit -a; pwd'",
    "time, print qq(Content-Type: text/plain\\n\\n); print time - $^T < 3 ? 'now' : 'old'",
    "format, 'format STDOUT =\n"
        + "@<<<\n"
        + "$x\n"
        + ".\n"
        + "our $x = 5; print qq(Content-Type: text/plain\\n"
        + "\\n"
        + "); write'",
    "vars, print qq(Content-Type: text/plain\\n"
        + "\\n"
        + "); print join '~' => $;, $\", $/, $^O, $0, $., $^S, $0",
  })
  void run_isTheSame(String name, String code) throws IOException {
    same(name + ".pl", "#!/usr/bin/perl", code);
  }

  @Test
  void layersOfHandles_areKept() throws IOException {
    String text = "print qq(Content-Type: text/plain\\n\\n\\x{263A} \\x{e4});";
    same("open.pl", "#!/usr/bin/perl", "use open qw(:std :utf8);", text);
    same("switch.pl", "#!/usr/bin/perl -CS", text);
  }

  @Test
  void taint_isThatOfTheSwitch() throws IOException {
    WarmSite.Answer answer =
        same(
            "taint.pl",
            "#!/usr/bin/perl -T",
            "use Scalar::Util 'tainted'; $ENV{PATH} = '/usr/bin:/bin';",
            "print qq(Content-Type: text/plain\\n\\n), tainted($ENV{QUERY_STRING}) ? 1 : 0,",
            "  tainted($ENV{PATH}) ? 1 : 0;",
            "print `echo ran`;",
            "eval { system \"echo $ENV{QUERY_STRING}\" }; print $@;");
    assertThat(answer.body()).startsWith("10ran").contains("Insecure dependency");
  }

  @Test
  void dataOfTwelveAtOnce_isReadFromItsStart() throws Exception {
    same(
        "data.pl",
        "#!/usr/bin/perl",
        "print qq(Content-Type: text/plain\\n\\n); print scalar <DATA>; print <DATA>;",
        "__DATA__",
        "first",
        "second");
    List<CompletableFuture<String>> all =
        IntStream.range(0, 12)
            .mapToObj(
                i -> CompletableFuture.supplyAsync(() -> Call.get("/data.pl").to(site.warm).body()))
            .toList();
    for (CompletableFuture<String> answer : all) {
      assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo("first\nsecond\n");
    }
  }

  @Test
  void whatLoadDoes_isDoneForEachRequest() throws IOException {
    WarmSite.Answer answer =
        same(
            "load.pl",
            "#!/usr/bin/perl",
            "BEGIN { $ENV{TZ} = 'Asia/Tokyo'; umask 027; chdir '/usr'; delete"
                + " $ENV{SERVER_SOFTWARE};",
            "  warn 'from BEGIN'; open F, '<', '/etc/passwd'; $first = <F> }",
            "print qq(Content-Type: text/plain\\n\\n), scalar(localtime 0), umask, `pwd`, <F>,",
            "  exists $ENV{SERVER_SOFTWARE} ? 1 : 0, $first;");
    assertThat(answer.body()).contains("09:00:00").contains("/usr");
    assertThat(answer.log()).contains("from BEGIN");
  }

  /** The reason why it is not loaded is that of the script; children then compile it. */
  @ParameterizedTest
  @CsvSource({
    "query, $q = $ENV{QUERY_STRING}, QUERY_STRING",
    "all, @a = %ENV, all of %ENV",
    "output, $| = 1; print qq(Content-Type: text/plain\\n\\nearly), output",
    "random, $r = int rand 1000000, random",
    "alarm, alarm 50, alarm",
  })
  void loadThatIsOfARequest_isOnTheSecondRung(String name, String begin, String why)
      throws IOException {
    String file = "begin-" + name + ".pl";
    site.script(
        file,
        "#!/usr/bin/perl",
        "BEGIN { " + begin + " }",
        (name.equals("output") ? "" : "print qq(Content-Type: text/plain\\n\\n);")
            + " print \"$q \", exists $ENV{QUERY_STRING};");
    site.assertSame(() -> Call.get("/" + file).with("QUERY_STRING", "q=2"));
    assertThat(site.status(file).why()).contains(why);
  }

  @Test
  void randomNumbersOfLoad_neverRepeat() throws IOException {
    site.script(
        "random.pl",
        "#!/usr/bin/perl",
        "BEGIN { $r = rand }",
        "print qq(Content-Type: text/plain\\n\\n), $r, ' ', rand;");
    Set<String> seen = new HashSet<>();
    site.fork(() -> Call.get("/random.pl"));
    for (int i = 0; i < 50; i++) {
      String body = Call.get("/random.pl").to(site.warm).body();
      assertThat(seen.add(body.split(" ")[0])).isTrue();
      assertThat(seen.add(body.split(" ")[1])).isTrue();
    }
  }

  @Test
  void bodies_areReadWholeInTurnWithNone() throws IOException {
    site.script(
        "body.pl",
        "#!/usr/bin/perl",
        "local $/; my $in = <STDIN>; print qq(Content-Type: text/plain\\n\\n), length $in, ' ',",
        "  unpack('%32C*', $in), ' ', $ENV{CONTENT_LENGTH} // 'none';");
    for (int size : new int[] {0, 1, 70_000, 0, 200_000}) {
      byte[] body = new byte[size];
      Arrays.fill(body, (byte) 'b');
      site.assertSame(() -> Call.post("/body.pl", body));
      site.assertSame(() -> Call.get("/body.pl"));
    }
    site.script(
        "unread.pl", "#!/usr/bin/perl", "print qq(Content-Type: text/plain\\n\\nnot read);");
    site.assertSame(() -> Call.post("/unread.pl", new byte[300_000]));
  }

  @Test
  void syntaxError_isShownBySpawningAndMendedIsWarm() throws IOException {
    site.script("syntax.pl", "#!/usr/bin/perl", "print 'Content-Type: text/plain' if;");
    WarmSite.Answer spawned = site.spawn(() -> Call.get("/syntax.pl"));
    for (int i = 0; i < 10; i++) {
      assertThat(site.ask(() -> Call.get("/syntax.pl"))).isEqualTo(spawned);
      assertThat(site.last().start()).isEqualTo("spawn");
    }
    assertThat(spawned.log()).contains("syntax error");
    same("syntax.pl", "#!/usr/bin/perl", "print qq(Content-Type: text/plain\\n\\nmended);");
  }

  @Test
  void replacedScript_isNewAtOnce() throws Exception {
    String[] lines = {
      "#!/usr/bin/perl", "print qq(Content-Type: text/plain\\n\\nA), <DATA>;", "__DATA__", "a"
    };
    site.script("replaced.pl", lines);
    assertThat(site.fork(() -> Call.get("/replaced.pl")).body()).isEqualTo("Aa\n");

    String text = String.join("\n", lines) + "\n";
    Files.writeString(
        directory.resolve("replaced.pl"), text.replace("nA)", "nB)").replace("\na\n", "\nb\n"));
    assertThat(site.ask(() -> Call.get("/replaced.pl")).body()).isEqualTo("Bb\n");
    assertThat(site.fork(() -> Call.get("/replaced.pl")).body()).isEqualTo("Bb\n");

    Programs.write(directory.resolve("new"), text.replace("nA)", "nC)"));
    Files.move(
        directory.resolve("new"), directory.resolve("replaced.pl"), StandardCopyOption.ATOMIC_MOVE);
    assertThat(site.ask(() -> Call.get("/replaced.pl")).body()).isEqualTo("Ca\n");
    assertThat(site.fork(() -> Call.get("/replaced.pl")).body()).isEqualTo("Ca\n");
  }

  @Test
  void dataOfAModule_isReadFromItsStartByEachChild() throws IOException {
    Files.writeString(
        directory.resolve("Lazy.pm"),
        "package Lazy; sub line { scalar <DATA> } sub rest { <DATA> } 1;\n__DATA__\none\ntwo\n");
    WarmSite.Answer answer =
        same(
            "lazy.pl",
            "#!/usr/bin/perl",
            "use lib '" + directory + "'; use Lazy; BEGIN { $first = Lazy::line() }",
            "print qq(Content-Type: text/plain\\n\\n$first), Lazy::rest();");
    assertThat(answer.body()).isEqualTo("one\ntwo\n");
  }

  /** Only the module with a package of its own can be loaded before the script begins. */
  @Test
  void filesThatWorkOnTheScript_areLoadedWhenItAsksForThem() throws IOException {
    Files.writeString(directory.resolve("settings.pl"), "return { title => 'T' };\n");
    Files.writeString(directory.resolve("paths.pl"), "$data = \"$base/data\"; 1;\n");
    Files.writeString(
        directory.resolve("Paths.pm"), "package Paths; our $data = \"$main::base/data\"; 1;\n");
    Files.writeString(directory.resolve("Tables.pm"), "%table = (a => 1); 1;\n");
    Files.writeString(directory.resolve("Tools.pm"), "package Tools; sub word { 'word' } 1;\n");
    site.script(
        "works-on.pl",
        "#!/usr/bin/perl",
        "use lib '"
            + directory
            + "'; print STDERR grep /Tools|settings|[Pp]aths|Tables/, keys %INC;",
        "$base = '/srv'; %table = ();",
        "my $settings = require 'settings.pl';",
        "require 'paths.pl'; require Paths; require Tables; require Tools;",
        "print qq(Content-Type: text/plain\\n\\n), join ' ',",
        "  $settings->{title}, $data, $Paths::data, %table, Tools::word();");
    site.forkUntilLogged(
        "Tools.pm",
        () -> Call.get("/works-on.pl"),
        answer -> {
          assertThat(answer.body()).isEqualTo("T /srv/data /srv/data a 1 word");
          assertThat(answer.log()).doesNotContain("settings", "aths", "Tables");
        });
  }

  @Test
  void modulesBelowADirectoryOfAnyName_areLearned() throws IOException {
    Path own = Files.createDirectory(directory.resolve("caf\u00e9"));
    Files.writeString(own.resolve("First.pm"), "package First; 1;\n");
    Files.writeString(own.resolve("Second.pm"), "package Second; 1;\n");
    try (WarmSite other = new WarmSite(own)) {
      other.script(
          "names.pl",
          "#!/usr/bin/perl",
          "BEGIN { unshift @INC, $0 =~ m{(.*)/} }",
          "print STDERR sort grep /First|Second/, keys %INC;",
          "require First; require Second; print qq(Content-Type: text/plain\n\nok);");
      other.forkUntilLogged(
          "First.pmSecond.pm",
          () -> Call.get("/names.pl"),
          answer -> assertThat(answer.body()).isEqualTo("ok"));
    }
  }

  @Test
  void modulesThatEachRequestFindsElsewhere_areNotLearned() throws IOException {
    Path sites = directory.resolve("sites");
    Files.writeString(directory.resolve("Conf.pm"), "package Conf; sub value { 'default' } 1;\n");
    Files.createDirectories(sites.resolve("b"));
    Files.writeString(sites.resolve("b/Conf.pm"), "package Conf; sub value { 'of b' } 1;\n");
    site.script(
        "sites.pl",
        "#!/usr/bin/perl",
        "use lib '" + directory + "'; print STDERR grep /Conf|Text/, keys %INC;",
        "unshift @INC, '" + sites + "/' . $ENV{QUERY_STRING};",
        "require Conf; require Text::ParseWords;",
        "print qq(Content-Type: text/plain\n\n), Conf::value();");
    site.forkUntilLogged(
        "Text",
        () -> Call.get("/sites.pl").with("QUERY_STRING", "a"),
        a -> assertThat(a.body()).isEqualTo("default"));
    WarmSite.Answer answer = site.fork(() -> Call.get("/sites.pl").with("QUERY_STRING", "b"));
    assertThat(answer.log()).contains("Text");
    assertThat(answer.body()).isEqualTo("of b");
  }

  /** Each of them changes something for the script, from the line in which it is loaded. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Handlers | $SIG{__DIE__} = sub { print qq(sorry: $_[0]); exit 0 };"
            + " $SIG{__WARN__} = sub { print qq(told: $_[0]) };",
        "Talking | warn qq(loads\\n);",
        "Configured | require 'base.pl';",
        "Separators | $, = '-'; $/ = undef;",
        "Signals | $SIG{ALRM} = sub { };",
        "Layers | binmode STDOUT, ':utf8';",
        "Selected | select STDERR;",
      })
  void moduleThatChangesTheScript_isLoadedByEachRequest(String name, String code)
      throws IOException {
    Files.writeString(directory.resolve("base.pl"), "package main; $base = '/custom'; 1;\n");
    Files.writeString(directory.resolve("Harmless.pm"), "package Harmless; 1;\n");
    Files.writeString(directory.resolve(name + ".pm"), "package " + name + "; " + code + " 1;\n");
    String script = "changes-" + name + ".pl";
    site.script(
        script,
        "#!/usr/bin/perl",
        "use lib '" + directory + "';",
        "print STDERR map qq($_\\n), grep /Harmless|" + name + "/, keys %INC;",
        "our $base = '/default'; print qq(Content-Type: text/plain\\n\\n), 1, 2, qq(\\xe4);",
        "print $SIG{ALRM} ? 'set' : 'unset', defined $/ ? 'line' : 'all';",
        "require Harmless; require " + name + ";",
        "print 1, 2, qq(\\xe4), $base; warn qq(w\\n); die qq(d\\n);");
    WarmSite.Answer spawned = site.spawn(() -> Call.get("/" + script));
    site.forkUntilLogged(
        "Harmless.pm",
        () -> Call.get("/" + script),
        answer -> {
          assertThat(answer.body()).isEqualTo(spawned.body());
          assertThat(answer.log().replace(script + ": Harmless.pm\n", "")).isEqualTo(spawned.log());
          assertThat(answer.exit()).isEqualTo(spawned.exit());
        });
  }

  /** Such modules name variables of main, or have files without a package, for all scripts. */
  @Test
  void moduleThatLoadsPartsOfPerl_isLearned() throws IOException {
    Files.writeString(
        directory.resolve("Parts.pm"),
        "package Parts; use Getopt::Long; use Config; our $type = $Config{uidtype}; 1;\n");
    site.script(
        "parts.pl",
        "#!/usr/bin/perl",
        "use lib '" + directory + "'; print STDERR grep /Parts|heavy/, sort keys %INC;",
        "require Parts; print qq(Content-Type: text/plain\\n\\n$Parts::type);");
    WarmSite.Answer spawned = site.spawn(() -> Call.get("/parts.pl"));
    site.forkUntilLogged(
        "Config_heavy.plParts.pm",
        () -> Call.get("/parts.pl"),
        answer -> assertThat(answer.body()).isEqualTo(spawned.body()));
  }

  /** When a script requires a loaded module, perl returns 1. */
  @Test
  void moduleWhoseValueIsAReference_isLoadedByEachRequest() throws IOException {
    Files.writeString(directory.resolve("Valued.pm"), "package Valued; { x => 'value' };\n");
    Files.writeString(directory.resolve("Plain.pm"), "package Plain; 1;\n");
    site.script(
        "valued.pl",
        "#!/usr/bin/perl",
        "use lib '" + directory + "'; print STDERR grep /Valued|Plain/, keys %INC;",
        "my $value = require Valued; require Plain;",
        "print qq(Content-Type: text/plain\\n\\n$value->{x});");
    site.forkUntilLogged(
        "Plain.pm",
        () -> Call.get("/valued.pl"),
        answer -> {
          assertThat(answer.body()).isEqualTo("value");
          assertThat(answer.log()).doesNotContain("Valued");
        });
  }

  @Test
  void bodyThatLoadReads_isThatOfTheRequest() throws IOException {
    site.script(
        "begin-body.pl",
        "#!/usr/bin/perl",
        "BEGIN { read STDIN, $begin, 3 }",
        "print qq(Content-Type: text/plain\\n\\n$begin, ), <STDIN>;");
    for (String body : List.of("abcdef", "xyz", "")) {
      byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
      site.assertSame(() -> Call.post("/begin-body.pl", bytes));
    }
    assertThat(site.status("begin-body.pl").why()).contains("reads its input");
  }

  /** A spare is forked long before its request; its script's clock begins with that. */
  @Test
  void timeOfASpareThatWaited_isThatOfItsRequest() throws IOException {
    site.script(
        "spare.pl",
        "#!/usr/bin/perl",
        "print qq(Content-Type: text/plain\\n\\n), time - $^T, ' ', -M $0 < 0 ? 'old' : 'new';");
    Files.setLastModifiedTime(directory.resolve("spare.pl"), FileTime.from(Instant.EPOCH));
    site.fork(() -> Call.get("/spare.pl"));
    long second = System.currentTimeMillis() / 1000;
    Awaited.await(() -> System.currentTimeMillis() / 1000 >= second + 3);
    WarmSite.Answer answer = site.ask(() -> Call.get("/spare.pl"));
    assertThat(site.last().start()).isEqualTo("fork");
    assertThat(answer.body()).isIn("0 new", "1 new");
  }

  @Test
  void randomNumbersOfAModule_neverRepeat() throws IOException {
    Files.writeString(
        directory.resolve("Draws.pm"), "package Draws; our $r = rand; sub r { rand } 1;\n");
    site.script(
        "draws.pl",
        "#!/usr/bin/perl",
        "use lib '" + directory + "'; use Draws;",
        "print qq(Content-Type: text/plain\\n\\n$Draws::r ), Draws::r();");
    Set<String> seen = new HashSet<>();
    site.fork(() -> Call.get("/draws.pl"));
    for (int i = 0; i < 100; i++) {
      for (String number : site.ask(() -> Call.get("/draws.pl")).body().split(" ")) {
        assertThat(seen.add(number)).isTrue();
      }
    }
  }

  /** A handler of Perl ends the read of a server that waits for commands. */
  @Test
  void signalThatAServerHandles_doesNotEndIt() throws Exception {
    Path rang = directory.resolve("rang");
    site.script(
        "handles.pl",
        "#!/usr/bin/perl",
        "BEGIN { $SIG{HUP} = sub { open my $f, '>', '" + rang + "' } }",
        "print qq(Content-Type: text/plain\\n\\n), getppid;");
    String server = site.fork(() -> Call.get("/handles.pl")).body();
    assertThat(new ProcessBuilder("kill", "-HUP", server).start().waitFor()).isZero();
    Awaited.await(() -> Files.exists(rang));
    for (int i = 0; i < 3; i++) {
      assertThat(site.fork(() -> Call.get("/handles.pl")).body()).isEqualTo(server);
    }
  }

  @Test
  void touchedScript_isLoadedAnew() throws IOException {
    Path script =
        site.script(
            "touched.pl", "#!/usr/bin/perl", "print qq(Content-Type: text/plain\\n\\n), getppid;");
    String server = site.fork(() -> Call.get("/touched.pl")).body();
    Files.setLastModifiedTime(script, FileTime.from(Instant.now().minusSeconds(60)));
    site.ask(() -> Call.get("/touched.pl"));
    assertThat(site.last().start()).isEqualTo("spawn");
    assertThat(site.last().coldReason()).isEqualTo("it has changed");
    assertThat(site.fork(() -> Call.get("/touched.pl")).body()).isNotEqualTo(server);
  }

  @Test
  void changedModule_isNewWithinTheInterval() throws Exception {
    Path own = Files.createDirectories(directory.resolve("modules"));
    Path module = own.resolve("Changing.pm");
    Files.writeString(module, "package Changing; sub value { 'old' } 1;\n");
    Programs.write(
        own.resolve("p.pl"),
        "#!/usr/bin/perl\nuse lib '"
            + own
            + "'; use Changing;\nprint qq(Content-Type: text/plain\\n\\n), Changing::value();\n");
    Duration interval = Duration.ofMillis(20);
    try (WarmSite other = new WarmSite(own, group -> group.reloadEvery(interval), host -> host)) {
      assertThat(other.fork(() -> Call.get("/p.pl")).body()).isEqualTo("old");
      Files.writeString(module, "package Changing; sub value { 'newer' } 1;\n");
      long changed = System.nanoTime();
      Awaited.await(() -> System.nanoTime() - changed > interval.toNanos());
      for (int i = 0; i < 6; i++) {
        assertThat(other.ask(() -> Call.get("/p.pl")).body()).isEqualTo("newer");
      }
      assertThat(other.fork(() -> Call.get("/p.pl")).body()).isEqualTo("newer");
    }
  }

  @Test
  void bodyOfUnknownLength_isReadWhole() throws IOException {
    site.script(
        "chunked.pl",
        "#!/usr/bin/perl",
        "local $/; my $in = <STDIN>; print qq(Content-Type: text/plain\\n\\n), length $in, ' ',",
        "  $ENV{CONTENT_LENGTH} // 'none';");
    for (int size : new int[] {1, 100_000}) {
      WarmSite.Answer answer =
          site.assertSame(
              () -> Call.of("POST", "/chunked.pl").input(new ByteArrayInputStream(new byte[size])));
      assertThat(answer.body()).isEqualTo(size + " " + size);
    }
  }
}
