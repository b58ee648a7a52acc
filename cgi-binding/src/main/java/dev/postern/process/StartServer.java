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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A process of Perl that forks a child for each program. The child becomes the program by one
 * {@code exec}. {@link ProcessBuilder} needs three: its own helper, {@code setsid}, and the
 * program. The server also passes on every byte of the words and variables.
 *
 * <p>The server is off unless the operator turns it on, because one more process then lives beside
 * the JVM and is the parent of its programs. The server only saves time. {@link ProcessBuilder}
 * starts a program where there is no Perl, where the files of a child cannot be opened, and
 * whenever something fails before the program has begun. All hosts of this class loader share one
 * server. It starts with their second program. It ends when one of them is closed while no program
 * runs, and the next program starts it again. Thread-safe.
 */
final class StartServer {
  /** The system property that turns the server on: {@code true}. */
  private static final String SWITCH = "dev.postern.startServer";

  private static final List<Path> PERLS = List.of(Path.of("/usr/bin/perl"), Path.of("/bin/perl"));

  private static final Path ROOT = Path.of("/");

  /**
   * How many children wait, forked ahead, so that no program waits for a fork. The process of a
   * program is therefore older than the program.
   */
  private static final int SPARES = 2;

  /**
   * How long a start waits for a child. If none comes in this time, the system is busy, and {@link
   * ProcessBuilder} starts the program.
   */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

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

  private static boolean impossible = !Boolean.getBoolean(SWITCH);
  private static boolean resting;
  private static long restedSince;

  private final ServerProcess process;

  /** The part of the next report that has come. This object guards this field and those below. */
  private final StringBuilder line = new StringBuilder();

  /** Reports of children that came while {@link #status} looked for an end. */
  private final Deque<String> spares = new ArrayDeque<>();

  /** The status of each ended child as wait(2) tells it, until somebody asks for it. */
  private final Map<Long, Integer> statuses = new HashMap<>();

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
    if (server == null || request == null) {
      return null;
    }
    ForkedChild child = server.take();
    if (child == null) {
      return null;
    }
    try {
      return PortableProcess.adopt(child, request, body);
    } catch (InterruptedIOException e) {
      child.discard();
      throw e;
    } catch (IOException e) {
      child.discard();
      if (HostedProcess.mayHaveRun(e)) {
        throw e;
      }
      if (!server.process.isReachable()) {
        // Nor does the system let us open the files of its next children.
        giveUp();
      }
      // ProcessBuilder tries next. If the program cannot be started, ProcessBuilder says why.
      return null;
    } catch (Throwable e) {
      child.discard();
      throw e;
    }
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
    Path perl = PERLS.stream().filter(Files::isExecutable).findFirst().orElse(null);
    if (perl == null || !ProcessTable.isPresent()) {
      impossible = true;
      return null;
    }
    try {
      StartServer started =
          new StartServer(
              ServerProcess.start(
                  List.of(perl.toString(), "-e", Script.TEXT),
                  Map.of("PATH", "/usr/bin:/bin"),
                  ROOT));
      started.order("f\n".repeat(SPARES));
      return started;
    } catch (IOException e) {
      // For example, there is no room for a process. ProcessBuilder tries next and says why.
      rest(null);
      return null;
    }
  }

  /** Asks that server for no more children. The server still reports how its programs end. */
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

  /** Lets the server in use end with the last of its programs. */
  private static synchronized void retire() {
    if (current != null) {
      current.process.closeCommands();
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

  // ---- children ----

  /** A child that waits for its request, or null. */
  private synchronized @Nullable ForkedChild take() {
    try {
      String report = awaitReport();
      if (report == null) {
        throw new IOException("server must fork in time");
      }
      order("f\n");
      // The system had no room for a child. It may have room for the next one.
      return report.startsWith("!") ? null : child(report);
    } catch (IOException | RuntimeException e) {
      // Also when the server does not speak the protocol.
      rest(this);
      return null;
    }
  }

  private void order(String commands) throws IOException {
    OutputStream out = process.commands();
    out.write(commands.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  /** The next report of a child; null when there is none in time. */
  private @Nullable String awaitReport() throws IOException {
    // An interrupt does not end this short wait. It is kept for what comes later.
    boolean interrupted = Thread.interrupted();
    long start = System.nanoTime();
    try {
      String report = spares.isEmpty() ? report() : spares.remove();
      while (report == null && System.nanoTime() - start < PATIENCE_NANOS) {
        LockSupport.parkNanos(LOOK_NANOS);
        interrupted |= Thread.interrupted();
        report = report();
      }
      return report;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * The next report of a child, or null if none has come. Reports of ends that come before it are
   * kept in {@link #statuses}.
   */
  private @Nullable String report() throws IOException {
    InputStream reports = process.reports();
    while (reports.available() > 0) {
      int next = reports.read();
      if (next != '\n') {
        line.append((char) next);
        continue;
      }
      String report = line.toString();
      line.setLength(0);
      String[] words = report.split(" ", -1);
      if (words[0].equals("=")) {
        statuses.put(Long.parseLong(words[1]), Integer.parseInt(words[2]));
        continue;
      }
      if (!report.startsWith("!")) {
        // The number belongs to this new child now.
        statuses.remove(Long.parseLong(words[0]));
      }
      return report;
    }
    return null;
  }

  /** How a program ended, as wait(2) tells; null while it runs, and after this has told it once. */
  private synchronized @Nullable Integer status(long pid) {
    try {
      for (String report = report(); report != null; report = report()) {
        spares.add(report);
      }
    } catch (IOException | RuntimeException e) {
      // The server has ended, or does not speak the protocol. It will report nothing more.
      rest(this);
    }
    return statuses.remove(pid);
  }

  private ForkedChild child(String report) {
    String[] words = report.split(" ", -1);
    return new ForkedChild(
        Long.parseLong(words[0]),
        process.pid(),
        0,
        1,
        2,
        Integer.parseInt(words[1]),
        Integer.parseInt(words[2]),
        null,
        pid -> {},
        this::status,
        null);
  }

  // ---- requests ----

  /** The request as a child reads it; null when a word has no bytes in the locale's charset. */
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
    byte[] length = (text.size() + ":").getBytes(StandardCharsets.US_ASCII);
    byte[] request = new byte[length.length + text.size()];
    System.arraycopy(length, 0, request, 0, length.length);
    System.arraycopy(text.toByteArray(), 0, request, length.length, text.size());
    return request;
  }

  private static void add(ByteArrayOutputStream text, String bytes) {
    text.writeBytes(bytes.getBytes(StandardCharsets.ISO_8859_1));
    text.write(0);
  }

  private static final class Script {
    static final String TEXT = read();

    private static String read() {
      try (InputStream in = StartServer.class.getResourceAsStream("start.pl")) {
        return new String(requireNonNull(in, "start.pl").readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
