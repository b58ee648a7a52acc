package dev.postern.cgi;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.process.HostedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Runs programs for requests: the host of RFC 3875, as {@link CgiApplication} and {@link
 * CgiDirectory} share it. Thread-safe.
 */
final class ProgramHost {
  private final HostOptions options;

  ProgramHost(HostOptions options) {
    this.options = options;
  }

  HostOptions options() {
    return options;
  }

  /**
   * Runs a program that may run, and starts its response. The body that is returned owns the
   * process and its place.
   */
  Body run(Program program, Environ environ, StartResponse startResponse) throws Exception {
    RequestBody request = RequestBody.of(environ, options.maxBody());
    try {
      Map<String, String> environment =
          ProgramEnvironment.of(environ, options, program, request.length());
      options.limit().acquire();
      try {
        HostedProcess process = start(program, environment, request);
        ProgramRun run = new ProgramRun(program, process, request, options, environ);
        try {
          return run.begin(startResponse);
        } catch (Throwable e) {
          run.close();
          throw e;
        }
      } catch (StartException e) {
        options.limit().release();
        throw e.failure();
      }
    } catch (Throwable e) {
      request.close();
      throw e;
    }
  }

  private HostedProcess start(Program program, Map<String, String> environment, RequestBody request)
      throws StartException {
    Path directory = directory(program);
    if (!Files.isDirectory(directory)) {
      throw new StartException(
          new GatewayException(
              500, "working directory must be a directory: " + directory + " [no-directory]"));
    }
    try {
      return HostedProcess.start(program.command(), environment, directory, request.stream());
    } catch (IOException e) {
      // The program was looked at before, so that what fails here is a matter of resources.
      throw new StartException(
          new GatewayException(
              503,
              "program must be started: " + program.file() + " [not-started]",
              Headers.of("Retry-After", "1"),
              null,
              e));
    }
  }

  private Path directory(Program program) {
    Path configured = options.workingDirectory();
    Path parent = program.file().getParent();
    return configured != null ? configured : parent != null ? parent : Path.of("/");
  }

  /** There is no process, and so nothing but the place to give back. */
  private static final class StartException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient GatewayException failure;

    StartException(GatewayException failure) {
      super(failure);
      this.failure = failure;
    }

    GatewayException failure() {
      return failure;
    }
  }
}
