package dev.postern.process;

import static dev.postern.process.ProcessFixture.await;
import static dev.postern.process.ProcessFixture.isRunning;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.server.Tools;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hosted program is, whichever way it was started. */
@EnabledOnOs(OS.LINUX)
abstract class HostedProcessContract {
  static final Map<String, String> PLAIN = Map.of("PATH", "/usr/local/bin:/usr/bin:/bin");
  private static final Duration LONG = Duration.ofSeconds(60);

  /** {@code -Dpostern.races=N}: ends, and reads, that race with exits. */
  private static final String RACES = "postern.races";

  private static final int ENDS = Integer.getInteger(RACES, 100);

  @TempDir Path directory;
  private ProcessFixture.Counts before;

  abstract HostedProcess start(
      List<String> command, Map<String, String> environment, Path directory, InputStream body)
      throws IOException;

  /** How often a short program is started to see whether anything is ever lost. */
  abstract int repeats();

  @BeforeEach
  void count() throws IOException {
    // What is made once, such as threads and descriptors that are kept, is made now.
    try (Running warm = sh("exit 0")) {
      warm.output();
    }
    before = ProcessFixture.Counts.now();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    before.awaitSame();
  }

  // ---- output ----

  @Test
  void output_isReadToItsEnd() throws IOException {
    try (Running program = sh("printf 'one\\n'; printf 'two'; exit 3")) {
      assertThat(program.output()).isEqualTo("one\ntwo");
      assertThat(program.process.exit()).isEqualTo(new Exit(3));
      assertThat(program.process.wasStillWriting()).isFalse();
    }
  }

