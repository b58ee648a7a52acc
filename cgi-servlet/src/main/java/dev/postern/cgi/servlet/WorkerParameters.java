package dev.postern.cgi.servlet;

import static dev.postern.cgi.servlet.HostParameters.checked;

import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WorkerMode;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The init parameters that say which scripts a group of workers runs, and the options of that
 * group.
 */
final class WorkerParameters {
  private final InitParameters parameters;
  private final boolean warm;
  private final WorkerGroup.@Nullable Builder group;
  private final @Nullable List<String> globs;

  private WorkerParameters(InitParameters parameters) throws ServletException {
    this.parameters = parameters;
    this.warm = parameters.flag("warm");
    this.globs = parameters.words("delegate");
    String name = parameters.text("workers");
    WorkerGroup.Builder[] named = new WorkerGroup.Builder[1];
    checked("workers", () -> named[0] = WorkerGroup.builder(name == null ? "servlet" : name));
    boolean options = addOptions(named[0]);
    this.group = name == null ? null : named[0];
    if (name == null && (options || globs != null)) {
      throw InitParameters.refused(
          options ? "workers.*" : "delegate", "must be given together with workers", null);
    }
    if (name != null && warm) {
      throw InitParameters.refused("warm", "must not be given together with workers", "true");
    }
  }

  static WorkerParameters of(InitParameters parameters) throws ServletException {
    return new WorkerParameters(parameters);
  }

  /** Starts the group, if there is one. {@code made} gets the group. */
  void apply(CgiDirectory.Builder builder, Consumer<Object> made) throws ServletException {
    if (warm) {
      builder.warm();
    }
    if (group == null) {
      return;
    }
    WorkerGroup built = group.build();
    made.accept(built);
    if (globs == null) {
      builder.workers(built);
      return;
    }
    for (String glob : globs) {
      checked("delegate", () -> builder.delegate(glob, built));
    }
  }

  /** Reads the options of the group. Returns whether there were any. */
  private boolean addOptions(WorkerGroup.Builder workers) throws ServletException {
    boolean some = time("workers.gracefulTimeout", workers::gracefulTimeout);
    some |= time("workers.inactivityTimeout", workers::inactivityTimeout);
    some |= time("workers.maximumAge", workers::maximumAge);
    some |= time("workers.maximumCpu", workers::maximumCpu);
    some |= time("workers.reloadEvery", workers::reloadEvery);
    some |= time("workers.startupTimeout", workers::startupTimeout);
    some |= count("workers.maximumRequests", 0, workers::maximumRequests);
    some |= count("workers.servers", 1, workers::servers);
    some |= count("workers.spares", 0, workers::spares);
    long memory = parameters.bytes("workers.maximumMemory");
    if (memory >= 0) {
      checked("workers.maximumMemory", () -> workers.maximumMemory(memory));
      some = true;
    }
    if (parameters.has("workers.learn")) {
      workers.learn(parameters.flag("workers.learn"));
      some = true;
    } else {
      parameters.text("workers.learn");
    }
    if (parameters.flag("workers.librariesOnly")) {
      workers.librariesOnly();
      some = true;
    }
    if (parameters.flag("workers.strictReuse")) {
      workers.strictReuse();
      some = true;
    }
    if (parameters.flag("workers.eager")) {
      workers.eager();
      some = true;
    }
    some |= count("workers.processes", 1, workers::processes);
    String umask = parameters.text("workers.umask");
    if (umask != null) {
      checked("workers.umask", () -> workers.umask(umask));
      some = true;
    }
    List<String> modules = parameters.words("workers.modules");
    if (modules != null) {
      checked("workers.modules", () -> workers.modules(modules.toArray(new String[0])));
      some = true;
    }
    WorkerMode mode = parameters.constant("workers.mode", WorkerMode.class);
    if (mode != null) {
      workers.mode(mode);
      some = true;
    }
    Path start = parameters.path("workers.workingDirectory");
    if (start != null) {
      workers.workingDirectory(start);
      some = true;
    }
    return some;
  }

  private boolean time(String name, Consumer<Duration> option) throws ServletException {
    Duration time = parameters.duration(name);
    if (time == null) {
      return false;
    }
    checked(name, () -> option.accept(time));
    return true;
  }

  private boolean count(String name, int least, Consumer<Integer> option) throws ServletException {
    int count = parameters.number(name, least);
    if (count < 0) {
      return false;
    }
    checked(name, () -> option.accept(count));
    return true;
  }
}
