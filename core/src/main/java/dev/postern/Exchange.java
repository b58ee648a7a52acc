package dev.postern;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Text;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response: the engine under every gateway. A binding makes an {@link Environ}
 * and a {@link ResponseSink} and calls {@link #run}; what PEP 3333 and HTTP ask of a gateway
 * happens in here.
 *
 * <p>Several things can go wrong with one exchange. The first row of this table that is true is the
 * {@link Outcome#failure}, and decides what the client gets. "Error page" means its status while
 * nothing was sent, and a cut response afterwards.
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
 * <tr><td>4</td><td>the application or its body threw an exception that has a status, or has one
 *     that has it as a cause</td>
 *     <td>error page of that status, one line of the log</td></tr>
 * <tr><td>5</td><td>it threw a checked exception after the request's body had failed</td>
 *     <td>error page of the client's fault, one line of the log</td></tr>
 * <tr><td>6</td><td>it threw anything else</td>
 *     <td>error page and log</td></tr>
 * <tr><td>7</td><td>it was told by an exception that it broke the contract (two starts, a start
 *     with an error after the commit), and swallowed that</td>
 *     <td>error page and log</td></tr>
 * <tr><td>8</td><td>its last start was refused, and it swallowed that</td>
 *     <td>error page and log</td></tr>
 * <tr><td>9</td><td>the body was longer than its Content-Length</td>
 *     <td>the whole response, cut at that length, and log</td></tr>
 * <tr><td>10</td><td>the application answered an error of its own by a start with that error</td>
 *     <td>its response, no log</td></tr>
 * <tr><td>11</td><td>closing the body threw</td>
 *     <td>its response, and log</td></tr>
 * </table>
 *
 * <p>{@link #run} belongs to the request's thread; {@link #cancel} may come from any.
 */
public final class Exchange {
  private final Environ environ;
  private final Lifecycle lifecycle;
  private final ResponseSink sink;
  private final ResponseStream stream;

  /** The gateway's log, even if an application puts another one under {@code postern.errors}. */
  private final PrintWriter errors;

  /** The method that the client sent. A middleware may have changed REQUEST_METHOD on a copy. */
  private final boolean head;

  private int status;
  private @Nullable Headers headers;
  private boolean started;

  /** The application broke the contract, even if it caught the exception that said so. */
  private @Nullable Throwable broken;

  /** The last start was refused, and no other one has come since. */
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
      // Not before: it would close an interruptible channel under the error page.
      Thread.currentThread().interrupt();
    }
    return outcome;
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

  /** Asked for after the body, and only if they can be sent. */
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

  /** A body that was cut at its Content-Length has nothing more to say: the response is whole. */
  private void write(Body body) throws Exception {
    try {
      body.writeTo(stream);
    } catch (Exception e) {
      IOException excess = stream.excess();
      if (excess == null || stream.sinkFailure() != null) {
        throw e;
      }
      noteInterrupt(e);
      if (!isExcess(e)) {
        excess.addSuppressed(e);
      }
    }
  }

  /** Whether this is, perhaps wrapped by a writer, what the stream itself threw at the excess. */
  private static boolean isExcess(Throwable error) {
    Throwable cause = error;
    for (int depth = 0; cause != null && depth < 20; depth++) {
      if (cause instanceof ResponseStream.ExcessException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
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
    return body == null ? ResponseStream.UNKNOWN : Math.max(body.length(), ResponseStream.UNKNOWN);
  }

  private boolean mayHaveBody() {
    return !head && !isBodiless(status);
  }

  /** RFC 9110 15.3.5, 15.3.6 and 15.4.5. */
  static boolean isBodiless(int status) {
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
    } else {
      String declared = sent.get("Content-Length");
      if (declared == null) {
        sent = length < 0 ? sent : sent.plus("Content-Length", Long.toString(length));
      } else if (declared.length() > 1 && declared.charAt(0) == '0') {
        // HTTP allows 007, and yet there are servers and clients that read it as octal.
        sent = sent.with("Content-Length", Long.toString(Text.parseLength(declared)));
      }
    }
    sink.head(status, sent);
    sentStatus = status;
  }

  /** The head was not sent after all. */
  void uncommit() {
    sentStatus = 0;
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
   * What the error is for the client and the log: what carries a status is found however a reader
   * of JSON or XML, a template or an iterator has wrapped it.
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
      // It must not, but the body still has to be closed.
      report(e);
    }
  }

  private void noteInterrupt(Throwable error) {
    if (Blocks.isInterrupt(error)) {
      interrupted = true;
      // A body that was pulled has set it again.
      Thread.interrupted();
    }
  }

  /** False when something else was sent before, or when the page cannot be sent either. */
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
