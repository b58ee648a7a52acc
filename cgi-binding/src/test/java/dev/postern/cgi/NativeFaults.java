package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.process.StartPath;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Serves requests while functions of the C library fail, in a JVM that {@code faults.c} was
 * preloaded into: {@code DIRECTORY REQUESTS FIRST STEP}, of which the last two say which functions.
 * Prints a line for each kind of failure, and ends with a stack trace where something is not as it
 * must be.
 */
final class NativeFaults {
  private static final int EIO = 5;
  private static final int EINTR = 4;
  private static final int ECHILD = 10;
  private static final int EAGAIN = 11;
  private static final int ENOMEM = 12;
  private static final int EPERM = 1;
  private static final int EMFILE = 24;

  /** Of which only TERM's fails, so that KILL has to follow. */
  private static final String TERM = "kill";

  /** Each waits 2 s for what that would have ended, so that many are made at once. */
  private static final int CLIENTS = 50;

  /** More than a start is tried again. */
  private static final int ALWAYS = 1000;

  /**
   * A function that fails.
   *
   * @param number as in {@code faults.c}
   * @param span in how many calls of a request the first failure may be, in turn
   * @param calls how many calls fail
   */
  private record Fault(int number, String name, int error, int span, int calls) {}

  /** The eventfd first of all: what wakes a thread is kept from program to program. */
  private static final Fault[] FAULTS = {
    new Fault(2, "eventfd, always", EMFILE, 1, ALWAYS),
    new Fault(2, "eventfd", EMFILE, 2, 1),
    new Fault(1, "pipe2", EMFILE, 3, 1),
    new Fault(1, "pipe2, always", EMFILE, 3, ALWAYS),
    new Fault(3, "fcntl", ENOMEM, 1, 1),
    new Fault(4, "posix_spawn", EAGAIN, 1, 1),
    new Fault(4, "posix_spawn, always", ENOMEM, 1, ALWAYS),
    new Fault(5, "adddup2", ENOMEM, 3, 1),
    new Fault(6, "addchdir_np", ENOMEM, 1, ALWAYS),
    new Fault(15, "file_actions_init", ENOMEM, 1, ALWAYS),
    new Fault(7, "read", EIO, 4, 1),
    new Fault(7, "read, interrupted", EINTR, 4, 1),
    new Fault(8, "write", EIO, 4, 1),
    new Fault(8, "write, interrupted", EINTR, 4, 1),
    new Fault(9, "poll", ENOMEM, 6, 1),
    new Fault(9, "poll, interrupted", EINTR, 6, 1),
    new Fault(10, "waitid", ECHILD, 3, 1),
    new Fault(10, "waitid, interrupted", EINTR, 3, 1),
    new Fault(12, "pidfd_open", EMFILE, 1, ALWAYS),
    new Fault(13, "close", EIO, 6, ALWAYS),
    new Fault(14, "eventfd_read", EAGAIN, 1, 1),
    new Fault(11, TERM, EPERM, 1, Integer.MAX_VALUE),
  };

  private final int requests;
  private final IntBuffer control;
  private final ProcessLimit limit = ProcessLimit.of(2, Duration.ofSeconds(60));
  private final ProcessLimit many = ProcessLimit.of(CLIENTS);
  private final LongAdder told = new LongAdder();
  private final Application echo;
  private final Application lingering;
  private final Application silent;

  private NativeFaults(Path directory, int requests, IntBuffer control) throws IOException {
    this.requests = requests;
    this.control = control;
    String head = "printf 'Content-Type: text/plain\\n\\n'";
    this.echo = builder(Programs.sh(directory, "echo", "echo told >&2", head, "cat")).build();
    // Is alive when its output has ended: what ends at once need not be waited for.
    String linger = "exec >&- 2>&-; sleep 0.03";
    this.lingering = builder(Programs.sh(directory, "lingering", head, "cat", linger)).build();
    this.silent =
        builder(Programs.sh(directory, "silent", "exec sleep 987"))
            .limit(many)
            .headerTimeout(Duration.ofMillis(100))
            .build();
  }

