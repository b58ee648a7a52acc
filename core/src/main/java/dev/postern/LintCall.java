package dev.postern;

import dev.postern.internal.Text;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One checked call: stands between the caller's start-response and the application, and keeps what
 * was started for the checks of the body. Confined to the request's thread, except for the report
 * and what it needs.
 */
final class LintCall implements StartResponse {
  private final Environ environ;
  private final Lifecycle lifecycle;
  private final StartResponse caller;
  private final LintReport report;
  private final Thread thread;

  /** The call of another Lint, which is around the middleware around this one; or null. */
  private @Nullable LintCall outer;

  private boolean started;
  private boolean returned;
  private boolean replaced;
  private @Nullable LintBody body;
  private int status;
  private @Nullable Headers headers;
  private @Nullable StackTraceElement place;

  LintCall(Environ environ, StartResponse caller, LintReport report) {
    this.environ = environ;
    this.lifecycle = environ.lifecycle();
    this.caller = caller;
    this.report = report;
    Thread own = lifecycle.thread();
    this.thread = own == null ? Thread.currentThread() : own;
  }

  // ---- the call ----

  @Nullable Body call(Application application) throws Exception {
    checkCall();
    try {
      return checked(application);
    } finally {
      if (!lifecycle.isRunning()) {
        report.deliver();
      }
    }
  }

  private @Nullable Body checked(Application application) throws Exception {
    outer = lifecycle.lint(this);
    Environ before = environ.copy();
    Body answer;
    try {
      answer = application.call(environ, this);
    } catch (Throwable e) {
      report.throwIfBroken(e);
      throw e;
    } finally {
      returned = true;
      lifecycle.lint(outer);
    }
    try {
      checkUnchanged(before);
      checkAnswer(answer);
      report.throwIfBroken(null);
    } catch (Throwable e) {
      closeUnused(answer, e);
      throw e;
    }
    body = answer == null ? null : new LintBody(answer, this);
    return body;
  }

  private void checkCall() {
    LintEnviron.check(environ, report);
    checkCallersThread("call");
    if (lifecycle.isRunning()) {
      environ.onFinish(outcome -> finish());
    } else {
      report.broken(
          LintRule.E24,
          "environ must belong to the exchange that runs: the gateway's own or a copy() of it",
          null,
          null);
    }
  }

  private void checkAnswer(@Nullable Body answer) {
    if (!started) {
      report.broken(LintRule.A1, "application must start a response before it returns", null, null);
    }
    if (answer == null) {
      report.broken(LintRule.A9, "application must return a body", "null", place);
      return;
    }
    long length = answer.length();
    if (length < -1) {
      report.broken(LintRule.A11, "length of a body must be true, or -1", text(length), place);
    }
    if (headers == null || !sendsBody()) {
      return;
    }
    long declared = declaredLength();
    if (length >= 0 && declared >= 0 && length != declared && !isHead()) {
      brokenLength(length, declared);
    }
    if (length > 0) {
      checkTyped();
    }
  }

  /** The caller will not get this body, so nobody else can close it. */
  private static void closeUnused(@Nullable Body answer, Throwable why) {
    if (answer != null) {
      try {
        answer.close();
      } catch (IOException | RuntimeException e) {
        why.addSuppressed(e);
      }
    }
  }

  private void checkUnchanged(Environ before) {
    for (String name : environ.variablesChangedSince(before)) {
      report.broken(
          LintRule.A16, "application must change variables on a copy() of the environ", name, null);
    }
  }

  private void finish() {
    if (body != null && !body.isClosed()) {
      report.broken(LintRule.G3, "caller must close the body exactly once", "never", place);
    }
    report.deliver();
  }

  // ---- start-response ----

