package dev.postern.fastcgi.client;

import dev.postern.hosting.EnvironmentRules;
import dev.postern.internal.StaleSocket;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.HostedProcess;
import dev.postern.process.ProcessName;
import dev.postern.process.ProgramText;
import dev.postern.process.Pumps;
import dev.postern.process.RunningProgram;
import dev.postern.system.Helpers;
import dev.postern.system.Owners;
import dev.postern.system.Spool;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * FastCGI servers that this process starts: processes of one command. Each has a listening socket
 * of its own as descriptor 0, in a directory that only this user may enter. A server is started
 * when a request first needs it, and again when it has ended. If this JVM is killed, the kernel
 * ends the servers, and the next JVM removes the directory. Thread-safe.
 */
public final class KeptServers implements AutoCloseable {
  private static final String MAX_REQUESTS = "PHP_FCGI_MAX_REQUESTS";

  /** How many requests php-cgi serves if nobody tells it another number. */
  private static final String PHP_REQUESTS = "500";

  /** The address of a Unix socket has no room for a longer path. */
  private static final int MAX_SOCKET_PATH = 100;

  /** {@code postern-fcgi-PID-START-RANDOM}, of a {@link ProcessName}. */
  private static final String PREFIX = "postern-fcgi-";

  private static final long START_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long KEEP_NANOS = TimeUnit.DAYS.toNanos(1);
  private static final long DOUBT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long FOREVER_DAYS = 10_000;

  /**
   * Programs that listen on a socket, put it in the place of standard input, and then become the
   * command.
   */
  private static final List<List<String>> HELPERS =
      List.of(
          List.of(
              "/usr/bin/perl",
              "-e",
              "use Socket;umask 0177;my $p=shift;unlink $p;"
                  + "socket(S,PF_UNIX,SOCK_STREAM,0)&&bind(S,sockaddr_un($p))&&listen(S,128)"
                  + "||die \"$p: $!\\n\";"
                  + "open(STDIN,'+<&',\\*S)||die \"$p: $!\\n\";umask 022;"
                  + "exec{$ARGV[0]}@ARGV;die \"$ARGV[0]: $!\\n\""),
          List.of(
              "/usr/bin/python3",
              "-c",
              "import os,socket,sys;p=sys.argv[1];os.umask(0o177)\n"
                  + "if os.path.exists(p):os.unlink(p)\n"
                  + "s=socket.socket(socket.AF_UNIX);s.bind(p);s.listen(128);os.umask(0o022)\n"
                  + "os.dup2(s.fileno(),0);os.execv(sys.argv[2],sys.argv[2:])"));

  /** Made when the first server is started. */
  private static final class Tie {
    /**
     * Starts a program that the kernel ends with the thread that has started it. Empty where the
     * system has no such {@code setpriv}; that of busybox lacks the option.
     */
    static final List<String> COMMAND = command();

    private static List<String> command() {
      try {
        String setpriv = Helpers.find("setpriv");
        List<String> tie = List.of(setpriv, "--pdeathsig=KILL", "--");
        List<String> trial = new ArrayList<>(tie);
        trial.addAll(List.of(setpriv, "--version"));
        Helpers.run(trial);
        return tie;
      } catch (IllegalStateException e) {
        return List.of();
      }
    }
  }

  private final List<String> command;
  private final Map<String, String> environment;
  private final Path workingDirectory;
  private final int maxRequests;
  private final List<Kept> all = new ArrayList<>();
  private @Nullable Path directory;
  private boolean closed;

  /**
   * Servers, none of which is started yet.
   *
   * @param command an absolute path and its arguments
   * @param configured variables of the processes, as text
   */
  public KeptServers(
      List<String> command, Map<String, String> configured, Path workingDirectory, int servers) {
    this.command = command;
    this.workingDirectory = workingDirectory;
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("PATH", EnvironmentRules.PATH);
    if (String.valueOf(Path.of(command.get(0)).toAbsolutePath().getFileName()).contains("php")) {
      // With this variable set, we know after how many requests a server ends, before it ends.
      variables.put(MAX_REQUESTS, PHP_REQUESTS);
    }
    configured.forEach(
        (name, value) -> variables.put(name, Objects.requireNonNull(ProgramText.toBytes(value))));
    this.environment = variables;
    this.maxRequests = requests(variables.getOrDefault(MAX_REQUESTS, ""));
    for (int i = 0; i < servers; i++) {
      all.add(new Kept(this, i));
    }
  }

