package dev.postern;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response: the engine under every gateway. A binding makes an {@link Environ}
 * and a {@link ResponseSink} and calls {@link #run}; what PEP 3333 and HTTP ask of a gateway
 * happens in here.
 *
 * <p>{@link #run} belongs to the request's thread; {@link #cancel} may come from any.
 */
public final class Exchange {
  private final Environ environ;
  private final Lifecycle lifecycle;
  private final ResponseSink sink;
  private final ResponseStream stream;

  private int status;
  private @Nullable Headers headers;
  private boolean started;

  /** The application broke the contract, whatever it makes of the exception that told it so. */
  private @Nullable RuntimeException broken;

  /** The error that the application itself answered by a replaced response. */
  private @Nullable Throwable answered;

  private int sentStatus;
  private boolean complete;
  private @Nullable Throwable failure;

  private Exchange(Environ environ, ResponseSink sink) {
    this.environ = requireNonNull(environ, "environ");
    this.lifecycle = environ.lifecycle();
    this.sink = requireNonNull(sink, "sink");
    this.stream = new ResponseStream(this, sink);
  }

  /** The exchange of one request. */
  public static Exchange of(Environ environ, ResponseSink sink) {
    return new Exchange(environ, sink);
  }

  /**
   * Calls the application, sends its response, closes its body and runs the hooks of {@link
   * Environ#onFinish}. Called once, on the request's thread; throws nothing that the application or
   * the peer threw.
   *
   * @throws IllegalStateException when an exchange has run with this environ before
   */
  public Outcome run(Application application) {
    lifecycle.begin();
    Body body = null;
    try {
      RequestRules.check(environ);
      body = application.call(environ, new Start());
      send(body);
    } catch (Throwable e) {
      fail(e);
    }
    stream.end();
    close(body);
    return finish();
  }

  /**
   * Ends the exchange early: nobody waits for the response, or its time is over. Nothing more is
   * written, the response is not reported or sent as complete, and the hooks of {@link
   * Environ#onCancel} run on this thread. Any thread.
   *
   * @return false when it was cancelled before or its response is whole already
   */
  public boolean cancel(Throwable cause) {
    return lifecycle.cancel(requireNonNull(cause, "cause"));
  }

  // ---- start-response ----

  /** A class and not a lambda: it is on a CGI executable's start path. */
  private final class Start implements StartResponse {
    @Override
    public void start(int newStatus, Headers newHeaders, @Nullable Throwable error) {
      Exchange.this.start(newStatus, newHeaders, error);
    }
  }

  private void start(int newStatus, Headers newHeaders, @Nullable Throwable error) {
    if (error != null && stream.isCommitted()) {
      throw Sneaky.<RuntimeException>rethrow(error);
    }
    if (started && error == null) {
      broken = new IllegalStateException("application must start its response once: " + newStatus);
      throw broken;
    }
    started = true;
    ResponseRules.check(newStatus, newHeaders);
    status = newStatus;
    headers = newHeaders;
    answered = error;
    stream.replace(framing(null));
  }

  // ---- the response ----

  private void send(@Nullable Body body) throws Exception {
    if (broken != null) {
      throw broken;
    }
    if (headers == null) {
      throw new IllegalStateException("application must start a response before it returns");
    }
    if (body == null) {
      throw new IllegalStateException("application must return a body: null");
    }
    stream.replace(framing(body));
    if (mayHaveBody()) {
      write(body);
    }
    if (broken != null) {
      throw broken;
    }
    stream.finishBody();
    complete();
  }

  /** A body that was cut at its Content-Length has nothing more to say: the response is whole. */
  private void write(Body body) throws Exception {
    try {
      body.writeTo(stream);
    } catch (Exception e) {
      if (stream.excess() == null || stream.sinkFailure() != null) {
        throw e;
      }
    }
  }

  /**
   * What the response's length is to be: the application's word, else the body's, else {@link
   * ResponseStream#UNKNOWN}.
   */
  private long framing(@Nullable Body body) {
    String declared = headers == null ? null : headers.get("Content-Length");
    if (declared != null) {
      return Text.parseLength(declared);
    }
    return body == null ? ResponseStream.UNKNOWN : body.length();
  }

  private boolean mayHaveBody() {
    return !environ.method().equals("HEAD") && !isBodiless(status);
  }

  /** RFC 9110 15.3.5, 15.3.6 and 15.4.5. */
  private static boolean isBodiless(int status) {
    return status == 204 || status == 205 || status == 304;
  }

  /**
   * Sends the head, once. Called by the stream when the first bytes leave it.
   *
   * @param length of the body in bytes, or {@link ResponseStream#UNKNOWN}
   */
  void commit(long length) throws IOException {
    Headers sent = requireNonNull(headers);
    if (status == 204 || status == 304) {
      sent = sent.without("Content-Length");
      if (status == 304) {
        sent = sent.without("Content-Type");
      }
    } else if (status == 205) {
      sent = sent.with("Content-Length", "0");
    } else if (length >= 0 && !sent.contains("Content-Length")) {
      sent = sent.plus("Content-Length", Long.toString(length));
    }
    sentStatus = status;
    sink.head(status, sent);
  }

  /**
   * Whether the stream has to drop what is written: the response may have been replaced by one
   * without a body.
   */
  boolean discards() {
    return !mayHaveBody();
  }

  /** The only place where a response becomes whole, so that a cancelled one never does. */
  private void complete() throws IOException {
    if (!lifecycle.complete()) {
      throw cancelled();
    }
    stream.finish();
    complete = true;
    failure = stream.excess() == null ? answered : stream.excess();
    if (stream.excess() != null) {
      report(stream.excess());
    }
  }

  void checkCancelled() throws IOException {
    if (lifecycle.isCancelled()) {
      throw cancelled();
    }
  }

  private IOException cancelled() {
    return new IOException(
        "response must not be written after the exchange was cancelled", lifecycle.cause());
  }

  // ---- failures ----

  private void fail(Throwable error) {
    if (error instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    Throwable gone = stream.sinkFailure() == null ? lifecycle.cause() : stream.sinkFailure();
    failure = gone == null ? error : gone;
    if (gone == null) {
      report(error);
      if (!stream.isCommitted() && sendErrorPage(error)) {
        return;
      }
    }
    lifecycle.cancel(failure);
    sink.abort(failure);
  }

  /**
   * A fixed text: a client never sees a message, a stack or a path. False when it could not be sent
   * either.
   */
  private boolean sendErrorPage(Throwable error) {
    GatewayException mapped = error instanceof GatewayException gateway ? gateway : null;
    int errorStatus = mapped == null ? 500 : mapped.status();
    byte[] text =
        (errorStatus + " " + ReasonPhrases.of(errorStatus))
            .trim()
            .concat("\n")
            .getBytes(StandardCharsets.US_ASCII);
    status = errorStatus;
    headers = Headers.of("Content-Type", "text/plain; charset=utf-8");
    if (mapped != null) {
      for (var field : mapped.headers()) {
        headers = headers.plus(field.getKey(), field.getValue());
      }
    }
    try {
      stream.replace(text.length);
      if (mayHaveBody()) {
        stream.write(text, 0, text.length);
      }
      stream.finishBody();
      if (!lifecycle.complete()) {
        return false;
      }
      stream.finish();
      complete = true;
      return true;
    } catch (IOException | RuntimeException e) {
      failure = e;
      return false;
    }
  }

  /**
   * The whole story, for the server's log alone. What a peer or a program did needs no stack of
   * ours.
   */
  private void report(Throwable error) {
    try {
      var errors = environ.errors();
      if (error instanceof GatewayException gateway) {
        errors.println(
            "postern: "
                + gateway.status()
                + " for "
                + environ
                + ": "
                + gateway.getMessage()
                + (gateway.diagnosis() == null ? "" : " (" + gateway.diagnosis() + ")"));
      } else {
        errors.println("postern: " + environ + " failed");
        error.printStackTrace(errors);
      }
      errors.flush();
    } catch (RuntimeException e) {
      error.addSuppressed(e);
    }
  }

  private void close(@Nullable Body body) {
    if (body == null) {
      return;
    }
    try {
      body.close();
    } catch (Throwable e) {
      report(e);
      if (failure == null) {
        failure = e;
      }
    }
  }

  private Outcome finish() {
    Outcome outcome = new Outcome(sentStatus, stream.sent(), complete, failure, lifecycle.facts());
    for (Consumer<Outcome> hook : lifecycle.finish()) {
      try {
        hook.accept(outcome);
      } catch (Throwable e) {
        report(e);
      }
    }
    return outcome;
  }
}
