package dev.postern.benchmarks;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.Map;

/** A request without a server or a client, so that the application alone is measured. */
final class Direct implements ResponseSink {
  private final Exchange exchange;
  private int status;

  Direct(String path) {
    Map<String, String> variables =
        Map.of(
            "REQUEST_METHOD", "GET",
            "PATH_INFO", path,
            "SERVER_NAME", "localhost",
            "SERVER_PORT", "80",
            "SERVER_PROTOCOL", "HTTP/1.1");
    exchange =
        Exchange.of(
            Environ.builder(variables)
                .input(InputStream.nullInputStream())
                .errors(new PrintWriter(Writer.nullWriter()))
                .build(),
            this);
  }

  /** Runs the request to its end. Returns the status, or 0 if the response was not complete. */
  int to(Application application) {
    Outcome outcome = exchange.run(application);
    return outcome.complete() ? status : 0;
  }

  /** Ends the request as if the client had gone away. */
  void cancel() {
    exchange.cancel(new IOException("client has gone"));
  }

  @Override
  public void head(int newStatus, Headers headers) {
    status = newStatus;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    // Nobody reads the body.
  }

  @Override
  public void flush() {}

  @Override
  public void finish() {}

  @Override
  public void abort(Throwable cause) {
    status = 0;
  }
}