  private static int requests(String digits) {
    try {
      return Math.max(0, Integer.parseInt(digits));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  List<Kept> all() {
    return all;
  }

  /**
   * Checks whether servers can be started here.
   *
   * @throws IllegalStateException when there is no helper
   */
  public static void check() {
    helper();
  }

  private static List<String> helper() {
    for (List<String> helper : HELPERS) {
      if (Files.isExecutable(Path.of(helper.get(0)))) {
        return helper;
      }
    }
    throw new IllegalStateException("kept servers must have perl or python3 in /usr/bin");
  }

  private synchronized Path socket(int number) throws IOException {
    if (closed) {
      throw new IOException("kept servers must not be used after close");
    }
    Path home = directory;
    if (home == null) {
      home = makeDirectory(Spool.directory());
      if (home.toString().length() > MAX_SOCKET_PATH) {
        Files.delete(home);
        home = makeDirectory(Path.of("/tmp"));
      }
      directory = home;
    }
    return home.resolve(Integer.toString(number));
  }

  private static Path makeDirectory(Path parent) throws IOException {
    sweep(parent);
    return Files.createTempDirectory(parent, PREFIX + ProcessName.current() + "-");
  }

  /** Removes what ended processes of ours have left. */
  private static void sweep(Path parent) {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path home : left) {
        if (ProcessName.isLeftover(home, PREFIX) && Owners.ownerOfLink(home) == Owners.current()) {
          removeUnused(home);
        }
      }
    } catch (IOException | RuntimeException e) {
      // If the directory cannot be read, nothing can be made in it either, which says so.
    }
  }

  private static void removeUnused(Path home) {
    try {
      try (DirectoryStream<Path> sockets = Files.newDirectoryStream(home)) {
        for (Path socket : sockets) {
          StaleSocket.remove(socket);
        }
      }
      Files.delete(home);
    } catch (IOException e) {
      // A server that could not be tied to its JVM still listens, or another JVM was faster.
    }
  }

  /** Ends the servers, and removes their sockets. A later request gets a 503. */
  @Override
  public void close() throws IOException {
    Path home;
    synchronized (this) {
      closed = true;
      home = directory;
      directory = null;
    }
    for (Kept server : all) {
      server.shutDown();
    }
    if (home != null) {
      for (int i = 0; i < all.size(); i++) {
        Files.deleteIfExists(home.resolve(Integer.toString(i)));
      }
      Files.deleteIfExists(home);
    }
  }

  /** One of the servers. It answers one request at a time, on one connection. */
  static final class Kept extends Upstream {
    private final KeptServers home;
    private final int number;
    private volatile @Nullable ServerAddress address;

    /**
     * Guards the next three fields. A request holds it while it starts its server. Other requests
     * never wait for it: they ask only for the address and for what {@link Upstream} counts.
     */
    private final ReentrantLock lock = new ReentrantLock();

    private @Nullable Running running;
    private int served;

    /** Whether the last connection was dropped. The server may be about to end then. */
    private boolean doubtful;

    private Kept(KeptServers home, int number) {
      super(ServerAddress.of(Path.of("/")), 1, KEEP_NANOS, null);
      this.home = home;
      this.number = number;
    }

    /** A process that a thread watches. */
    private static final class Running {
      private final RunningProgram process;
      private volatile boolean over;

      Running(RunningProgram process) {
        this.process = process;
      }

      /** Reads the process's output until it ends, so that the process never waits for a reader. */
      void watch() {
        try {
          process.finish(Duration.ofDays(FOREVER_DAYS));
        } catch (IOException | RuntimeException e) {
          // The process is closed below.
        } finally {
          over = true;
          process.close();
        }
      }

      boolean isAlive() {
        return !over && process.exitNow().equals(Exit.RUNNING.toString());
      }
    }

