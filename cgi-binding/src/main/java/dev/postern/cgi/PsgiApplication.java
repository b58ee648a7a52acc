package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.process.Pumps;
import dev.postern.warm.ApplicationLanguage;
import java.nio.file.Path;

/**
 * A PSGI application of Perl (the PSGI specification) as an application. It runs in worker
 * processes. Each worker has loaded it and serves one request at a time. Workers are started as
 * requests need them, up to {@link WorkerGroup.Builder#processes}.
 *
 * <p>If the application raises an exception before its response starts, the client gets a 500;
 * later the response is visibly cut. A worker that takes too long, or is silent for too long, is
 * killed; the other workers go on. When the application's file or one of its modules has changed,
 * new workers are started.
 *
 * <p>Whoever builds it closes it; {@code ServletGateway.destroy} does. Thread-safe.
 */
public final class PsgiApplication implements Application, AutoCloseable {
  private final ApplicationWorkers workers;
  private final Path file;

  private PsgiApplication(Builder builder) {
    file = builder.file();
    workers = builder.workers(ApplicationLanguage.PSGI, "");
  }

  /** The application in that file, with all defaults. */
  public static PsgiApplication of(Path file) {
    return builder(file).build();
  }

  /**
   * Options for the application in that file, such as an {@code app.psgi}. The file returns the
   * application. A relative path is taken from the current directory, once.
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
    return "PsgiApplication.of(" + file + ")";
  }

  /** Options of a PSGI application. Not thread-safe. */
  public static final class Builder extends ApplicationBuilder<Builder> {
    private Builder(Path file) {
      super(file, Path.of("/usr/bin/perl"));
    }

    /**
     * The Perl that runs the application; {@code /usr/bin/perl} by default.
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
    public PsgiApplication build() {
      checkFile();
      return new PsgiApplication(this);
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
