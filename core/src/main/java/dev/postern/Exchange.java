package dev.postern;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Causes;
import dev.postern.internal.Text;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response: the engine under every gateway. A binding makes an {@link Environ}
 * and a {@link ResponseSink} and calls {@link #run}. This class does what PEP 3333 and HTTP ask of
 * a gateway.
 *
 * <p>Several things can go wrong with one exchange. The first row of this table that applies gives
 * the {@link Outcome#failure} and decides what the client gets. "Error page" means a page with the
 * error's status if nothing was sent, and a cut response otherwise.
 *
 * <table>
 * <caption>Which failure wins</caption>
 * <tr><th></th><th>what happened</th><th>what the client and the log get</th></tr>
 * <tr><td>1</td><td>the sink threw an IOException: the peer is gone</td>
 *     <td>abort, no log</td></tr>
 * <tr><td>2</td><td>{@link #cancel} came before the response was whole</td>
 *     <td>abort, no log</td></tr>
 * <tr><td>3</td><td>the sink threw something else: the response cannot be sent</td>
 *     <td>error page and log</td></tr>
 * <tr><td>4</td><td>the application or its body threw an exception that has a status, or that has
 *     such an exception among its causes</td>
 *     <td>error page of that status, one line of the log</td></tr>
 * <tr><td>5</td><td>the application or its body threw a checked exception after the request's body
 *     had failed</td>
 *     <td>error page of the status of that failure, one line of the log</td></tr>
 * <tr><td>6</td><td>the application or its body threw anything else</td>
 *     <td>error page and log</td></tr>
 * <tr><td>7</td><td>the application broke the contract (two starts, or a start with an error after
 *     the commit) and caught the exception that said so</td>
 *     <td>error page and log</td></tr>
 * <tr><td>8</td><td>the last start was refused, and the application caught that exception</td>
 *     <td>error page and log</td></tr>
 * <tr><td>9</td><td>the body was longer than its Content-Length</td>
 *     <td>the whole response, cut at that length, and log</td></tr>
 * <tr><td>10</td><td>the application answered its own error by a start with that error</td>
 *     <td>its response, no log</td></tr>
 * <tr><td>11</td><td>closing the body threw</td>
 *     <td>its response, and log</td></tr>
 * </table>
 *
 * <p>Call {@link #run} on the request's thread. Any thread may call {@link #cancel}.
 */
public final class Exchange {
  private final Environ environ;
  private final Lifecycle lifecycle;
  private final ResponseSink sink;
  private final ResponseStream stream;

  /** The gateway's log, even if an application puts another one under {@code postern.errors}. */
  private final PrintWriter errors;

  /** Whether the client sent HEAD. A middleware may have changed REQUEST_METHOD on a copy. */
  private final boolean head;

  private int status;
  private @Nullable Headers headers;
  private boolean started;

  /** Set if the application broke the contract, even if it caught the exception that said so. */
  private @Nullable Throwable broken;

  /** Set if the last start was refused, and no other one has come since. */
  private @Nullable RuntimeException refused;

  /** The error that the application itself answered by a replaced response. */
  private @Nullable Throwable answered;

  private int sentStatus;
  private boolean complete;
  private @Nullable Throwable failure;
  private boolean interrupted;

  private Exchange(Environ environ, ResponseSink sink) {
    this.environ = requireNonNull(environ, "environ");
    this.lifecycle = environ.lifecycle();
    this.sink = requireNonNull(sink, "sink");
    this.stream = new ResponseStream(this, sink);
    this.errors = environ.errors();
    this.head = environ.method().equals("HEAD");
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
      checkCancelled();
      RequestRules.check(environ);
      body = application.call(environ, new Start());
      send(body);
    } catch (Throwable e) {
      noteInterrupt(e);
      fail(told(e));
    }
    stream.end();
    close(body);
    Outcome outcome = finish();
    if (interrupted) {
      // Set the flag only now. Before, an interruptible channel would see the flag and close, and
      // the error page would not go out.
      Thread.currentThread().interrupt();
    }
    return outcome;
  }

  /**
   * Ends the exchange early, because nobody waits for the response or because its time is over. The
   * engine then writes nothing more, and neither sends nor reports the response as complete. The
   * hooks of {@link Environ#onCancel} run on the calling thread. Any thread may call this.
   *
   * @return false when the exchange was cancelled before or its response is whole already
   */
  public boolean cancel(Throwable cause) {
    return lifecycle.cancel(requireNonNull(cause, "cause"));
  }

  // ---- start-response ----

  /**
   * A class and not a lambda, because a lambda would make each start of a CGI executable slower.
   */
  private final class Start implements StartResponse {
    @Override
    public void start(int newStatus, Headers newHeaders, @Nullable Throwable error) {
      Exchange.this.start(newStatus, newHeaders, error);
    }

    @Override
    public void earlyHints(Headers hints) throws IOException {
      Exchange.this.earlyHints(hints);
    }
  }

  private void earlyHints(Headers hints) throws IOException {
    if (started) {
      throw new IllegalStateException("early hints must come before the response is started");
    }
    ResponseRules.checkHints(hints);
    checkCancelled();
    stream.earlyHints(hints);
  }

  private void start(int newStatus, Headers newHeaders, @Nullable Throwable error) {
    if (error != null && stream.isCommitted()) {
      if (broken == null) {
        broken = error;
      }
      throw Sneaky.<RuntimeException>rethrow(error);
    }
    if (started && error == null) {
      IllegalStateException twice =
          new IllegalStateException("application must start its response once: " + newStatus);
      broken = twice;
      throw twice;
    }
    started = true;
    try {
      ResponseRules.check(newStatus, newHeaders);
    } catch (RuntimeException e) {
      refused = e;
      throw e;
    }
    refused = null;
    status = newStatus;
    headers = newHeaders;
    answered = error;
    stream.replace(framing(null));
  }

  // ---- the response ----

  private void send(@Nullable Body body) throws Exception {
    checkContract();
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
    checkContract();
    checkSendable();
    stream.finishBody(trailers(body));
    complete();
  }

  /** Asks the body for its trailers after the last byte, and only if they can be sent. */
  private Headers trailers(Body body) {
    boolean sendable = mayHaveBody() && !stream.hasLength() && sink.takesTrailers();
    Headers trailers = sendable ? body.trailers() : Headers.of();
    ResponseRules.checkTrailers(trailers);
    return trailers;
  }

  /** If the application caught the exception that start() threw, the response still fails. */
  private void checkContract() {
    if (broken != null) {
      throw Sneaky.<RuntimeException>rethrow(broken);
    }
    if (refused != null) {
      throw refused;
    }
  }

  /** Fails also if the application caught the exception that the stream threw. */
  private void checkSendable() {
    Throwable unsendable = stream.unsendable();
    if (unsendable != null) {
      throw Sneaky.<RuntimeException>rethrow(unsendable);
    }
  }

  /**
   * Writes the body. If the stream has cut the body at its Content-Length, the response is whole.
   * So an exception that the body then throws does not fail the response.
   */
  private void write(Body body) throws Exception {
    try {
      body.writeTo(stream);
    } catch (Exception e) {
      IOException excess = stream.excess();
      if (excess == null || stream.sinkFailure() != null) {
        throw e;
      }
      noteInterrupt(e);
      // A writer may have wrapped the exception that the stream threw at the excess.
      if (Causes.first(e, ResponseStream.ExcessException.class::isInstance) == null) {
        excess.addSuppressed(e);
      }
    }
  }

  /**
   * The length of the response. It is what the application declared, else the length of the body,
   * else {@link ResponseStream#UNKNOWN}.
   */
  private long framing(@Nullable Body body) {
    String declared = headers == null ? null : headers.get("Content-Length");
    if (declared != null) {
      return Text.parseLength(declared);
    }
    return body == null ? ResponseStream.UNKNOWN : Math.max(body.length(), ResponseStream.UNKNOWN);
  }

  private boolean mayHaveBody() {
    return !head && !isBodiless(status);
  }

  /** Whether a response of this status has no body (RFC 9110 15.3.5, 15.3.6 and 15.4.5). */
  static boolean isBodiless(int status) {
    return status == 204 || status == 205 || status == 304;
  }

  /**
   * Sends the head, once. The stream calls this when its first bytes go out.
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
    } else {
      String declared = sent.get("Content-Length");
      if (declared == null) {
        sent = length < 0 ? sent : sent.plus("Content-Length", Long.toString(length));
      } else if (declared.length() > 1 && declared.charAt(0) == '0') {
        // HTTP allows leading zeros, as in 007. Some servers and clients read such a number as
        // octal, so we send it without the zeros.
        sent = sent.with("Content-Length", Long.toString(Text.parseLength(declared)));
      }
    }
    sink.head(status, sent);
    sentStatus = status;
  }

  /** Notes that the head was not sent after all. */
  void uncommit() {
    sentStatus = 0;
  }

  /**
   * Whether the stream has to drop what is written. A body may still write after the application
   * has replaced its response by one without a body.
   */
  boolean discards() {
    return !mayHaveBody();
  }

  /** Makes the application's response whole, unless the exchange was cancelled before. */
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

  void sinkFailed(Throwable error) {
    lifecycle.breakOff(error);
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
    Throwable gone = gone();
    if (gone == null) {
      report(error);
      failure = error;
      ErrorPage page = ErrorPage.of(error);
      if (sendErrorPage(page) || !page.equals(ErrorPage.PLAIN) && sendErrorPage(ErrorPage.PLAIN)) {
        return;
      }
      gone = gone();
    }
    failure = gone == null ? error : gone;
    lifecycle.breakOff(failure);
    abort(failure);
  }

  /**
   * The exception that decides what the client and the log get. A reader of JSON or XML, a template
   * or an iterator may have wrapped an exception that carries a status. So this method looks for
   * such an exception among the causes.
   */
  private Throwable told(Throwable error) {
    Throwable unsendable = stream.unsendable();
    StatusError said = StatusError.in(unsendable == null ? error : unsendable);
    if (unsendable != null) {
      return said == null ? unsendable : said.error();
    }
    if (said != null) {
      return said.error();
    }
    IOException input = environ.inputFailure();
    if (input == null || !StatusError.isReaders(error)) {
      return error;
    }
    input.addSuppressed(error);
    return input;
  }

  /** Why nobody takes the response any more, or null. */
  private @Nullable Throwable gone() {
    return stream.sinkFailure() == null ? lifecycle.cause() : stream.sinkFailure();
  }

  private void abort(Throwable cause) {
    try {
      sink.abort(cause);
    } catch (Throwable e) {
      // abort() must not throw. If it does, the body still has to be closed.
      report(e);
    }
  }

  private void noteInterrupt(Throwable error) {
    if (Blocks.isInterrupt(error)) {
      interrupted = true;
      // A body that was pulled has set the flag again. run() sets it when all is done.
      Thread.interrupted();
    }
  }

  /**
   * Sends an error page. Returns false if something else was sent before, or if this page cannot be
   * sent either.
   */
  private boolean sendErrorPage(ErrorPage page) {
    if (stream.isCommitted() || gone() != null) {
      return false;
    }
    status = page.status();
    headers = page.headers();
    try {
      byte[] text = page.text().getBytes(StandardCharsets.US_ASCII);
      stream.replace(text.length);
      if (mayHaveBody()) {
        stream.write(text);
      }
      stream.finishBody(Headers.of());
      if (!lifecycle.complete()) {
        return false;
      }
      stream.finish();
      complete = true;
      return true;
    } catch (Throwable e) {
      if (gone() == null) {
        report(stream.unsendable() == null ? e : stream.unsendable());
      }
      return false;
    }
  }

  private void report(Throwable error) {
    ErrorLog.print(errors, environ, error, sentStatus);
  }

  private void close(@Nullable Body body) {
    if (body == null) {
      return;
    }
    try {
      body.close();
    } catch (Throwable e) {
      noteInterrupt(e);
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
    environ.end();
    return outcome;
  }
}