    /**
     * One, because php-cgi serves a connection to its end before it accepts another, and a kept
     * connection has no end.
     */
    @Override
    int most() {
      return 1;
    }

    @Override
    ServerAddress address() {
      ServerAddress known = address;
      return known == null ? super.address() : known;
    }

    @Override
    @Nullable ServerConnection take() {
      ServerConnection kept = super.take();
      if (kept != null) {
        lock.lock();
        try {
          served++;
        } finally {
          lock.unlock();
        }
      }
      return kept;
    }

    @Override
    ServerConnection open(long timeoutNanos) throws IOException {
      closeIdle();
      lock.lock();
      try {
        if (doubtful && running != null) {
          awaitEnd(running);
        }
        doubtful = false;
        if (running != null && (isDone() || !running.isAlive())) {
          stop(running);
          running = null;
        }
        if (running == null) {
          start();
        }
        ServerConnection connection = connect(Objects.requireNonNull(running));
        served++;
        return connection;
      } finally {
        lock.unlock();
      }
    }

    /** Whether the server ends after the last request, as the variable has told it. */
    private boolean isDone() {
      return home.maxRequests > 0 && served >= home.maxRequests;
    }

    @Override
    void giveBack(ServerConnection connection) {
      boolean done;
      lock.lock();
      try {
        done = isDone();
      } finally {
        lock.unlock();
      }
      if (done) {
        connection.close();
      } else {
        super.giveBack(connection);
      }
    }

    /**
     * Ends the server if it may still work on the request, as a hosted program is ended. The next
     * request would wait behind that work. It starts another server.
     */
    @Override
    void drop(ServerConnection connection, boolean cutOff) {
      super.drop(connection, cutOff);
      lock.lock();
      try {
        if (cutOff && running != null) {
          stop(running);
          running = null;
        } else {
          doubtful = true;
        }
      } finally {
        lock.unlock();
      }
    }

    /**
     * Waits a moment for a server that may be dying. Until its end the socket may still take one
     * connection more.
     */
    private static void awaitEnd(Running dying) throws InterruptedIOException {
      long start = System.nanoTime();
      while (dying.isAlive() && System.nanoTime() - start < DOUBT_NANOS) {
        try {
          Thread.sleep(2);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted while a server ended");
        }
      }
    }

    private void start() throws IOException {
      Path socket = home.socket(number);
      Files.deleteIfExists(socket);
      List<String> words = new ArrayList<>(Tie.COMMAND);
      words.addAll(helper());
      words.add(socket.toString());
      words.addAll(home.command);
      HostedProcess process =
          HostedProcess.start(
              words, home.environment, home.workingDirectory, null, !Tie.COMMAND.isEmpty());
      Running started = new Running(process);
      try {
        Pumps.run(started::watch);
      } catch (RuntimeException | Error e) {
        process.close();
        throw e;
      }
      running = started;
      address = ServerAddress.of(socket);
      served = 0;
    }

    /** Connects as soon as the server listens. */
    private ServerConnection connect(Running process) throws IOException {
      long start = System.nanoTime();
      while (true) {
        try {
          return ServerConnection.open(this, START_NANOS);
        } catch (InterruptedIOException e) {
          throw e;
        } catch (IOException e) {
          if (!process.isAlive() || System.nanoTime() - start > START_NANOS) {
            throw Refusal.of(
                503,
                "not-started",
                "kept server must listen: " + home.command + ": " + said(process),
                dev.postern.Headers.of("Retry-After", "1"),
                e);
          }
        }
        try {
          Thread.sleep(2);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted while a server was started");
        }
      }
    }

    private static String said(Running process) {
      ErrorTail errors = process.process.errors();
      String text = new String(errors.bytes(), StandardCharsets.ISO_8859_1).trim();
      return dev.postern.internal.Escapes.quote(text);
    }

    /** Asks the process to end. The thread that watches it does the rest. */
    private static void stop(Running process) {
      process.process.end();
    }

    void shutDown() {
      close();
      lock.lock();
      try {
        if (running != null) {
          stop(running);
          running = null;
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
