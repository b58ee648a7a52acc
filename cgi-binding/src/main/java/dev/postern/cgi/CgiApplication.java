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
 * A CGI program as an application: each call runs the program once (RFC 3875). The request's body
 * is written to it while its response is read; the program and all that it started end with the
 * response.
 *
 * <p>What the client must not be told is in the log: a program whose output breaks a rule is a 502,
 * one that is silent for too long a 504, and the diagnosis goes to {@code postern.errors} and the
 * {@link dev.postern.Outcome}. Nothing is held open between two requests; {@link #close} ends the
 * idle threads.
 *
 * <p>Thread-safe.
 */
public final class CgiApplication implements Application, AutoCloseable {
  private final ProcessHost host;
  private final Program program;
  private final @Nullable JavaProgram java;

  /** Bytes as chars; null for a program that runs itself. */
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
      host.load(program);
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
   * Options for the program at that path, which gets no arguments. A relative path is taken from
   * the current directory, once.
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
   * Options for a Java program that runs inside this JVM. All of them hold but {@link
   * CgiHostBuilder#isolation}: there is none.
   */
  public static Builder builder(JavaProgram program) {
    return new Builder(program.program(), program);
  }

  /**
   * Options for a program with arguments, such as an interpreter and a script. There is no shell in
   * between; nothing of a request ever becomes an argument.
   *
   * @param command an absolute path and its arguments
   * @throws IllegalArgumentException when the command is empty or its first word is no absolute
   *     path
   */
  public static Builder builder(List<String> command) {
    if (command.isEmpty() || !Path.of(command.get(0)).isAbsolute()) {
      throw new IllegalArgumentException("command must start with an absolute path: " + command);
    }
    return new Builder(new Program(Path.of(command.get(0)), List.copyOf(command)), null);
  }

  /**
   * Runs the program and starts its response when its header block is there. Blocks until then.
   *
   * @throws dev.postern.GatewayException when the request is refused or the program fails; see the
   *     package for statuses
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    RunWatch watch = host.watch(program.file(), environ);
    try {
      RequestRules.check(environ, host.options());
      check();
      return host.run(program, java, environ, startResponse, watch);
    } catch (Throwable e) {
      if (e instanceof GatewayException refused) {
        host.counters().counted(refused);
      }
      watch.failed(e);
      watch.tell();
      throw e;
    }
  }

  /** A class path may be a directory; whether it is a program is seen when it is loaded. */
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
   * Ends the threads that are kept for the next request, which a web application must not leave
   * when it is undeployed, and the group of {@link CgiHostBuilder#warm}; {@code
   * ServletGateway.destroy} calls it. Programs that run go on. May be called more than once; a
   * request that comes later is answered, with new threads.
   */
  @Override
  public void close() {
    host.close();
    Pumps.endIdle();
    if (java != null) {
      java.close();
    }
  }

  /** How far its programs are kept apart. */
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
     * Arguments of the program; none by default. There is no shell in between; nothing of a request
     * ever becomes an argument.
     *
     * @throws IllegalStateException for a {@link JavaProgram}
     */
    public Builder arguments(List<String> newArguments) {
      checkStarted("arguments");
      arguments = List.copyOf(newArguments);
      return this;
    }

    /**
     * Runs the program by an interpreter: the command, then the program's absolute path, then its
     * arguments. This process must be able to read the program; it needs no execute bit. By default
     * the program runs itself.
     *
     * @param command an absolute path and its arguments
     * @throws IllegalArgumentException when the command is no absolute path
     * @throws IllegalStateException for a {@link JavaProgram}
     */
    public Builder interpreter(List<String> command) {
      checkStarted("an interpreter");
      if (command.isEmpty() || !Path.of(command.get(0)).isAbsolute()) {
        throw new IllegalArgumentException("command must start with an absolute path: " + command);
      }
      interpreter = List.copyOf(command);
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
     * The application. Whether the program can run is looked at for each request; one that its
     * modes or owner forbid to run is a warning in the log already.
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
