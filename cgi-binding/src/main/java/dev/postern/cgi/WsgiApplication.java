package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.process.Pumps;
import dev.postern.warm.ApplicationLanguage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A WSGI application of Python (PEP 3333) as an application: it runs in worker processes, each of
 * which has loaded it and serves one request at a time. They are started as requests need them, up
 * to {@link WorkerGroup.Builder#processes}.
 *
 * <p>What the application raises before its response is a 500; after that the response is visibly
 * cut. A worker that takes too long, or is silent for too long, is killed; the others go on. When
 * the application's file or a module has changed, new workers are started.
 *
 * <p>Whoever builds it closes it; {@code ServletGateway.destroy} does. Thread-safe.
 */
public final class WsgiApplication implements Application, AutoCloseable {
  private final ApplicationWorkers workers;
  private final Path file;

  private WsgiApplication(Builder builder) {
    file = builder.file;
    workers =
        new ApplicationWorkers(
            builder.options(),
            file,
            ApplicationLanguage.WSGI,
            builder.interpreter,
            builder.callable,
            builder.group);
  }

  /** The application in that file, with all defaults. */
  public static WsgiApplication of(Path file) {
    return builder(file).build();
  }

  /**
   * Options for the application in that file, such as a {@code wsgi.py}. A relative path is taken
   * from the current directory, once.
   */
  public static Builder builder(Path file) {
    return new Builder(file.toAbsolutePath().normalize());
  }

  /**
   * Has a worker answer.
   *
   * @throws dev.postern.GatewayException 500 when the application cannot be loaded, 503 when all
   *     workers are busy for too long; else as {@link CgiApplication#call}
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return workers.call(environ, startResponse);
  }

  /** Ends its workers, each after its request, and idle threads. */
  @Override
  public void close() {
    workers.close();
    Pumps.endIdle();
  }

  /** What was refused or dropped so far, by rule. */
  public Refusals refusals() {
    return Refusals.of(workers.host().counters().snapshot());
  }

  @Override
  public String toString() {
    return "WsgiApplication.of(" + file + ")";
  }

  /** Options of a WSGI application. Not thread-safe. */
  public static final class Builder extends HostBuilder<Builder> {
    private final Path file;
    private Path interpreter = Path.of("/usr/bin/python3");
    private String callable = "application";
    private @Nullable WorkerGroup group;

    private Builder(Path file) {
      this.file = file;
    }

    /** The name of the application in its file; {@code application} by default. */
    public Builder callable(String name) {
      if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        throw new IllegalArgumentException("callable must be a name: " + name);
      }
      callable = name;
      return this;
    }

    /**
     * The Python that runs it, such as that of a virtual environment; {@code /usr/bin/python3} by
     * default.
     *
     * @throws IllegalArgumentException when it is no absolute path of an executable file
     */
    public Builder interpreter(Path program) {
      if (!program.isAbsolute() || !Files.isExecutable(program)) {
        throw new IllegalArgumentException(
            "interpreter must be an executable file, by its absolute path: " + program);
      }
      interpreter = program;
      return this;
    }

    /** The group whose options its workers have; by default one of its own, with all defaults. */
    public Builder workers(WorkerGroup newGroup) {
      group = requireNonNull(newGroup, "group");
      return this;
    }

    /**
     * The application. It is loaded with the first request.
     *
     * @throws IllegalArgumentException when there is no such file
     */
    public WsgiApplication build() {
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException("application must be in a file: " + file);
      }
      return new WsgiApplication(this);
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