  private CgiApplication.Builder builder(Path program) {
    return CgiApplication.builder(program)
        .limit(limit)
        .environment(Figures.MARK, Figures.mark())
        .headerTimeout(Duration.ofSeconds(20))
        .idleTimeout(Duration.ofSeconds(20))
        .onRun(run -> told.increment());
  }

  public static void main(String[] args) throws Exception {
    Path control = Path.of(System.getenv("POSTERN_FAULTS"));
    try (FileChannel file =
        FileChannel.open(control, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      IntBuffer mapped =
          file.map(FileChannel.MapMode.READ_WRITE, 0, Files.size(control))
              .order(ByteOrder.nativeOrder())
              .asIntBuffer();
      assertThat(StartPath.inForce()).isEqualTo(StartPath.NATIVE);
      NativeFaults faults = new NativeFaults(Path.of(args[0]), Integer.parseInt(args[1]), mapped);
      Figures before = Figures.now();
      int step = Integer.parseInt(args[3]);
      for (int i = Integer.parseInt(args[2]); i < FAULTS.length; i += step) {
        faults.run(FAULTS[i], before);
      }
      Figures after = Figures.whenQuiet();
      System.out.println("faults: before " + before);
      System.out.println("faults: after  " + after);
      after.assertBackAt(before);
    }
    // Before the JVM's own end, which is not what is looked at.
    System.out.println("faults: all contained");
  }

  private void run(Fault fault, Figures before) throws Exception {
    Map<String, Integer> answers = new ConcurrentSkipListMap<>();
    long toldBefore = told.sum();
    int hits = fault.name.equals(TERM) ? hang(fault, answers) : echo(fault, answers);
    Figures after = Figures.whenEnded(before);
    System.out.println("faults: " + fault.name + ", " + hits + " calls: " + answers + "; " + after);
    assertThat(hits).as("calls of " + fault.name + " that failed").isPositive();
    assertThat(told.sum() - toldBefore).as("runs that were told").isEqualTo(requests);
    assertThat(many.available()).isEqualTo(CLIENTS);
    after.assertEndedAt(before);
  }

  private int echo(Fault fault, Map<String, Integer> answers) {
    Application program = fault.name.equals("pidfd_open") ? lingering : echo;
    int hits = 0;
    for (int i = 0; i < requests; i++) {
      arm(fault, i % fault.span);
      String answer = echo(program, i / fault.span);
      hits += disarm();
      answers.merge(answer, 1, Integer::sum);
      assertThat(limit.available()).as(fault.name).isEqualTo(2);
    }
    return hits;
  }

  private int hang(Fault fault, Map<String, Integer> answers) throws Exception {
    arm(fault, 0);
    Clients.run(
        CLIENTS,
        0,
        requests,
        n -> {
          Call call = Call.get("/").to(silent);
          assertThat(call.status).isEqualTo(504);
          answers.merge("504", 1, Integer::sum);
        });
    int hits = disarm();
    assertThat(hits).as("one for each").isGreaterThanOrEqualTo(requests);
    return hits;
  }

  private void arm(Fault fault, int good) {
    control.put(1, good);
    control.put(2, fault.calls);
    control.put(3, fault.error);
    control.put(4, 0);
    control.put(0, fault.number);
  }

  /** How many calls have failed. */
  private int disarm() {
    control.put(0, 0);
    return control.get(4);
  }

  /** With a body in memory, one that a pipe does not hold, and one from a stream. */
  private String echo(Application program, int kind) {
    int[] lengths = {10, 60_000, 200_000};
    byte[] body = new byte[lengths[kind % lengths.length]];
    Arrays.fill(body, (byte) 'x');
    Call call = Call.of("POST", "/").length(body.length).input(new Streamed(body)).to(program);
    if (call.outcome.complete() && call.status == 200) {
      // A failure may cost a client its response, but never a part of it.
      assertThat(call.bytes()).isEqualTo(body);
      return "200";
    }
    assertThat(call.status).as(call.log()).isIn(200, 500, 503);
    return call.status + (call.status == 200 ? " cut" : "");
  }

  private static final class Streamed extends FilterInputStream {
    Streamed(byte[] body) {
      super(new ByteArrayInputStream(body));
    }
  }
}
