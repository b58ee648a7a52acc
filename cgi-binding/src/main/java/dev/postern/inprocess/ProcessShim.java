package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;

import dev.postern.process.Headroom;
import dev.postern.rewrite.Redirect;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect.Type;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringTokenizer;
import java.util.WeakHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The processes that a program starts. They get the program's environment, working directory and
 * streams, and end with its request.
 */
@SuppressWarnings({"BadImport", "CollectionIncompatibleType"})
public final class ProcessShim {
  /** Builders whose environment the program has asked for, and may have changed. */
  private static final Set<ProcessBuilder> BEGUN =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private ProcessShim() {}

  @Redirect(value = "java/lang/ProcessBuilder.environment", kind = VIRTUAL)
  public static Map<String, String> environment(ProcessBuilder builder, Instance instance) {
    return BEGUN.add(builder) ? filled(builder, instance) : builder.environment();
  }

  private static Map<String, String> filled(ProcessBuilder builder, Instance instance) {
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.putAll(instance.live().environment);
    return environment;
  }

  @Redirect(value = "java/lang/ProcessBuilder.start", kind = VIRTUAL)
  public static Process start(ProcessBuilder builder, Instance instance) throws IOException {
    return start(List.of(builder), instance).get(0);
  }

  @Redirect("java/lang/ProcessBuilder.startPipeline")
  public static List<Process> startPipeline(List<ProcessBuilder> builders, Instance instance)
      throws IOException {
    return start(builders, instance);
  }

  private static List<Process> start(List<ProcessBuilder> builders, Instance instance)
      throws IOException {
    Run run = instance.live();
    List<Given> given = new ArrayList<>();
    try {
      for (ProcessBuilder builder : builders) {
        given.add(Given.of(builder));
        prepare(builder, instance);
      }
      List<Process> processes = Headroom.start(builders);
      run.children.addAll(processes);
      if (run.isPoisoned()) {
        // The run may have ended before the processes were among its children.
        Children.end(run);
        throw new ProgramExit();
      }
      List<Process> children = new ArrayList<>();
      for (int i = 0; i < processes.size(); i++) {
        children.add(given.get(i).child(processes.get(i), run));
      }
      return children;
    } finally {
      given.forEach(Given::restore);
    }
  }

  private static void prepare(ProcessBuilder builder, Instance instance) {
    File directory = builder.directory();
    builder.directory(
        directory == null
            ? instance.live().directory.toFile()
            : FileShim.resolved(directory, instance));
    builder.redirectInput(moved(builder.redirectInput(), instance));
    builder.redirectOutput(moved(builder.redirectOutput(), instance));
    builder.redirectError(moved(builder.redirectError(), instance));
    Map<String, String> environment =
        BEGUN.contains(builder) ? builder.environment() : filled(builder, instance);
    environment.put(Children.MARK, Children.mark(instance.live()));
  }

  /** What a program has set in a builder, which is changed only for the start. */
  private record Given(
      ProcessBuilder builder,
      @Nullable File directory,
      ProcessBuilder.Redirect in,
      ProcessBuilder.Redirect out,
      ProcessBuilder.Redirect err) {
    static Given of(ProcessBuilder builder) {
      return new Given(
          builder,
          builder.directory(),
          builder.redirectInput(),
          builder.redirectOutput(),
          builder.redirectError());
    }

    void restore() {
      builder.environment().remove(Children.MARK);
      builder.directory(directory);
      builder.redirectInput(in).redirectOutput(out).redirectError(err);
    }

    /** The started process, with threads that copy the streams it inherits. */
    Process child(Process process, Run run) {
      boolean pumpErr = err.type() == Type.INHERIT && !builder.redirectErrorStream();
      List<CountDownLatch> pumps = new ArrayList<>();
      if (in.type() == Type.INHERIT) {
        Children.pump(run.input, process.getOutputStream(), true);
      }
      if (out.type() == Type.INHERIT) {
        pumps.add(Children.pump(process.getInputStream(), run.pipe, false));
      }
      if (pumpErr) {
        pumps.add(Children.pump(process.getErrorStream(), run.rawErrors, false));
      }
      if (pumps.isEmpty()) {
        return process;
      }
      Process child = new Children.Inheriting(process, pumps, out.type() == Type.INHERIT, pumpErr);
      run.children.add(child);
      return child;
    }
  }

