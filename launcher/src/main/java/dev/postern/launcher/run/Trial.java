package dev.postern.launcher.run;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import dev.postern.cgi.CgiRun;
import dev.postern.launcher.values.LauncherException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One request to one program, and what came of it.
 *
 * @param status of the response; 0 for none
 * @param body what came of the response's body
 * @param run how the program went; null if none was chosen
 */
record Trial(int status, Headers headers, byte[] body, Outcome outcome, @Nullable CgiRun run) {
  /** How long to wait for a program that works on after its answer. */
  private static final long AFTER_MINUTES = 10;

  /**
   * Answers the request, and waits for the end of the program.
   *
   * @param told the host's listener completes this
   */
  static Trial of(Application application, Environ environ, CompletableFuture<CgiRun> told)
      throws InterruptedException {
    Kept kept = new Kept();
    Outcome outcome = Exchange.of(environ, kept).run(application);
    CgiRun run = null;
    try {
      boolean chosen = told.isDone() || outcome.facts().containsKey("cgi.exit");
      run = chosen ? told.get(AFTER_MINUTES, TimeUnit.MINUTES) : null;
    } catch (ExecutionException | TimeoutException e) {
      throw LauncherException.failed("the program did not end: " + e);
    }
    return new Trial(kept.status, kept.headers, kept.body.toByteArray(), outcome, run);
  }

  /** Returns whether the client would have got a whole response of the program. */
  boolean isWhole() {
    return outcome.complete() && outcome.failure() == null && (run == null || run.rule().isEmpty());
  }

  private static final class Kept implements ResponseSink {
    private int status;
    private Headers headers = Headers.of();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    @Override
    public void head(int newStatus, Headers newHeaders) throws IOException {
      status = newStatus;
      headers = newHeaders;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      body.write(bytes, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }
}
