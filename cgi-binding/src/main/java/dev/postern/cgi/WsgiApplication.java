package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.process.Pumps;
import dev.postern.warm.ApplicationLanguage;
import java.nio.file.Path;

/**
 * A WSGI application of Python (PEP 3333) as an application. It runs in worker processes. Each
 * worker has loaded it and serves one request at a time. Workers are started as requests need them,
 * up to {@link WorkerGroup.Builder#processes}.
 *
 * <p>If the application raises an exception before its response starts, the client gets a 500;
 * later the response is visibly cut. A worker that takes too long, or is silent for too long, is
 * killed; the other workers go on. When the application's file or one of its modules has changed,
 * new workers are started.
 *
 * <p>Whoever builds it closes it; {@code ServletGateway.destroy} does. Thread-safe.
 */
public final class WsgiApplication implements Application, AutoCloseable {
  private final ApplicationWorkers workers;
  private final Path file;

  private WsgiApplication(Builder builder) {
    file = builder.file();
    workers = builder.workers(ApplicationLanguage.WSGI, builder.callable);
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
   * Lets a worker answer the request.
   *
   * @throws dev.postern.GatewayException 500 when the application cannot be loaded, 503 when all
   *     workers are busy for too long; otherwise as {@link CgiApplication#call}
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return workers.call(environ, startResponse);
  }

  /** Ends the workers, each after its request, and the idle threads. */
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
  public static final class Builder extends ApplicationBuilder<Builder> {
    private String callable = "application";

    private Builder(Path file) {
      super(file, Path.of("/usr/bin/python3"));
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
     * The Python that runs the application, such as that of a virtual environment; {@code
     * /usr/bin/python3} by default.
     *
     * @throws IllegalArgumentException when this is no absolute path of an executable file
     */
    @Override
    public Builder interpreter(Path program) {
      return super.interpreter(program);
    }

    /**
     * The application. The first request loads it; a group that is {@link
     * WorkerGroup.Builder#eager} loads it now.
     *
     * @throws IllegalArgumentException when there is no such file
     */
    public WsgiApplication build() {
      checkFile();
      return new WsgiApplication(this);
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