  private static ProcessBuilder.Redirect moved(ProcessBuilder.Redirect to, Instance instance) {
    return switch (to.type()) {
      case INHERIT -> ProcessBuilder.Redirect.PIPE;
      case READ -> ProcessBuilder.Redirect.from(FileShim.resolved(to.file(), instance));
      case WRITE -> ProcessBuilder.Redirect.to(FileShim.resolved(to.file(), instance));
      case APPEND -> ProcessBuilder.Redirect.appendTo(FileShim.resolved(to.file(), instance));
      default -> to;
    };
  }

  @Redirect(value = "java/lang/Runtime.exec", kind = VIRTUAL)
  public static Process exec(Runtime runtime, String command, Instance instance)
      throws IOException {
    return exec(runtime, command, null, null, instance);
  }

  @Redirect(value = "java/lang/Runtime.exec", kind = VIRTUAL)
  public static Process exec(
      Runtime runtime, String command, String @Nullable [] environment, Instance instance)
      throws IOException {
    return exec(runtime, command, environment, null, instance);
  }

  @Redirect(value = "java/lang/Runtime.exec", kind = VIRTUAL)
  public static Process exec(
      Runtime runtime,
      String command,
      String @Nullable [] environment,
      @Nullable File directory,
      Instance instance)
      throws IOException {
    if (command.isEmpty()) {
      throw new IllegalArgumentException("Empty command");
    }
    List<String> words = new ArrayList<>();
    StringTokenizer tokens = new StringTokenizer(command);
    while (tokens.hasMoreTokens()) {
      words.add(tokens.nextToken());
    }
    return exec(runtime, words.toArray(new String[0]), environment, directory, instance);
  }

  @Redirect(value = "java/lang/Runtime.exec", kind = VIRTUAL)
  public static Process exec(Runtime runtime, String[] command, Instance instance)
      throws IOException {
    return exec(runtime, command, null, null, instance);
  }

  @Redirect(value = "java/lang/Runtime.exec", kind = VIRTUAL)
  public static Process exec(
      Runtime runtime, String[] command, String @Nullable [] environment, Instance instance)
      throws IOException {
    return exec(runtime, command, environment, null, instance);
  }

  @Redirect(value = "java/lang/Runtime.exec", kind = VIRTUAL)
  public static Process exec(
      Runtime runtime,
      String[] command,
      String @Nullable [] environment,
      @Nullable File directory,
      Instance instance)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory);
    Map<String, String> variables = environment(builder, instance);
    if (environment != null) {
      variables.clear();
      for (String entry : environment) {
        int equals = entry.indexOf('=');
        if (equals > 0) {
          variables.put(entry.substring(0, equals), entry.substring(equals + 1));
        }
      }
    }
    return start(builder, instance);
  }

  // ---- the process itself: its children are the program's, not all those of the server ----

  @Redirect(value = "java/lang/ProcessHandle.children", kind = VIRTUAL)
  public static Stream<ProcessHandle> children(ProcessHandle handle, Instance instance) {
    return isThis(handle) ? children(instance) : handle.children();
  }

  @Redirect(value = "java/lang/ProcessHandle.descendants", kind = VIRTUAL)
  public static Stream<ProcessHandle> descendants(ProcessHandle handle, Instance instance) {
    return isThis(handle)
        ? children(instance).flatMap(child -> Stream.concat(Stream.of(child), child.descendants()))
        : handle.descendants();
  }

  private static boolean isThis(ProcessHandle handle) {
    return handle.equals(ProcessHandle.current());
  }

  private static Stream<ProcessHandle> children(Instance instance) {
    return instance.live().children.stream()
        .map(Process::toHandle)
        .filter(ProcessHandle::isAlive)
        .distinct();
  }
}
