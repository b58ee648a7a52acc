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
import org.jspecify.annotations.Nullable;

/**
 * The processes that a program starts. They get the program's environment, working directory and
 * streams, and end with its request.
 */
@SuppressWarnings("BadImport")
public final class ProcessShim {
  /** Builders whose environment was already set to the program's. */
  private static final Set<ProcessBuilder> BEGUN =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private ProcessShim() {}

  @Redirect(value = "java/lang/ProcessBuilder.environment", kind = VIRTUAL)
  public static Map<String, String> environment(ProcessBuilder builder, Instance instance) {
    Map<String, String> environment = builder.environment();
    if (BEGUN.add(builder)) {
      environment.clear();
      environment.putAll(instance.live().environment);
    }
    return environment;
  }

  @Redirect(value = "java/lang/ProcessBuilder.start", kind = VIRTUAL)
  public static Process start(ProcessBuilder builder, Instance instance) throws IOException {
    Run run = instance.live();
    environment(builder, instance);
    File directory = builder.directory();
    ProcessBuilder.Redirect in = builder.redirectInput();
    ProcessBuilder.Redirect out = builder.redirectOutput();
    ProcessBuilder.Redirect err = builder.redirectError();
    boolean pumpErr = err.type() == Type.INHERIT && !builder.redirectErrorStream();
    try {
      builder.directory(
          directory == null ? run.directory.toFile() : FileShim.resolved(directory, instance));
      builder.redirectInput(moved(in, instance));
      builder.redirectOutput(moved(out, instance));
      builder.redirectError(moved(err, instance));
      builder.environment().put(Children.MARK, Children.mark(run));
      Process process = Headroom.start(builder);
      run.children.add(process);
      if (run.isPoisoned()) {
        // The run may have ended before this process was among its children.
        Children.end(run);
        throw new ProgramExit();
      }
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
    } finally {
      builder.environment().remove(Children.MARK);
      builder.directory(directory);
      builder.redirectInput(in).redirectOutput(out).redirectError(err);
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
}
