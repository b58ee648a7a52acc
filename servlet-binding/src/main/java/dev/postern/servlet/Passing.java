package dev.postern.servlet;

import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BiPredicate;

/**
 * Stands before a response's sink. If the application passes the request on by its head, nothing of
 * the response is sent, and {@link #hasPassed} is true. Confined to one request.
 */
final class Passing {
  private final BiPredicate<Integer, Headers> passes;
  private boolean passed;

  Passing(BiPredicate<Integer, Headers> passes) {
    this.passes = passes;
  }

  /** Whether a response with this head is not sent, so that others answer. */
  boolean passes(int status, Headers headers) {
    return passes.test(status, headers);
  }

  /** Whether others have to answer. */
  boolean hasPassed() {
    return passed;
  }

  ResponseSink before(ResponseSink sink) {
    return new Sink(sink);
  }

  private final class Sink implements ResponseSink {
    private final ResponseSink sink;

    private Sink(ResponseSink sink) {
      this.sink = sink;
    }

    @Override
    public void head(int status, Headers headers) throws IOException {
      passed = passes(status, headers);
      if (!passed) {
        sink.head(status, headers);
      }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (!passed) {
        sink.write(bytes, offset, length);
      }
    }

    @Override
    public void write(ByteBuffer block) throws IOException {
      if (passed) {
        block.position(block.limit());
      } else {
        sink.write(block);
      }
    }

    @Override
    public boolean isDirect() {
      return sink.isDirect();
    }

    /** Hints also go out before a request is passed on, because they promise nothing. */
    @Override
    public void earlyHints(Headers headers) throws IOException {
      sink.earlyHints(headers);
    }

    @Override
    public boolean takesTrailers() {
      return !passed && sink.takesTrailers();
    }

    @Override
    public void trailers(Headers fields) throws IOException {
      if (!passed) {
        sink.trailers(fields);
      }
    }

    @Override
    public void flush() throws IOException {
      if (!passed) {
        sink.flush();
      }
    }

    @Override
    public boolean reset() {
      passed = false;
      return sink.reset();
    }

    @Override
    public void finish() throws IOException {
      if (!passed) {
        sink.finish();
      }
    }

    @Override
    public void abort(Throwable cause) {
      passed = false;
      sink.abort(cause);
    }
  }
}
