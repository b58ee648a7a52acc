package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.HttpException;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.CgiSink;
import dev.postern.gateway.ListeningSocket;
import dev.postern.gateway.ProcessVariables;
import dev.postern.gateway.StandardStreams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs an application as a CGI executable: one request, from this process's environment and
 * standard input, answered on its standard output (RFC 3875).
 *
 * <pre>{@code
 * public static void main(String[] args) {
 *   CgiGateway.main(new Hello());
 * }
 * }</pre>
 *
 * <p>On Linux the bytes of the environment are exact, whatever the locale is. The gateway reads
 * standard input up to CONTENT_LENGTH and no further; it reads what the application leaves of the
 * body after the response. The response starts with {@code Status}, because servers take a {@code
 * Location} without one for a local redirect. The one exception is a 200 for an error page of the
 * server: without a {@code Status} the client gets the status of the error. A CGI executable spends
 * most of its time on its start, so nothing here uses Guava, a logging framework or a regular
 * expression.
 *
 * <p>A process that was started with a listening socket as its descriptor 0, by spawn-fcgi,
 * lighttpd or Apache's mod_fcgid, serves FastCGI there until it is told to end. {@code
 * postern-fastcgi} must be on its class path then.
 *
 * <p>A server may start the process with a standard stream closed. The JVM then opens a file of its
 * own under the number of this stream, and the gateway leaves that file alone: without standard
 * input a body is too short, without standard output the request fails, and without standard error
 * the log is lost.
 *
 * <p>Not thread-safe.
 */
public final class CgiGateway {
  private final Application application;
  private final @Nullable Map<String, String> environment;
  private final @Nullable InputStream input;
  private final @Nullable OutputStream output;
  private final @Nullable PrintWriter errors;
  private final long maxBody;
  private int exitStatus;

  private CgiGateway(Builder builder) {
    this.application = builder.application;
    this.environment = builder.environment;
    this.input = builder.input;
    this.output = builder.output;
    this.errors = builder.errors;
    this.maxBody = builder.maxBody;
  }

  /** A gateway between this process and the application. */
  public static CgiGateway of(Application application) {
    return builder(application).build();
  }

  /** Options, for a gateway whose streams or environment are not this process's. */
  public static Builder builder(Application application) {
    return new Builder(requireNonNull(application, "application"));
  }

  /**
   * Answers the one request of this process, and ends the JVM. The exit status is 0 after a whole
   * response to a request that did not fail, or that the application answered by an {@link
   * HttpException}, and after any whole response without a Content-Length or with one of 0;
   * otherwise it is 1. Make this the last call of your {@code main}: after status 0 it may return,
   * and the JVM then ends because nothing else runs. {@code System.out} goes to standard error from
   * here on, so that nothing gets between the bytes of the response. SIGTERM cancels the request.
   */
  public static void main(Application application) {
    of(application).runAndExit();
  }

  /** As {@link #main}, for a gateway with options. */
  public void runAndExit() {
    StandardStreams.dropErrorsWithoutAFile();
    System.setOut(System.err);
    run(true);
    int status = exitStatus;
    Thread self = Thread.currentThread();
    // Runtime.exit asks for a System.Logger since JDK 21, which costs 5 ms.
    if (status != 0 || othersKeepTheJvmAlive(self, self)) {
      System.exit(status);
    }
  }

  /**
   * Whether a thread keeps the JVM alive, other than the request's and the one that asks. True if
   * nobody can tell.
   */
  private static boolean othersKeepTheJvmAlive(Thread self, Thread request) {
    ThreadGroup group = self.getThreadGroup();
    Thread[] threads = new Thread[group == null ? 0 : group.activeCount() + 8];
    int count = group == null ? 0 : group.enumerate(threads);
    for (int i = 0; i < count; i++) {
      Thread thread = threads[i];
      if (!thread.equals(self)
          && !thread.equals(request)
          && !thread.isDaemon()
          && !thread.getName().equals("DestroyJavaVM")) {
        return true;
      }
    }
    return count == threads.length;
  }

  /**
   * Answers one request. Call it once. Any thread may call it and is then the request's thread. It
   * leaves the standard streams and {@code System.out} as they are.
   */
  public Outcome run() {
    return run(false);
  }

  private Outcome run(boolean ownsProcess) {
    Map<String, String> variables =
        environment == null ? ProcessVariables.read() : new HashMap<>(environment);
    if (ownsProcess
        && environment == null
        && !variables.containsKey("REQUEST_METHOD")
        && ListeningSocket.serve(application)) {
      return Outcome.of(0, 0, true, null);
    }
    boolean called = ProcessVariables.complete(variables);
    OutputStream out = output == null ? StandardStreams.output() : output;
    BodyAhead body = ProcessVariables.body(variables, input);
    Environ environ = ProcessVariables.environ(variables, body, null, errors, true);
    if (!called) {
      environ.errors().println("postern: no REQUEST_METHOD in the environment: answering GET /");
      environ.errors().flush();
    }
    CgiSink sink = new CgiSink(out, body, ProcessVariables.isErrorPage(variables));
    Exchange exchange = Exchange.of(environ, sink);
    Application answering = environ.contentLength() > maxBody ? new TooLarge() : application;
    if (!ownsProcess) {
      try {
        return exchange.run(answering);
      } finally {
        end(body);
      }
    }
    Terminator terminator = new Terminator(exchange, sink, Thread.currentThread());
    Runtime.getRuntime().addShutdownHook(terminator);
    Outcome outcome = exchange.run(answering);
    exitStatus = sink.exitStatus(outcome);
    terminator.finished(exitStatus);
    removeHook(terminator);
    if (body != null && outcome.complete()) {
      drain(body);
    }
    return outcome;
  }

