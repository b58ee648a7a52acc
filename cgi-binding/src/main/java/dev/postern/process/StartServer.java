package dev.postern.process;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process that starts programs for this JVM, each by one {@code exec}. {@link ProcessBuilder}
 * needs three: its own helper, {@code setsid}, and the program. The server also passes on every
 * byte of the words and variables. It is a program in Python, because Python's {@code posix_spawn}
 * copies no memory.
 *
 * <p>The server only saves time. {@link ProcessBuilder} starts a program where there is no Python,
 * where the files of the server cannot be opened, and whenever something fails before the program
 * has begun. The operator turns the server off by a system property. All hosts of this class loader
 * share one server. It starts with their second program. It ends when one of them is closed while
 * no program runs, and the next program starts it again. Thread-safe.
 */
final class StartServer {
  /** The system property that turns the server off: {@code false}. */
  private static final String SWITCH = "dev.postern.startServer";

  private static final List<Path> PYTHONS =
      List.of(Path.of("/usr/bin/python3"), Path.of("/bin/python3"));

  private static final Path ROOT = Path.of("/");

  /**
   * The longest request. A longer one might not fit into the pipe to the server, and to write it
   * would block for as long as the server hangs.
   */
  private static final int LONGEST = 60_000;

  /**
   * How long a program waits for its turn, while the server starts others. If its turn does not
   * come in this time, the system is busy, and {@link ProcessBuilder} starts the program.
   */
  private static final long TURN_MILLIS = 200;

  /** How long the server may take for a start. After this time the server counts as hung. */
  private static final long START_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** How long no other server is started after a fault of a server. */
  private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** The server in use. The class guards this field and the static ones below. */
  private static @Nullable StartServer current;

  /**
   * How many programs were asked for. The first one starts no server, because a JVM with one
   * program gains nothing from a server.
   */
  private static long asked;

  private static boolean impossible = "false".equals(System.getProperty(SWITCH));
  private static boolean resting;
  private static long restedSince;

  private final ServerProcess process;

  /** Held by the thread whose command the server answers. It guards the two fields below. */
  private final ReentrantLock turn = new ReentrantLock();

  /** The part of the next report that has come. */
  private final StringBuilder line = new StringBuilder();

  /**
   * The server's descriptors of the pipes that wait for a program: for its input, output and
   * errors. Empty if there are none.
   */
  private List<Integer> pipes = List.of();

  /**
   * How many programs have begun and are not forgotten. This object guards this field and the one
   * below.
   */
  private int programs;

  private boolean retired;

  private StartServer(ServerProcess process) {
    this.process = process;
  }

