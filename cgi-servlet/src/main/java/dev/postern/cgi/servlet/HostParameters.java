package dev.postern.cgi.servlet;

import dev.postern.Application;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.FollowLinks;
import dev.postern.cgi.Isolation;
import dev.postern.cgi.IsolationLevel;
import dev.postern.cgi.ProcessLimit;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The init parameters that are options of {@code CgiDirectory}'s builder, by the same names. */
final class HostParameters {
  private final InitParameters parameters;
  private final CgiDirectory.Builder builder;
  private final Consumer<Object> made;

  private HostParameters(
      InitParameters parameters, CgiDirectory.Builder builder, Consumer<Object> made) {
    this.parameters = parameters;
    this.builder = builder;
    this.made = made;
  }

  /** Sets the options. {@code made} gets each object of a class that a parameter names. */
  static void apply(InitParameters parameters, CgiDirectory.Builder builder, Consumer<Object> made)
      throws ServletException {
    HostParameters host = new HostParameters(parameters, builder, made);
    host.addTimes();
    host.addLimits();
    host.addFlags();
    host.addFiles();
    host.addTexts();
    host.addIsolation();
  }

  /** A call of a builder. It throws an exception if a value is wrong. */
  @FunctionalInterface
  interface Call {
    void run() throws IOException, ServletException;
  }

  /** Runs a call. If the call throws, this method throws an exception that names the parameter. */
  static void checked(String name, Call call) throws ServletException {
    try {
      call.run();
    } catch (IllegalArgumentException | IllegalStateException | IOException e) {
      ServletException refused =
          new ServletException("init parameter " + name + " must be allowed: " + e.getMessage());
      refused.addSuppressed(e);
      throw refused;
    }
  }

  private void addTimes() throws ServletException {
    time("headerTimeout", builder::headerTimeout);
    time("idleTimeout", builder::idleTimeout);
    time("afterOutput", builder::afterOutput);
    time("totalTimeout", builder::totalTimeout);
  }

  private void time(String name, Consumer<Duration> option) throws ServletException {
    Duration time = parameters.duration(name);
    if (time != null) {
      option.accept(time);
    }
  }

  private void addLimits() throws ServletException {
    long body = parameters.bytes("maxBody");
    if (body >= 0) {
      builder.maxBody(body);
    }
    long spool = parameters.bytes("maxSpool");
    if (spool >= 0) {
      builder.maxSpool(spool);
    }
    int processes = parameters.number("maxProcesses", 1);
    Duration queue = parameters.duration("queue");
    if (processes > 0) {
      builder.limit(queue == null ? ProcessLimit.of(processes) : ProcessLimit.of(processes, queue));
    } else if (queue != null) {
      throw InitParameters.refused("queue", "must be given together with maxProcesses", null);
    }
    int each = parameters.number("programLimit", 1);
    if (each > 0) {
      builder.programLimit(each);
    }
  }

  private void addFlags() throws ServletException {
    flag("allowEncodedSlash", builder::allowEncodedSlash);
    flag("allowSetId", builder::allowSetId);
    flag("lenientType", builder::lenientType);
    flag("nph", builder::nph);
    flag("passShellFunctions", builder::passShellFunctions);
    flag("refuseRoot", builder::refuseRoot);
    flag("strictExit", builder::strictExit);
    flag("strictOwnership", builder::strictOwnership);
  }

  private void flag(String name, Runnable option) throws ServletException {
    if (parameters.flag(name)) {
      option.run();
    }
  }

  private void addFiles() throws ServletException {
    Path start = parameters.path("workingDirectory");
    if (start != null) {
      builder.workingDirectory(start);
    }
    String index = parameters.text("index");
    if (index != null) {
      checked("index", () -> builder.index(index));
    }
    FollowLinks links = parameters.constant("followLinks", FollowLinks.class);
    if (links != null) {
      builder.followLinks(links);
    }
    for (String root : words("root")) {
      Path directory = InitParameters.path("root", root);
      checked("root", () -> builder.root(directory));
    }
    List<String> allowed = parameters.words("allow");
    if (allowed != null) {
      builder.allow(new LinkedHashSet<>(allowed));
    }
  }

  private void addTexts() throws ServletException {
    for (String name : words("passVariable")) {
      checked("passVariable", () -> builder.passVariable(name));
    }
    for (String name : words("fileVariable")) {
      checked("fileVariable", () -> builder.fileVariable(name));
    }
    Application redirects =
        parameters.instance("localRedirects", Application.class, "an Application");
    if (redirects != null) {
      made.accept(redirects);
      builder.localRedirects(redirects);
    }
    Consumer<CgiRun> listener =
        listener(parameters.instance("onRun", Consumer.class, "a Consumer of CgiRun"));
    if (listener != null) {
      made.accept(listener);
      builder.onRun(listener);
    }
    IsolationLevel level = parameters.constant("requireLevel", IsolationLevel.class);
    if (level != null) {
      builder.requireLevel(level);
    }
  }

  /** The cast is unchecked, because nobody can see what a named class consumes. */
  @SuppressWarnings("unchecked")
  private static @Nullable Consumer<CgiRun> listener(@Nullable Consumer<?> named) {
    return (Consumer<CgiRun>) named;
  }

  private List<String> words(String name) throws ServletException {
    List<String> words = parameters.words(name);
    return words == null ? List.of() : words;
  }

  private void addIsolation() throws ServletException {
    Isolation.Builder isolation = Isolation.builder();
    Duration cpuTime = parameters.duration("isolation.cpuTime");
    if (cpuTime != null) {
      checked("isolation.cpuTime", () -> isolation.cpuTime(cpuTime));
    }
    bytes("isolation.memory", isolation::memory);
    bytes("isolation.fileSize", isolation::fileSize);
    bytes("isolation.groupMemory", isolation::groupMemory);
    count("isolation.openFiles", isolation::openFiles);
    count("isolation.processes", isolation::processes);
    count("isolation.groupProcesses", isolation::groupProcesses);
    count("isolation.lowestUser", isolation::lowestUser);
    flag("isolation.noNewPrivileges", isolation::noNewPrivileges);
    flag("isolation.endWithServer", isolation::endWithServer);
    flag("isolation.hideServer", isolation::hideServer);
    flag("isolation.namespaces", isolation::namespaces);
    String user = parameters.text("isolation.user");
    if (user != null) {
      checked("isolation.user", () -> isolation.user(user));
    }
    Path group = parameters.path("isolation.cgroup");
    if (group != null) {
      checked("isolation.cgroup", () -> isolation.cgroup(group));
    }
    for (String readable : words("isolation.readable")) {
      Path path = InitParameters.path("isolation.readable", readable);
      checked("isolation.readable", () -> isolation.readable(path));
    }
    checked("isolation.*", () -> builder.isolation(isolation.build()));
  }

  private void bytes(String name, Consumer<Long> option) throws ServletException {
    long bytes = parameters.bytes(name);
    if (bytes >= 0) {
      checked(name, () -> option.accept(bytes));
    }
  }

  private void count(String name, Consumer<Integer> option) throws ServletException {
    int count = parameters.number(name, 1);
    if (count >= 0) {
      checked(name, () -> option.accept(count));
    }
  }
}