  /** Frees what the body has in a process that goes on. */
  private static void end(@Nullable BodyAhead body) {
    try {
      if (body != null) {
        body.close();
      }
    } catch (IOException e) {
      // A file without a name could not be closed; the response is whole all the same.
    }
  }

  /** Removes the hook, because the JVM would otherwise start its thread at the end for nothing. */
  private static void removeHook(Terminator terminator) {
    try {
      Runtime.getRuntime().removeShutdownHook(terminator);
    } catch (IllegalStateException e) {
      // The JVM is ending already, and the hook runs or has run.
    }
  }

  /**
   * Reads what the application left of the request's body. Under Apache's mod_cgid the body comes
   * through the socket that the response goes back on, and fcgiwrap takes a broken pipe for a
   * failure. Under both a program that ends before it has read everything loses its response.
   */
  private static void drain(BodyAhead body) {
    byte[] block = new byte[16 * 1024];
    try {
      while (body.read(block) >= 0) {
        // Nobody wants it.
      }
    } catch (IOException e) {
      // The body was short; the response is whole all the same.
    }
  }

  /** Answers in the application's place if the request's body is larger than the limit. */
  private static final class TooLarge implements Application {
    @Override
    public Body call(Environ environ, StartResponse startResponse) throws GatewayException {
      throw new GatewayException(
          413, "request body must not exceed the limit: " + environ.contentLength());
    }
  }

  /**
   * Ends the request in order when the server sends SIGTERM. It cancels the exchange and closes the
   * body, and nothing more is written. If the whole response has been handed on before, it cancels
   * nothing, and the exit status is 0.
   */
  private static final class Terminator extends Thread {
    private static final long WAIT_MILLIS = 900;

    private final Exchange exchange;
    private final CgiSink sink;
    private final Thread request;
    private boolean finished;
    private int status;

    Terminator(Exchange exchange, CgiSink sink, Thread request) {
      super("postern-terminator");
      this.exchange = exchange;
      this.sink = sink;
      this.request = request;
    }

    synchronized void finished(int newStatus) {
      finished = true;
      status = newStatus;
      notifyAll();
    }

    @Override
    public synchronized void run() {
      // Another hook may have let the request finish before this one began.
      boolean whole = finished || sink.isWhole();
      if (!whole) {
        exchange.cancel(new IOException("process was told to end"));
        request.interrupt();
      }
      long start = System.nanoTime();
      long left = WAIT_MILLIS;
      try {
        while (!finished && left > 0) {
          wait(left);
          left = WAIT_MILLIS - (System.nanoTime() - start) / 1_000_000;
        }
        if (whole && finished && status == 0 && awaitOthers(start)) {
          Runtime.getRuntime().halt(0);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /**
     * Waits until the other shutdown hooks of this JVM have ended. The time counts from {@code
     * start}, as for the request; false when it is over.
     */
    private boolean awaitOthers(long start) throws InterruptedException {
      while (othersKeepTheJvmAlive(this, request)) {
        if (System.nanoTime() - start > WAIT_MILLIS * 1_000_000) {
          return false;
        }
        wait(1);
      }
      return true;
    }
  }

  /** Options of a gateway. Not thread-safe. */
  public static final class Builder {
    private final Application application;
    private @Nullable Map<String, String> environment;
    private @Nullable InputStream input;
    private @Nullable OutputStream output;
    private @Nullable PrintWriter errors;
    private long maxBody = Long.MAX_VALUE;

    private Builder(Application application) {
      this.application = application;
    }

    /** The CGI variables, bytes as chars, in place of this process's environment. */
    public Builder environment(Map<String, String> variables) {
      environment = Map.copyOf(variables);
      return this;
    }

    /** Where the request's body comes from; standard input by default. Never closed. */
    public Builder input(InputStream newInput) {
      input = requireNonNull(newInput, "input");
      return this;
    }

    /** Where the response goes; standard output by default. Never closed. */
    public Builder output(OutputStream newOutput) {
      output = requireNonNull(newOutput, "output");
      return this;
    }

    /** Where errors go; standard error by default. Never closed. */
    public Builder errors(PrintWriter newErrors) {
      errors = requireNonNull(newErrors, "errors");
      return this;
    }

    /**
     * The largest request body, in bytes; no limit by default, because the web server has one. The
     * client gets a 413 for a larger body, and the application is not called. The gateway reads
     * such a body after the response, as it does with any body.
     */
    public Builder maxBody(long bytes) {
      if (bytes < 0) {
        throw new IllegalArgumentException("limit of a body must not be negative: " + bytes);
      }
      maxBody = bytes;
      return this;
    }

    /** The gateway. */
    public CgiGateway build() {
      return new CgiGateway(this);
    }
  }
}