  /**
   * Starts a program by the server. Returns null when the server did not start the program; then
   * {@link ProcessBuilder} has to.
   *
   * @throws IOException when the program may have begun; the exception then has a cause that is no
   *     {@link IOException}. Also when this thread was interrupted
   */
  static @Nullable HostedProcess launch(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted before the program was started");
    }
    StartServer server = current(false);
    byte[] request = server == null ? null : request(command, environment, directory);
    if (server == null || request == null || request.length > LONGEST) {
      return null;
    }
    ForkedProcess begun;
    try {
      begun = server.start(request, body != null);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      if (HostedProcess.mayHaveRun(e)) {
        throw e;
      }
      // ProcessBuilder tries next. If the program cannot be started, ProcessBuilder says why.
      return null;
    }
    return PortableProcess.take(begun, body);
  }

  /** Starts a server if none runs, even after a fault. For tests, which count processes. */
  static void begin() {
    current(true);
  }

  // ---- the server in use ----

  private static synchronized @Nullable StartServer current(boolean anyway) {
    if (anyway) {
      asked = Math.max(asked, 1);
      impossible = false;
      resting = false;
    }
    boolean first = !anyway && asked++ == 0;
    boolean rests = resting && System.nanoTime() - restedSince < REST_NANOS;
    if (current == null && !first && !impossible && !rests) {
      current = start();
    }
    return first ? null : current;
  }

  private static @Nullable StartServer start() {
    Path python = PYTHONS.stream().filter(Files::isExecutable).findFirst().orElse(null);
    // Where /proc hides the processes of others, we would not see a program that changes its user.
    if (python == null || ProcessTable.of(1) == null) {
      impossible = true;
      return null;
    }
    try {
      return new StartServer(
          ServerProcess.start(
              List.of(python.toString(), "-I", "-S", "-c", Script.TEXT),
              Map.of("PATH", "/usr/bin:/bin"),
              ROOT));
    } catch (IOException e) {
      // For example, there is no room for a process. ProcessBuilder tries next and says why.
      rest(null);
      return null;
    }
  }

  /** Asks that server for no more programs. It ends with the last of its programs. */
  private static synchronized void rest(@Nullable StartServer server) {
    resting = true;
    restedSince = System.nanoTime();
    if (current == server) {
      retire();
    }
  }

  private static synchronized void giveUp() {
    impossible = true;
    retire();
  }

  private static synchronized void retire() {
    if (current != null) {
      current.endWithPrograms();
      current = null;
    }
  }

  /** Ends the server if no program of this JVM runs. The next program starts it again. */
  static synchronized void endIdle() {
    if (current != null && LiveProcesses.areNone()) {
      current.process.killAlone();
      current = null;
    }
  }

  // ---- programs ----

  /**
   * Starts a program.
   *
   * @throws IOException when that failed. The exception has a cause that is no {@link IOException}
   *     if the program may have begun
   */
  private ForkedProcess start(byte[] request, boolean body) throws IOException {
    try {
      if (!turn.tryLock(TURN_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("server must have time for a program");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before the program was started");
    }
    try {
      Pipes ours = open(body);
      try {
        return (ForkedProcess) Headroom.start(() -> take(run(request), ours));
      } catch (Throwable e) {
        ours.close();
        throw e;
      }
    } finally {
      turn.unlock();
    }
  }

  /** Opens our ends of the pipes that wait for a program. */
  private Pipes open(boolean body) throws IOException {
    try {
      if (pipes.isEmpty()) {
        order("c\n".getBytes(StandardCharsets.US_ASCII));
        report();
      }
    } catch (IOException | RuntimeException e) {
      // Also when the server does not speak the protocol.
      rest(this);
      throw new IOException("server must make pipes: " + e);
    }
    if (pipes.isEmpty()) {
      throw new IOException("system must have room for pipes");
    }
    try {
      return Pipes.open(file(1), file(2), body ? file(0) : null);
    } catch (IOException e) {
      // The server closes them with the next command.
      pipes = List.of();
      if (!process.isReachable()) {
        giveUp();
      } else if (!process.isAlive()) {
        rest(this);
      }
      throw new IOException("pipes must open: " + e);
    }
  }

  private Path file(int pipe) {
    return Pipes.file(process.pid(), pipes.get(pipe));
  }

  /** Has the server run a program. Returns the program's number. */
  private long run(byte[] request) throws IOException {
    try {
      order(request);
    } catch (IOException e) {
      rest(this);
      throw new IOException("server must live: " + e);
    }
    long pid;
    try {
      pid = report();
    } catch (IOException | RuntimeException e) {
      rest(this);
      throw new IOException("program may have begun", new IllegalStateException(e));
    }
    if (pid == 0) {
      throw new IOException("program must be one that can be run");
    }
    return pid;
  }

  private ForkedProcess take(long pid, Pipes ours) throws IOException {
    synchronized (this) {
      programs++;
    }
    ForkedChild child =
        new ForkedChild(
            pid, process.pid(), -1, -1, -1, -1, null, this::forget, number -> status(number));
    try {
      return new ForkedProcess(child, ours);
    } catch (IOException e) {
      giveUp();
      tell("k " + pid + "\n");
      forget(pid);
      throw PipedProcess.mayHaveBegun(e);
    }
  }

  /** How an ended program ended, as wait(2) tells; null if the server does not know. */
  private @Nullable Integer status(long pid) {
    turn.lock();
    try {
      order(("s " + pid + "\n").getBytes(StandardCharsets.US_ASCII));
      int status = Integer.parseInt(line());
      return status < 0 ? null : status;
    } catch (IOException | RuntimeException e) {
      rest(this);
      return null;
    } finally {
      turn.unlock();
    }
  }

  private void forget(long pid) {
    tell("r " + pid + "\n");
    synchronized (this) {
      programs--;
    }
    closeIfDone();
  }

  private void endWithPrograms() {
    synchronized (this) {
      retired = true;
    }
    closeIfDone();
  }

  private void closeIfDone() {
    synchronized (this) {
      if (!retired || programs > 0) {
        return;
      }
    }
    process.closeCommands();
  }

  private void tell(String command) {
    try {
      order(command.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // The server has ended, and its programs are init's.
    }
  }

  /** Writes a command at once, so that commands of several threads do not mix. */
  private void order(byte[] command) throws IOException {
    OutputStream out = process.commands();
    out.write(command);
    out.flush();
  }

  // ---- reports ----

  /** Reads {@code PID INPUT OUTPUT ERRORS}, and returns the first number. */
  private long report() throws IOException {
    pipes = List.of();
    String[] words = line().split(" ", -1);
    long pid = Long.parseLong(words[0]);
    if (words.length == 4) {
      pipes = Stream.of(words).skip(1).map(Integer::valueOf).toList();
    }
    return pid;
  }

  private String line() throws IOException {
    // An interrupt does not end this short wait. It is kept for what comes later.
    boolean interrupted = Thread.interrupted();
    long start = System.nanoTime();
    try {
      InputStream reports = process.reports();
      while (true) {
        // Checked first: what it wrote before its end is there.
        boolean alive = process.isAlive();
        while (reports.available() > 0) {
          int next = reports.read();
          if (next == '\n') {
            String text = line.toString();
            line.setLength(0);
            return text;
          }
          line.append((char) next);
        }
        if (!alive || System.nanoTime() - start > START_NANOS) {
          throw new IOException("server must answer in time");
        }
        LockSupport.parkNanos(LOOK_NANOS);
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  // ---- requests ----

  /** The command that runs a program; null when a word has no bytes in the locale's charset. */
  private static byte @Nullable [] request(
      List<String> command, Map<String, String> environment, Path directory) {
    ByteArrayOutputStream text = new ByteArrayOutputStream(2048);
    String start = ProgramText.toBytes(directory);
    if (start == null) {
      return null;
    }
    add(text, start);
    add(text, Integer.toString(command.size()));
    for (String word : command) {
      String bytes = ProgramText.toBytes(word);
      if (bytes == null) {
        return null;
      }
      add(text, bytes);
    }
    environment.forEach((name, value) -> add(text, name + "=" + value));
    byte[] head = ("x " + text.size() + "\n").getBytes(StandardCharsets.US_ASCII);
    byte[] request = Arrays.copyOf(head, head.length + text.size());
    System.arraycopy(text.toByteArray(), 0, request, head.length, text.size());
    return request;
  }

  private static void add(ByteArrayOutputStream text, String bytes) {
    text.writeBytes(bytes.getBytes(StandardCharsets.ISO_8859_1));
    text.write(0);
  }

  private static final class Script {
    static final String TEXT = read();

    private static String read() {
      try (InputStream in = StartServer.class.getResourceAsStream("start.py")) {
        return new String(requireNonNull(in, "start.py").readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
