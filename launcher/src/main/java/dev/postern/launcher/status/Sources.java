package dev.postern.launcher.status;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.JavaProgram;
import dev.postern.cgi.ProcessLimit;
import dev.postern.cgi.PsgiApplication;
import dev.postern.cgi.Refusals;
import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WsgiApplication;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.scgi.ScgiApplication;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * The parts of one reading of the configuration that the status asks for their state. One thread
 * fills this before it serves; any thread may ask it.
 */
public final class Sources implements AutoCloseable {
  private final Board board;
  private final Map<String, ProcessLimit> limits = new LinkedHashMap<>();
  private final List<Supplier<Refusals>> rules = new CopyOnWriteArrayList<>();
  private final Map<WorkerGroup, String> groups = new LinkedHashMap<>();
  private final Map<String, JavaProgram> programs = new LinkedHashMap<>();
  private final Map<String, String> mounts = new ConcurrentHashMap<>();

  Sources(Board board) {
    this.board = board;
  }

  /** Adds places, and their name. */
  public synchronized void places(String name, ProcessLimit limit) {
    limits.put(name, limit);
  }

  /** Adds a mounted application. If it hosts programs, its counts by rule are shown. */
  public void host(Application application) {
    if (application instanceof CgiApplication host) {
      rules.add(host::refusals);
    } else if (application instanceof CgiDirectory host) {
      rules.add(host::refusals);
    } else if (application instanceof FastCgiApplication host) {
      rules.add(host::refusals);
    } else if (application instanceof ScgiApplication host) {
      rules.add(host::refusals);
    } else if (application instanceof WsgiApplication host) {
      rules.add(host::refusals);
    } else if (application instanceof PsgiApplication host) {
      rules.add(host::refusals);
    }
  }

  /** Adds a group of workers. */
  public synchronized void group(WorkerGroup group) {
    groups.putIfAbsent(group, group.name());
  }

  /** Adds a program inside this JVM. */
  public synchronized void inside(String name, JavaProgram program) {
    programs.put(name, program);
  }

  /** Returns the application at that prefix. Its requests are counted from then on. */
  public Application mounted(String prefix, Application application) {
    String name = prefix.isEmpty() ? "/" : prefix;
    mounts.put(name, application.toString());
    return new Mounted(application, board.mount(name));
  }

  synchronized Map<String, ProcessLimit> limits() {
    return new LinkedHashMap<>(limits);
  }

  synchronized List<WorkerGroup> groups() {
    return List.copyOf(groups.keySet());
  }

  synchronized Map<String, JavaProgram> inside() {
    return new LinkedHashMap<>(programs);
  }

  Map<String, String> mounts() {
    return mounts;
  }

  Map<String, Long> rules() {
    Map<String, Long> counts = new HashMap<>();
    for (Supplier<Refusals> host : rules) {
      host.get().asMap().forEach((rule, count) -> counts.merge(rule, count, Long::sum));
    }
    return counts;
  }

  /** Called when all parts are made and begin to serve. From now on the status shows them. */
  public void serve() {
    board.enter(this);
  }

  /** Called when the applications are closed. The board keeps what they have counted. */
  @Override
  public void close() {
    board.leave(this);
  }

  @SuppressWarnings("try") // close() throws what the application's own throws.
  private record Mounted(Application application, Counts counts)
      implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      counts.begun();
      long start = System.nanoTime();
      environ.onFinish(
          outcome ->
              counts.ended(
                  outcome.status(),
                  outcome.bytes(),
                  java.time.Duration.ofNanos(System.nanoTime() - start)));
      return application.call(environ, startResponse);
    }

    @Override
    public void close() throws Exception {
      if (application instanceof AutoCloseable closeable) {
        closeable.close();
      }
    }

    @Override
    public String toString() {
      return application.toString();
    }
  }
}
