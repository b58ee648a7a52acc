package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.hosting.RequestRules;
import dev.postern.hosting.RunWatch;
import dev.postern.process.ProgramText;
import dev.postern.process.Pumps;
import dev.postern.process.StartPath;
import dev.postern.program.NeverRuns;
import dev.postern.program.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A CGI program as an application: each call runs the program once (RFC 3875). The program gets the
 * request's body while its response is read. The program and all that it started end with the
 * response.
 *
 * <p>The client only gets a status: 502 when the program's output breaks a rule, 504 when the
 * program is silent for too long. The diagnosis goes to {@code postern.errors} and the {@link
 * dev.postern.Outcome}. Nothing is held open between two requests; {@link #close} ends the idle
 * threads.
 *
 * <p>Thread-safe.
 */
public final class CgiApplication implements Application, AutoCloseable {
  private final ProcessHost host;
  private final Program program;
  private final @Nullable JavaProgram java;

  /** The interpreter, bytes as chars; null for a program that runs itself. */
  private final @Nullable String interpreter;

  private CgiApplication(Builder builder) {
    this.host = new ProcessHost(builder);
    this.program = builder.program();
    this.interpreter = interpreter(builder);
    if (Files.isRegularFile(program.file()) || builder.java == null) {
      NeverRuns.warn(() -> program.checkConfiguredModes(host.processes().modes()));
    }
    this.java = builder.java;
    if (java == null && host.isEager()) {
      load();
    }
  }

  /** Lets an eager group load the program, unless the program must not run. */
  private void load() {
    try {
      check();
      host.load(program);
    } catch (GatewayException e) {
      // Each request gets this failure.
    }
  }

  private static @Nullable String interpreter(Builder builder) {
    if (builder.interpreter.isEmpty()) {
      return null;
    }
    String first = builder.interpreter.get(0);
    String bytes = ProgramText.toBytes(first);
    return bytes == null ? first : bytes;
  }

  /** The program at that path, with all defaults. */
  public static CgiApplication of(Path program) {
    return builder(program).build();
  }

  /**
   * Options for the program at that path. The program gets no arguments. A relative path is taken
   * from the current directory, once.
   */
  public static Builder builder(Path program) {
    Path absolute = program.toAbsolutePath().normalize();
    return new Builder(new Program(absolute, List.of(ProgramText.toWord(absolute))), null);
  }

  /** A Java program that runs inside this JVM, with all defaults. */
  public static CgiApplication of(JavaProgram program) {
    return builder(program).build();
  }

  /**
   * Options for a Java program that runs inside this JVM. {@link CgiHostBuilder#isolation} is
   * refused, because such a program cannot be isolated.
   */
  public static Builder builder(JavaProgram program) {
    return new Builder(program.program(), program);
  }

  /**
   * Options for a program with arguments, such as {@code java} and the name of a class. The first
   * word is the program: checks, {@code SCRIPT_FILENAME} and the working directory are those of
   * this file. If the program is a script for an interpreter, use {@link Builder#interpreter}
   * instead. No shell reads the command, and nothing of a request ever becomes an argument.
   *
   * @param command an absolute path and its arguments
   * @throws IllegalArgumentException when the command is empty or its first word is no absolute
   *     path
   */
  public static Builder builder(List<String> command) {
    List<String> words = Program.command(command);
    return new Builder(new Program(Path.of(words.get(0)), words), null);
  }

  /**
   * Runs the program, and starts the response when the program has sent its header block. Blocks
   * until then.
   *
   * @throws dev.postern.GatewayException when the request is refused or the program fails; with the
   *     status for the client
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    RunWatch watch = host.watch(program.file(), environ);
    return host.run(
        watch,
        () -> {
          RequestRules.check(environ, host.options());
          check();
          return host.hosted(program, java, watch);
        },
        environ,
        startResponse);
  }

  /**
   * Checks the program before a run. A Java program may be a directory of classes, whose check is
   * the load.
   */
  private void check() throws GatewayException {
    if (interpreter != null) {
      program.checkConfiguredModes(host.processes().modes());
      program.checkInterpreter(interpreter);
    } else if (java == null) {
      program.checkConfigured(host.processes().modes());
    } else if (!Files.isDirectory(program.file())) {
      program.checkConfiguredModes(host.processes().modes());
    }
  }

  /**
   * Ends the threads that are kept for the next request, and the group of {@link
   * CgiHostBuilder#warm}. A web application must not leave such threads behind when it is
   * undeployed, so {@code ServletGateway.destroy} calls this method. Programs that run go on. May
   * be called more than once. A later request is still answered, with new threads.
   */
  @Override
  public void close() {
    host.close();
    Pumps.endIdle();
    if (java != null) {
      java.close();
    }
  }

  /** The isolation level of the program. */
  public IsolationLevel isolationLevel() {
    return host.processes().isolation().level();
  }

  /** What was refused or dropped so far, by rule. */
  public Refusals refusals() {
    return host.refusals();
  }

  /** The program, and what starts it: {@code posix_spawn} or {@code ProcessBuilder}. */
  @Override
  public String toString() {
    return java != null
        ? "CgiApplication.of(" + java + ")"
        : "CgiApplication.of(" + program.file() + ") by " + StartPath.inForce();
  }

  /** Options of a hosted program. Not thread-safe. */
  public static final class Builder extends CgiHostBuilder<Builder> {
    private final Program configured;
    private final @Nullable JavaProgram java;
    private List<String> interpreter = List.of();
    private List<String> arguments = List.of();

    private Builder(Program configured, @Nullable JavaProgram java) {
      this.configured = configured;
      this.java = java;
      if (java != null) {
        inside();
      }
    }

    /**
     * Arguments of the program; none by default. No shell reads them, and nothing of a request ever
     * becomes an argument.
     *
     * @throws IllegalStateException for a {@link JavaProgram}
     */
    public Builder arguments(List<String> newArguments) {
      checkStarted("arguments");
      arguments = List.copyOf(newArguments);
      return this;
    }

    /**
     * Runs the program by an interpreter. The whole command is the interpreter's words, the
     * program's absolute path, and the program's arguments. This process must be able to read the
     * program, which needs no execute bit. By default the program runs itself.
     *
     * @param command an absolute path and its arguments
     * @throws IllegalArgumentException when the command is no absolute path
     * @throws IllegalStateException for a {@link JavaProgram}
     */
    public Builder interpreter(List<String> command) {
      checkStarted("an interpreter");
      interpreter = Program.command(command);
      return this;
    }

    private void checkStarted(String what) {
      if (java != null) {
        throw new IllegalStateException("a Java program inside the server has not " + what);
      }
    }

    /** The program with the command that runs it. */
    private Program program() {
      if (interpreter.isEmpty() && arguments.isEmpty()) {
        return configured;
      }
      List<String> command = new ArrayList<>(interpreter);
      command.addAll(configured.command());
      command.addAll(arguments);
      return new Program(
          configured.file(), List.copyOf(command), configured.file(), !interpreter.isEmpty());
    }

    /**
     * The application. Each request checks whether the program can run. If modes or an owner forbid
     * every run, this method logs a warning already.
     */
    public CgiApplication build() {
      return new CgiApplication(this);
    }

    @Override
    Path programDirectory() {
      Path parent = configured.file().getParent();
      return parent == null ? configured.file() : parent;
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