  @Test
  void attackF27_fastPrograms_loseNothing() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(8);
    List<String> command = List.of("/usr/bin/printf", "all of it");
    int each = Integer.getInteger(RACES, repeats()) / 4;
    AtomicBoolean done = new AtomicBoolean();
    Future<?> load =
        clients.submit(
            () -> {
              long sum = 0;
              while (!done.get()) {
                sum += System.nanoTime();
              }
              return sum;
            });
    try {
      List<Future<?>> runs = new ArrayList<>();
      Callable<?> run =
          () -> {
            for (int i = 0; i < each; i++) {
              try (Running program = run(command, PLAIN, null)) {
                assertThat(program.output()).isEqualTo("all of it");
                assertThat(program.process.exit()).isEqualTo(new Exit(0));
              }
            }
            return null;
          };
      for (int i = 0; i < 4; i++) {
        runs.add(clients.submit(run));
      }
      for (Future<?> finished : runs) {
        finished.get();
      }
    } finally {
      done.set(true);
      load.get();
      clients.shutdown();
    }
  }

  @Test
  void largeOutput_isExact() throws IOException {
    try (Running program = sh("head -c 20000000 /dev/zero | tr '\\0' 'x'")) {
      long length = 0;
      int wrong = 0;
      while (program.process.read(LONG) == HostedProcess.Read.BLOCK) {
        byte[] block = program.process.bytes();
        for (int i = 0; i < program.process.length(); i++) {
          wrong += block[i] == 'x' ? 0 : 1;
        }
        length += program.process.length();
      }
      assertThat(length).isEqualTo(20_000_000);
      assertThat(wrong).isZero();
    }
  }

  /** Or its loss is known: where the JDK owns the pipe, a program can end before it is held. */
  @Test
  void grandchildOutput_afterTheProgramHasEnded_isRead() throws IOException {
    for (int i = 0; i < 5; i++) {
      try (Running program = sh("(sleep 0.2; printf late) & printf early-")) {
        String output = program.output();
        if (!program.process.wasStillWriting()) {
          assertThat(output).isEqualTo("early-late");
        }
        assertThat(program.process.exit()).isEqualTo(new Exit(0));
      }
    }
  }

  @Test
  void silence_isATimeout() throws IOException {
    try (Running program = sh("sleep 300")) {
      assertThat(program.process.read(Duration.ofMillis(50))).isEqualTo(HostedProcess.Read.TIMEOUT);
      assertThat(program.process.read(Duration.ZERO)).isEqualTo(HostedProcess.Read.TIMEOUT);
      assertThat(program.process.exitNow()).isEqualTo("running");
    }
  }

  @Test
  void hasMore_tellsOfOutputThatWaits() throws IOException {
    Path go = directory.resolve("go");
    String script = "printf one; until [ -e " + go + " ]; do sleep 0.02; done; printf two; sleep 9";
    try (Running program = sh(script)) {
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
      assertThat(program.process.hasMore()).isFalse();
      Files.createFile(go);
      await(program.process::hasMore);
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
      assertThat(program.block()).isEqualTo("two");
      assertThat(program.process.hasMore()).isFalse();
    }
  }

  @Test
  void wake_endsEveryRead() throws Exception {
    Running program = sh("sleep 300");
    try (program) {
      Thread waker = new Thread(program.process::wake);
      waker.start();
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.WOKEN);
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.WOKEN);
      waker.join();
    }
    program.process.wake();
    try (Running next = sh("printf next")) {
      assertThat(next.output()).isEqualTo("next");
    }
  }

  @Test
  void attackF25_interrupt_endsTheReadAndIsKept() throws IOException {
    try (Running program = sh("sleep 300")) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> program.process.read(LONG))
          .isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
      program.process.close();
      assertThat(Thread.interrupted()).isTrue();
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void attackF25_interruptBeforeTheStart_startsNothing() {
    Path mark = directory.resolve("started");
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> sh("touch " + mark)).isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      Thread.interrupted();
    }
  }

  // ---- input ----

  @Test
  void noBody_isAnEmptyInput() throws IOException {
    try (Running program = run(List.of("/bin/cat"), PLAIN, null)) {
      assertThat(program.output()).isEmpty();
      assertThat(program.process.exit()).isEqualTo(new Exit(0));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 4097, 65_536, 65_537, 1_000_000})
  void body_isPassedOn(int length) throws IOException {
    byte[] body = new byte[length];
    for (int i = 0; i < length; i++) {
      body[i] = (byte) ('a' + i % 23);
    }
    List<String> cat = List.of("/bin/cat");
    try (Running memory = run(cat, PLAIN, new ByteArrayInputStream(body));
        Running stream = run(cat, PLAIN, new Slow(new String(body, ISO_8859_1)))) {
      assertThat(memory.output()).isEqualTo(new String(body, ISO_8859_1));
      assertThat(memory.process.exit()).isEqualTo(new Exit(0));
      assertThat(stream.output()).isEqualTo(new String(body, ISO_8859_1));
      assertThat(stream.process.exit()).isEqualTo(new Exit(0));
    }
  }

  @Test
  void attackF01_bodyThatNobodyReads_holdsNothingUp() throws IOException {
    byte[] body = new byte[1 << 20];
    try (Running memory = sh("printf ok", new ByteArrayInputStream(body));
        Running stream = sh("printf ok", new FilterInputStream(new ByteArrayInputStream(body)) {});
        Running hanging =
            sh(
                "printf ok; exec sleep 300",
                new FilterInputStream(new ByteArrayInputStream(body)) {})) {
      assertThat(memory.output()).isEqualTo("ok");
      assertThat(stream.output()).isEqualTo("ok");
      assertThat(hanging.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
    }
  }

  @Test
  void bodyThatCannotBeRead_failsTheReadAndIsNoEndOfInput() throws IOException {
    Path mark = directory.resolve("clean");
    InputStream broken =
        new FilterInputStream(new ByteArrayInputStream(new byte[100])) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            int n = super.read(bytes, offset, length);
            if (n < 0) {
              throw new IOException("client has gone");
            }
            return n;
          }
        };
    try (Running program = sh("cat >/dev/null && touch " + mark, broken)) {
      assertThatThrownBy(() -> program.process.read(LONG))
          .isInstanceOf(BodyException.class)
          .hasMessage("client has gone");
    }
    assertThat(mark).doesNotExist();
  }

  @Test
  void clientThatIsSilent_doesNotHoldUpTheEnd() throws Exception {
    SilentBody silent = new SilentBody();
    try (Running program = sh("sleep 300", silent)) {
      assertThat(silent.awaitRead()).isTrue();
      program.process.end();
      assertThat(program.process.session().isAlive()).isFalse();
      assertThat(program.process.exitNow()).isEqualTo("signal 15");
      silent.giveUp();
    }
  }

  @Test
  void cancelWhileTheBodyIsWritten_isNoEndOfInput() throws IOException {
    Path mark = directory.resolve("clean");
    Path started = directory.resolve("started");
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 'x';
          }
        };
    try (Running program = sh("touch " + started + "; sleep 300; cat && touch " + mark, endless)) {
      await(() -> Files.exists(started));
      program.process.wake();
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.WOKEN);
    }
    assertThat(mark).doesNotExist();
  }

  // ---- errors ----

  @Test
  void attackF03_errorsBeforeOutput_doNotBlock() throws IOException {
    try (Running program = sh("head -c 3000000 /dev/zero | tr '\\0' 'e' >&2; printf ok")) {
      assertThat(program.output()).isEqualTo("ok");
      program.process.close();
      assertThat(program.process.errors().total()).isEqualTo(3_000_000);
      assertThat(program.process.errors().bytes()).hasSize(64 * 1024).containsOnly('e');
    }
  }

  @Test
  void attackF04_errorsAfterTheOutputIsClosed_areKept() throws IOException {
    String flood = "exec >&-; head -c 300000 /dev/zero | tr '\\0' 'e' >&2; printf end >&2";
    try (Running program = sh(flood)) {
      assertThat(program.output()).isEmpty();
      program.process.close();
      assertThat(program.process.errors().total()).isEqualTo(300_003);
    }
  }

  @Test
  void errorsClosedEarly_areNoEnd() throws IOException {
    try (Running program = sh("printf lost >&2; exec 2>&-; printf ok")) {
      assertThat(program.output()).isEqualTo("ok");
      program.process.close();
      assertThat(new String(program.process.errors().bytes(), ISO_8859_1)).isEqualTo("lost");
    }
  }

  // ---- exit and end ----

  @Test
  void signal_isTold() throws IOException {
    try (Running program = sh("kill -9 $$")) {
      assertThat(program.output()).isEmpty();
      assertThat(program.process.exit().isSignalled()).isTrue();
      assertThat(program.process.exit()).hasToString("signal 9");
      assertThat(program.process.exitNow()).isEqualTo("signal 9");
    }
  }

  /** Its first thread may end long before the last one. */
  @Test
  void signalThatEndsManyThreads_isTold() throws IOException {
    String code =
        """
        import os, signal, threading, time
        for _ in range(64):
            threading.Thread(target=time.sleep, args=(300,)).start()
        os.close(1)
        os.kill(os.getpid(), signal.SIGKILL)
        """;
    for (int i = 0; i < 5; i++) {
      try (Running program = run(List.of(Tools.require("python3"), "-c", code), PLAIN, null)) {
        assertThat(program.output()).isEmpty();
        assertThat(program.process.exit()).hasToString("signal 9");
        assertThat(program.process.wasTerminated()).isFalse();
      }
    }
  }

  @Test
  void programThatClosesItsOutputAndLivesOn_isRunningAndThenEnded() throws IOException {
    long pid;
    try (Running program = sh("echo $$; exec >&- 2>&-; sleep 300")) {
      pid = Long.parseLong(program.output().trim());
      assertThat(program.process.exit()).isEqualTo(Exit.RUNNING);
      assertThat(isRunning(pid)).isTrue();
    }
    assertThat(isRunning(pid)).isFalse();
  }

  @Test
  void programThatEndsSoonAfterItsOutput_isLeftToEnd() throws IOException {
    Path mark = directory.resolve("done");
    try (Running program = sh("exec >&- 2>&-; sleep 0.5; touch " + mark)) {
      assertThat(program.output()).isEmpty();
    }
    assertThat(mark).exists();
  }

  @Test
  void attackF13_close_endsTheWholeGroup() throws IOException {
    List<Long> pids = new ArrayList<>();
    try (Running program = sh("sleep 300 & echo $!; (sleep 300 & echo $!); echo $$; sleep 300")) {
      while (pids.size() < 3) {
        assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
        program.block().lines().map(Long::valueOf).forEach(pids::add);
      }
      assertThat(pids).allMatch(ProcessFixture::isRunning);
    }
    assertThat(pids).noneMatch(ProcessFixture::isRunning);
  }

  @Test
  void attackF13_memberWithAGroupOfItsOwn_isEndedToo() throws IOException {
    long pid;
    try (Running program = sh("set -m; sleep 300 & echo $!; sleep 300")) {
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
      pid = Long.parseLong(program.block().trim());
    }
    assertThat(isRunning(pid)).isFalse();
  }

  @Test
  void attackF13_grandchildThatHoldsThePipe_isEndedAfterTheGrace() throws IOException {
    try (Running program = sh("sleep 300 & echo $!; sleep 0.2")) {
      long pid = Long.parseLong(program.output().trim());
      assertThat(program.process.exit()).isEqualTo(new Exit(0));
      assertThat(program.process.wasStillWriting()).isFalse();
      assertThat(isRunning(pid)).isTrue();
      program.process.close();
      assertThat(isRunning(pid)).isFalse();
    }
  }

  @Test
  void grandchildThatWritesOn_isTold() throws IOException {
    try (Running program = sh("(while :; do echo x; sleep 0.05; done) & sleep 0.2")) {
      program.output();
      assertThat(program.process.wasStillWriting()).isTrue();
    }
  }

  @Test
  void grandchildThatFloods_isEnded() throws IOException {
    // Not at once: where the JDK owns the pipe, what comes after a quick end may be lost.
    try (Running program = sh("yes & sleep 0.2")) {
      while (program.process.read(LONG) == HostedProcess.Read.BLOCK) {
        // More than anyone wants.
      }
      assertThat(program.process.exit()).isEqualTo(new Exit(0));
      assertThat(program.process.wasStillWriting()).isTrue();
    }
  }

  @Test
  void attackF13_escapeeWithTheStreams_holdsNothingUp() throws IOException {
    long pid;
    try (Running program =
        // Not at once: where the JDK owns the pipe, what comes after a quick end may be lost.
        sh("setsid sh -c 'echo $$; exec sleep 300' & sleep 0.2", new Slow("x".repeat(500_000)))) {
      pid = Long.parseLong(program.output().trim());
      assertThat(program.process.exit()).isEqualTo(new Exit(0));
    }
    try {
      assertThat(isRunning(pid)).isTrue();
    } finally {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void attackF14_programThatIgnoresTerm_isKilled() throws IOException {
    long pid;
    try (Running program = sh("trap '' TERM; echo $$; while :; do sleep 300; done")) {
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
      pid = Long.parseLong(program.block().trim());
    }
    assertThat(isRunning(pid)).isFalse();
  }

  @Test
  void attackF26_close_inTheMiddleOfOutput_endsTheProgram() throws IOException {
    long pid;
    try (Running program = sh("echo $$; exec yes")) {
      assertThat(program.process.read(LONG)).isEqualTo(HostedProcess.Read.BLOCK);
      pid = Long.parseLong(program.block().lines().findFirst().orElseThrow());
    }
    assertThat(isRunning(pid)).isFalse();
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS)
  void attackF15_endsThatRaceWithExits_hitNobodyElse() throws IOException {
    try (Running canary = sh("sleep 86400")) {
      for (int i = 0; i < ENDS; i++) {
        sh("exit 0").close();
      }
      assertThat(canary.process.exitNow()).isEqualTo("running");
    }
  }

  /** Children are counted at the end of each test, dead ones among them. */
  @Test
  void attackF16_programs_leaveNoZombies() throws IOException {
    for (int i = 0; i < repeats() / 10; i++) {
      try (Running program = sh(i % 2 == 0 ? "exit 0" : "(exit 3) & kill -9 $$")) {
        program.output();
      }
    }
    before.awaitSame();
  }

  @Test
  void close_again_isNothing() throws IOException {
    Running program = sh("exit 0");
    assertThat(program.output()).isEmpty();
    program.close();
    program.close();
    assertThat(program.process.exitNow()).isEqualTo("exit 0");
  }

  // ---- what the program has ----

  @Test
  void attackF17_program_hasItsThreeStreamsAlone() throws IOException {
    List<String> command = List.of("/bin/sh", "-c", "ls /proc/$$/fd; exit 0");
    for (InputStream body : new InputStream[] {null, new ByteArrayInputStream(new byte[9])}) {
      try (Running program = run(command, PLAIN, body)) {
        assertThat(program.output().lines()).containsExactly("0", "1", "2");
      }
    }
  }

  @Test
  void program_leadsASessionOfItsOwn() throws IOException {
    try (Running program = run(List.of("/bin/cat", "/proc/self/stat"), PLAIN, null)) {
      String[] fields = program.output().split(" ");
      assertThat(fields[4]).isEqualTo(fields[0]);
      assertThat(fields[5]).isEqualTo(fields[0]);
    }
  }

  @Test
  void attackF18_pipeSignal_isNotIgnored() throws IOException {
    try (Running program = run(List.of("/bin/cat", "/proc/self/status"), PLAIN, null)) {
      long ignored = signals(program.output(), "SigIgn");
      assertThat(ignored & 1L << 12).isZero();
    }
  }

  static long signals(String status, String name) {
    String line = status.lines().filter(l -> l.startsWith(name + ":")).findFirst().orElseThrow();
    return Long.parseUnsignedLong(line.substring(name.length() + 1).trim(), 16);
  }

  @Test
  void environment_isAllThatWasGiven() throws IOException {
    Map<String, String> environment =
        Map.of("A", "1", "EMPTY", "", "EQUALS", "a=b", "LONG", "x".repeat(60_000));
    try (Running program = run(List.of("/usr/bin/env"), environment, null)) {
      assertThat(program.output().lines())
          .containsExactlyInAnyOrder("A=1", "EMPTY=", "EQUALS=a=b", "LONG=" + "x".repeat(60_000));
    }
  }

  @Test
  void environment_isExactWhereItCanBeCarried() throws IOException {
    String bytes = new String(new byte[] {'c', (byte) 0xC3, (byte) 0xA9}, ISO_8859_1);
    StringBuilder all = new StringBuilder("x".repeat(16 * 1024));
    for (char c = ' '; c <= 0xFF; c++) {
      all.append(c);
    }
    String pieces = "x".repeat(16 * 1024 - 1) + "\n" + "\n".repeat(16 * 1024) + "\u00e9..\n\n";
    for (String value : List.of(bytes, all.toString(), "\u00ff %s\\n", "\u00e9\t", pieces)) {
      assertThat(ProgramText.canCarry(value)).isTrue();
      try (Running program = run(List.of("/usr/bin/env"), Map.of("A", value), null)) {
        assertThat(program.output()).isEqualTo("A=" + value + "\n");
      }
    }
  }

  @Test
  void directory_isTheWorkingDirectory() throws IOException {
    Path odd = Files.createDirectory(directory.resolve("a b;c"));
    HostedProcess process = start(List.of("/bin/pwd"), PLAIN, odd, null);
    try (Running program = new Running(process)) {
      assertThat(program.output()).isEqualTo(odd.toRealPath() + "\n");
    }
  }

  @Test
  void arguments_arePassedAsTheyAre() throws IOException {
    List<String> command = List.of("/usr/bin/printf", "%s|", "", "a b", "$x", "'\"\\", "-n");
    try (Running program = run(command, PLAIN, null)) {
      assertThat(program.output()).isEqualTo("|a b|$x|'\"\\|-n|");
    }
  }

  // ---- starts that fail ----

  @Test
  void missingDirectory_isRefused() {
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(() -> start(List.of("/bin/true"), PLAIN, directory.resolve("none"), null))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void attackF12_programsThatCannotStart_leaveNothing() throws IOException {
    Path noProgram = Files.writeString(directory.resolve("text"), "#!/no/such/interpreter\n");
    noProgram.toFile().setExecutable(true);
    List<String> bad =
        List.of(directory.resolve("none").toString(), "/etc/passwd", noProgram.toString());
    for (String program : bad) {
      for (InputStream body : new InputStream[] {null, new Slow("x")}) {
        try (Running started = run(List.of(program), PLAIN, body)) {
          // setsid has started, and found that there is nothing to run.
          assertThat(started.output()).isEmpty();
          assertThat(started.process.exit().code()).isBetween(126, 127);
        } catch (IOException e) {
          // The system said so at once.
        }
      }
    }
  }

  @Test
  void attackF12_environmentBeyondTheSystemsLimit_isRefused() {
    Map<String, String> tooLong = Map.of("A", "x".repeat(140_000));
    assertThatThrownBy(
            () -> {
              try (Running program = run(List.of("/bin/true"), tooLong, null)) {
                program.output();
              }
            })
        .isInstanceOf(IOException.class);
  }

  // ---- many at once ----

  @Test
  void manyAtOnce_allAnswer() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(16);
    CountDownLatch all = new CountDownLatch(16);
    List<Future<String>> outputs = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      outputs.add(
          clients.submit(
              () -> {
                try (Running program = sh("cat; printf ok", new Slow("in-"))) {
                  all.countDown();
                  all.await();
                  return program.output();
                }
              }));
    }
    for (Future<String> output : outputs) {
      assertThat(output.get()).isEqualTo("in-ok");
    }
    clients.shutdown();
    assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
  }

  // ---- helpers ----

  final Running sh(String script) throws IOException {
    return sh(script, null);
  }

  final Running sh(String script, InputStream body) throws IOException {
    return run(List.of("/bin/sh", "-c", script), PLAIN, body);
  }

  final Running run(List<String> command, Map<String, String> environment, InputStream body)
      throws IOException {
    return new Running(start(command, environment, directory, body));
  }

  /** A process that a test closes. */
  static final class Running implements AutoCloseable {
    final HostedProcess process;

    Running(HostedProcess process) {
      this.process = process;
    }

    String block() {
      return new String(process.bytes(), 0, process.length(), ISO_8859_1);
    }

    String output() throws IOException {
      StringBuilder output = new StringBuilder();
      HostedProcess.Read read = process.read(LONG);
      while (read == HostedProcess.Read.BLOCK) {
        output.append(block());
        read = process.read(LONG);
      }
      assertThat(read).isEqualTo(HostedProcess.Read.END);
      return output.toString();
    }

    @Override
    public void close() {
      process.close();
    }
  }

  /** A body that is not known to be in memory. */
  private static final class Slow extends FilterInputStream {
    Slow(String body) {
      super(new ByteArrayInputStream(body.getBytes(ISO_8859_1)));
    }
  }
}