  @Override
  public void start(int newStatus, Headers newHeaders, @Nullable Throwable error) {
    StackTraceElement here = LintPlace.here();
    if (!isRequestsThread()) {
      brokenThread(LintRule.A15, "application must start on the request's thread", here);
    }
    if (body != null && body.isClosed()) {
      report.broken(
          LintRule.A17,
          "application must not start after its body was closed",
          text(newStatus),
          here);
    } else if (started && error == null) {
      report.broken(LintRule.A2, "application must start its response once", text(newStatus), here);
    } else if (returned && !started) {
      report.broken(LintRule.A1, "application must start a response before it returns", null, here);
    }
    started = true;
    if (newHeaders != null) {
      LintHead.check(newStatus, newHeaders, here, report);
    }
    caller.start(newStatus, newHeaders, error);
    replaced = status != 0;
    status = newStatus;
    headers = newHeaders;
    place = here;
    if (body != null) {
      body.restart();
    }
  }

  @Override
  public void earlyHints(Headers hints) throws IOException {
    if (!isRequestsThread()) {
      brokenThread(
          LintRule.A15, "application must give hints on the request's thread", LintPlace.here());
    }
    caller.earlyHints(hints);
  }

  // ---- for the body ----

  LintReport report() {
    return report;
  }

  @Nullable StackTraceElement place() {
    return place;
  }

  /** The stream that the Lint around this one gave out and that is in use now, or null. */
  @Nullable LintStream outerStream() {
    return outer == null || outer.body == null ? null : outer.body.stream();
  }

  void checkCallersThread(String method) {
    if (!isRequestsThread()) {
      brokenThread(LintRule.G5, "caller must stay on the request's thread: " + method, null);
    }
  }

  void checkWritersThread() {
    if (!isRequestsThread()) {
      brokenThread(LintRule.A15, "application must write on the request's thread", place);
    }
  }

  /**
   * A pulled {@link Body#writing} has a thread of its own. That thread counts as the request's
   * thread, because the two never run at the same time.
   */
  private boolean isRequestsThread() {
    return thread.equals(Thread.currentThread()) || WriterThread.isCurrent();
  }

  private void brokenThread(LintRule rule, String must, @Nullable StackTraceElement where) {
    report.broken(rule, must, Thread.currentThread().getName(), where);
  }

  /** Called before the first bytes. A response with bytes needs a Content-Type. */
  void checkTyped() {
    if (headers != null && sendsBody() && !headers.contains("Content-Type")) {
      report.broken(LintRule.A8, "response with bytes must have a Content-Type", null, place);
    }
  }

  /** Checks the number of bytes so far. */
  void checkNoExcess(long bytes) {
    long declared = declaredLength();
    if (declared >= 0 && bytes > declared && countsBytes()) {
      brokenLength(bytes, declared);
    }
  }

  /** Checks the number of bytes after the last one. A cancelled body may stop early. */
  void checkWhole(long bytes, long length) {
    if (lifecycle.isCancelled()) {
      return;
    }
    long declared = declaredLength();
    if (declared >= 0 && bytes < declared && countsBytes()) {
      brokenLength(bytes, declared);
    }
    if (length >= 0 && bytes != length && !replaced) {
      report.broken(
          LintRule.A11,
          "length of a body must be true, or -1: " + bytes + " bytes came",
          text(length),
          place);
    }
  }

  private void brokenLength(long bytes, long declared) {
    report.broken(
        LintRule.A10,
        "body must have as many bytes as Content-Length says",
        bytes > declared ? "more than " + declared : bytes + " of " + declared,
        place);
  }

  /** The Content-Length that the application started, or -1. */
  private long declaredLength() {
    String declared = headers == null ? null : headers.get("Content-Length");
    return declared == null ? -1 : Text.parseLength(declared);
  }

  private boolean countsBytes() {
    return sendsBody() && !isHead();
  }

  /**
   * False for a status without a body. Its Content-Length is about another response (RFC 9110 8.6).
   */
  private boolean sendsBody() {
    return !Exchange.isBodiless(status);
  }

  private boolean isHead() {
    return environ.method().equals("HEAD");
  }

  private static String text(long number) {
    return Long.toString(number);
  }
}
