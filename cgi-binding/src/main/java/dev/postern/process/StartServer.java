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
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A process of Perl that forks children before they are asked for. Each becomes one program by one
 * {@code exec}, where {@link ProcessBuilder} needs three: its own helper, {@code setsid}, and the
 * program. And it passes on every byte.
 *
 * <p>It is an economy, and no more: without Perl, where its children cannot be reached, and
 * whenever something fails before a program has begun, programs are started by {@link
 * ProcessBuilder}. There is one for all hosts of this class loader, from their second program on,
 * until none of them is open. Thread-safe.
 */
final class StartServer {
  /** {@code false} has all programs started by {@link ProcessBuilder}. */
  private static final String SWITCH = "dev.postern.startServer";

  private static final List<Path> PERLS = List.of(Path.of("/usr/bin/perl"), Path.of("/bin/perl"));

  private static final Path ROOT = Path.of("/");

  /** Forked ahead: one is made while the other begins. */
  private static final int SPARES = 2;

  /** A child that is not there by then is not waited for: the system has other work. */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** How long after a fault of the server no other one is started. */
  private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final StartServer SHARED = new StartServer();

  private @Nullable ServerProcess process;
  private final StringBuilder line = new StringBuilder();
  private long asked;
  private boolean impossible = !Boolean.parseBoolean(System.getProperty(SWITCH, "true"));
  private boolean resting;
  private long restedSince;

  private StartServer() {}

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
    ForkedChild child = request == null ? null : SHARED.take();
    if (child == null) {
      return null;
    }
    try {
      return PortableProcess.adopt(child, request, body);
    } catch (InterruptedIOException e) {
      child.discard();
      throw e;
    } catch (AccessDeniedException e) {
      // Its files in /proc are not ours to open.
      SHARED.giveUp();
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

  /** Ends the server where no program of this JVM runs. It comes back with the next one. */
  static void endIdle() {
    if (LiveProcesses.areNone()) {
      SHARED.end();
    }
  }

  /** Has one that runs, whatever was started before. For tests, which count processes. */
  static void begin() {
    SHARED.ready();
  }

  private synchronized void ready() {
    asked = Math.max(asked, 1);
    resting = false;
    if (process == null && mayStart()) {
      start();
    }
  }

  private synchronized void giveUp() {
    impossible = true;
    end();
  }

  // ---- children ----

  /** A child that waits for its request, or null. */
  private synchronized @Nullable ForkedChild take() {
    // A JVM that runs one program has nothing of it.
    if (asked++ == 0 || process == null && !(mayStart() && start())) {
      return null;
    }
    String report = report();
    ForkedChild child = report == null ? null : child(report);
    boolean goesOn = report != null && (child != null || report.startsWith("!")) && order("f\n");
    if (!goesOn) {
      rest();
      return null;
    }
    // Where there was no room for a child, there may be for the next one.
    return child;
  }

  private boolean mayStart() {
    return !impossible && !(resting && System.nanoTime() - restedSince < REST_NANOS);
  }

  private void rest() {
    resting = true;
    restedSince = System.nanoTime();
    end();
  }

  private boolean start() {
    Path perl = PERLS.stream().filter(Files::isExecutable).findFirst().orElse(null);
    if (perl == null || !ProcessTable.isPresent()) {
      impossible = true;
      return false;
    }
    try {
      process =
          ServerProcess.start(
              List.of(perl.toString(), "-e", Script.TEXT), Map.of("PATH", "/usr/bin:/bin"), ROOT);
      line.setLength(0);
      if (order("f\n".repeat(SPARES))) {
        return true;
      }
    } catch (IOException e) {
      // Such as no room for a process: the other way tells.
    }
    rest();
    return false;
  }

  private boolean order(String commands) {
    try {
      OutputStream out = requireNonNull(process).commands();
      out.write(commands.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** The next report; null when there is none in time. An interrupt is for what comes later. */
  private @Nullable String report() {
    InputStream reports = requireNonNull(process).reports();
    boolean interrupted = Thread.interrupted();
    long start = System.nanoTime();
    try {
      while (System.nanoTime() - start < PATIENCE_NANOS) {
        while (reports.available() > 0) {
          int next = reports.read();
          if (next == '\n') {
            String report = line.toString();
            line.setLength(0);
            return report;
          }
          line.append((char) next);
        }
        LockSupport.parkNanos(LOOK_NANOS);
        interrupted |= Thread.interrupted();
      }
    } catch (IOException e) {
      // It has ended.
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    return null;
  }

  private @Nullable ForkedChild child(String report) {
    String[] words = report.split(" ", -1);
    ServerProcess server = requireNonNull(process);
    try {
      return new ForkedChild(
          Long.parseLong(words[0]),
          server.pid(),
          0,
          1,
          2,
          Integer.parseInt(words[1]),
          Integer.parseInt(words[2]),
          null,
          pid -> forget(server, pid));
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return null;
    }
  }

  private synchronized void forget(ServerProcess server, long pid) {
    if (process == server) {
      order("r " + pid + "\n");
    }
  }

  /** Its spare children end with it; programs that run go on. */
  private synchronized void end() {
    ServerProcess ended = process;
    process = null;
    if (ended != null) {
      ended.killAlone();
    }
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
