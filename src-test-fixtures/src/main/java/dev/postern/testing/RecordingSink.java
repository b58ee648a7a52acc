package dev.postern.testing;

import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import java.io.ByteArrayOutputStream;

/** Keeps a response in memory. */
final class RecordingSink implements ResponseSink {
  private int status;
  private Headers headers = Headers.of();
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private boolean flushed;
  private boolean complete;

  @Override
  public void head(int newStatus, Headers newHeaders) {
    status = newStatus;
    headers = newHeaders;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    body.write(bytes, offset, length);
  }

  @Override
  public void flush() {
    flushed = true;
  }

  @Override
  public void finish() {
    complete = true;
  }

  @Override
  public void abort(Throwable cause) {
    complete = false;
  }

  int status() {
    return status;
  }

  Headers headers() {
    return headers;
  }

  /** The body so far. */
  byte[] bytes() {
    return body.toByteArray();
  }

  boolean isFlushed() {
    return flushed;
  }

  TestResponse response(Outcome outcome, String log) {
    return TestResponse.inMemory(status, headers, body.toByteArray(), complete, outcome, log);
  }
}
