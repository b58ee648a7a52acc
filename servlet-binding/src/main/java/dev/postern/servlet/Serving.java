package dev.postern.servlet;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import dev.postern.internal.DaemonTimer;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Serves the requests of one gateway, from its start to its end. Servlet and filter share this
 * class. Thread-safe.
 */
final class Serving {
  /**
   * How long after its deadline a request is cancelled. The application may still answer before.
   */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final Application application;
  private final GatewayOptions options;
  private final String software;
  private final Consumer<String> log;
  private final @Nullable ClientWatch watch;
  private final @Nullable ScheduledThreadPoolExecutor timer;

  Serving(Application application, GatewayOptions options, String software, Consumer<String> log) {
    this.application = application;
    this.options = options;
    this.software = software;
    this.log = log;
    this.watch = options.watch() ? ClientWatch.acquire() : null;
    this.timer = options.deadline() == null ? null : DaemonTimer.named("postern-deadline");
    SharedApplications.acquire(application);
  }

  /**
   * Closes the application if no other gateway serves it, and ends what was started for this
   * gateway.
   */
  void close() throws Exception {
    try {
      // Requests that still run have their deadline meanwhile.
      SharedApplications.release(application);
    } finally {
      if (watch != null) {
        ClientWatch.release();
      }
      if (timer != null) {
        timer.shutdownNow();
      }
    }
  }

  /**
   * Answers one request.
   *
   * @param path where the request leads; null if the container's path counts
   * @param passing finds the responses that are not sent, so that others answer; null for none
   * @throws IOException when the response was cut; the container then drops the connection
   */
  void serve(
      HttpServletRequest request,
      HttpServletResponse response,
      @Nullable RequestPath path,
      @Nullable Passing passing)
      throws IOException {
    new Arrival(request, response, path, passing).answer(null);
  }

  /**
   * A request that has come. Its deadline runs and its client is watched from now on, until it is
   * answered. Used by one thread at a time.
   */
  final class Arrival {
    private final HttpServletRequest request;
    private final @Nullable Passing passing;
    private final RequestVariables variables;
    private final ServletSink sink;
    private final PrintWriter errors = ErrorLog.of(log);
    private final Environ environ;
    private final Exchange exchange;
    private final @Nullable Future<?> end;
    private final ClientWatch.@Nullable Watched watched;

    /** Called on the container's thread. The parameters are those of {@link #serve}. */
    Arrival(
        HttpServletRequest request,
        HttpServletResponse response,
        @Nullable RequestPath path,
        @Nullable Passing passing) {
      this.request = request;
      this.passing = passing;
      this.variables = new RequestVariables(request, software, path, options);
      this.sink = new ServletSink(request, response);
      this.environ = environ(variables, errors);
      this.exchange = Exchange.of(environ, passing == null ? sink : passing.before(sink));
      this.end = end(exchange);
      this.watched = watch == null ? null : watch.begin(exchange, request);
    }

    /** Answers 503 without the application, because no thread has taken the request. */
    void reject(Throwable cause) throws IOException {
      answer(busy("executor must take the request: " + cause.getMessage(), cause));
    }

    /**
     * Answers the request. Called once.
     *
     * @param refusal what to answer without the application; null to call it
     * @throws IOException when the response was cut; the container then drops the connection
     */
    void answer(@Nullable GatewayException refusal) throws IOException {
      RequestBody body = variables.body();
      try {
        GatewayException fault = refusal == null ? fault() : refusal;
        Application called = fault == null ? called(request, body, passing) : refusal(fault);
        Outcome outcome = exchange.run(sink.marked(called));
        Throwable failure = outcome.failure();
        if (failure != null) {
          sink.endIncluded(failure);
        }
        if (failure != null && (passing == null || !passing.hasPassed())) {
          boolean gone =
              !outcome.complete()
                  && (sink.isRefused() || failure instanceof ClientWatch.ClientGoneException);
          FailureLog.report(variables, outcome, failure, gone);
        }
      } finally {
        leave();
      }
      errors.flush();
      IOException cut = sink.cut();
      if (cut != null) {
        throw cut;
      }
      if (passing == null || !passing.hasPassed()) {
        body.drain();
      }
    }

    /** Ends the deadline and the watch. May be called again. */
    void leave() {
      if (watch != null) {
        watch.end(watched);
      }
      if (end != null) {
        end.cancel(false);
      }
    }

    /** Why the application is not called; null when it is. */
    private @Nullable GatewayException fault() {
      String fault = variables.fault();
      if (fault != null) {
        return new GatewayException(400, fault);
      }
      boolean limited = options.maxBody() >= 0 && !variables.isError();
      if (limited && request.getContentLengthLong() > options.maxBody()) {
        return RequestBody.tooLarge(options.maxBody());
      }
      Duration left = environ.remaining();
      return left != null && left.isZero()
          ? busy("request must get a thread within its deadline: " + options.deadline(), null)
          : null;
    }
  }

  private static GatewayException busy(String why, @Nullable Throwable cause) {
    return new GatewayException(503, why, Headers.of("Retry-After", "1"), null, cause);
  }

  private Environ environ(RequestVariables variables, PrintWriter errors) {
    Environ.Builder builder =
        Environ.builder(variables)
            .input(variables.input())
            .errors(errors)
            .scheme(variables.scheme());
    if (options.deadline() != null) {
      builder.deadline(options.deadline());
    }
    return builder.build();
  }

  private void addExtensions(Environ environ, HttpServletRequest request) {
    for (Map.Entry<String, Function<HttpServletRequest, ? extends @Nullable Object>> extension :
        options.extensions().entrySet()) {
      Object value = extension.getValue().apply(request);
      if (value != null) {
        environ.put(extension.getKey(), value);
      }
    }
  }

  /** Ends the exchange after its deadline; null when nobody will. */
  private @Nullable Future<?> end(Exchange exchange) {
    if (timer == null || options.deadline() == null) {
      return null;
    }
    Duration deadline = options.deadline();
    try {
      return timer.schedule(
          () -> exchange.cancel(new TimeoutException("request must end in " + deadline)),
          deadline.plus(GRACE).toMillis(),
          TimeUnit.MILLISECONDS);
    } catch (OutOfMemoryError | RejectedExecutionException e) {
      // The system has no thread for the timer, or the gateway was stopped. The application still
      // knows the deadline.
      return null;
    }
  }

  /**
   * The application with the extensions that its environ has. If it may pass the request on,
   * nothing of the body is read before the application itself reads: a container reads no form
   * whose stream somebody else has.
   */
  private Application called(
      HttpServletRequest request, RequestBody body, @Nullable Passing passing) {
    if (passing == null) {
      return (environ, startResponse) -> {
        body.mayLook();
        addExtensions(environ, request);
        return application.call(environ, startResponse);
      };
    }
    return (environ, startResponse) -> {
      addExtensions(environ, request);
      try {
        return application.call(environ, startResponse);
      } catch (GatewayException e) {
        return passed(passing, startResponse, e.status(), e.headers(), e);
      } catch (HttpException e) {
        return passed(passing, startResponse, e.status(), e.headers(), e);
      }
    };
  }

  /**
   * Passes a request on whose application has thrown a 404. The engine would write the exception to
   * the log, as if the client had got the 404.
   */
  private static <E extends Exception> Body passed(
      Passing passing, StartResponse startResponse, int status, Headers headers, E error) throws E {
    if (!passing.passes(status, headers)) {
      throw error;
    }
    startResponse.start(status, headers, error);
    return Body.empty();
  }

  private static Application refusal(GatewayException fault) {
    return (environ, startResponse) -> {
      throw fault;
    };
  }
}
