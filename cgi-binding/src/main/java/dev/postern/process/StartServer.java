package dev.postern.process;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
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
 * A process of Perl that forks a child for each program, which becomes it by one {@code exec}.
 * {@link ProcessBuilder} needs three: its own helper, {@code setsid}, and the program. And it
 * passes on every byte.
 *
 * <p>It is for an operator who asks for it, since one process more lives beside the JVM then, and
 * is the parent of its programs. It is an economy, and no more: without Perl, where its children
 * cannot be reached, and whenever something fails before a program has begun, programs are started
 * by {@link ProcessBuilder}. There is one for all hosts of this class loader, from their second
 * program on, until none of them is open. Thread-safe.
 */
final class StartServer {
  /** {@code true} asks for it. */
  private static final String SWITCH = "dev.postern.startServer";

  private static final List<Path> PERLS = List.of(Path.of("/usr/bin/perl"), Path.of("/bin/perl"));

  private static final Path ROOT = Path.of("/");

  /** Forked ahead, since a program would wait for its fork: so its process is older than it is. */
  private static final int SPARES = 2;

  /** A child that is not there by then is not waited for: the system has other work. */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** How long after a fault of a server no other one is started. */
  private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** The server in use. All below is guarded by the class. */
  private static @Nullable StartServer current;

  /** Programs that were asked for; with the first one alone, a JVM has nothing of a server. */
  private static long asked;

  private static boolean impossible = !Boolean.getBoolean(SWITCH);
  private static boolean resting;
  private static long restedSince;

  private final ServerProcess process;

  /** What has come of the next report. All below is guarded by this. */
  private final StringBuilder line = new StringBuilder();

  /** Children that were reported while an end was looked for. */
  private final Deque<String> spares = new ArrayDeque<>();

  /** What wait(2) told of children that have ended, until they are asked about. */
  private final Map<Long, Integer> statuses = new HashMap<>();

  private StartServer(ServerProcess process) {
    this.process = process;
  }

  /**
   * A program that it started; null when it has none, and {@link ProcessBuilder} has to do it.
   *
   * @throws IOException when the program may have begun: then its cause is no {@link IOException}.
   *     Also when this thread was interrupted
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
    byte[] request = request(command, environment, directory);
    StartServer server = current(false);
    ForkedChild child = request == null || server == null ? null : server.take();
    if (request == null || child == null) {
      return null;
    }
    try {
      return PortableProcess.adopt(child, request, body);
    } catch (InterruptedIOException e) {
      child.discard();
      throw e;
    } catch (AccessDeniedException e) {
      // Its files in /proc are not ours to open.
      giveUp();
      child.discard();
      return null;
    } catch (IOException e) {
      child.discard();
      if (e.getCause() != null && !(e.getCause() instanceof IOException)) {
        throw e;
      }
      // What stands against the program, the other way tells as it always has.
      return null;
    } catch (Throwable e) {
      child.discard();
      throw e;
    }
  }

  /** Has one that runs, whatever was before. For tests, which count processes. */
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
      // Such as no room for a process: the other way tells.
      rest(null);
      return null;
    }
  }

  /** Asks that server for nothing more. It tells how its programs end, and ends when all have. */
  private static synchronized void rest(@Nullable StartServer server) {
    resting = true;
    restedSince = System.nanoTime();
    if (current == server) {
      current = null;
    }
  }

  private static synchronized void giveUp() {
    impossible = true;
    current = null;
  }

  /** Ends the server where no program of this JVM runs. It comes back with the next one. */
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
      // Where there was no room for a child, there may be for the next one.
      return report.startsWith("!") ? null : child(report);
    } catch (IOException | RuntimeException e) {
      // Also one that does not speak the protocol.
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
    // An interrupt is for what comes later.
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

  /** The next report of a child, if it is there; what is told of ends before it is kept. */
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
        // The number is another's now.
        statuses.remove(Long.parseLong(words[0]));
      }
      return report;
    }
    return null;
  }

  /** How a program ended, as wait(2) tells; null while it runs, and when it has been told. */
  private synchronized @Nullable Integer status(long pid) {
    try {
      for (String report = report(); report != null; report = report()) {
        spares.add(report);
      }
    } catch (IOException | RuntimeException e) {
      // It has ended, or does not speak the protocol: nothing more is heard of it.
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
        this::status);
  }

  // ---- requests ----

  /** What a child reads; null where its words cannot be said in bytes. */
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
