package dev.postern.testing;

import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Hands a response on; the classes in it do it wrongly. */
class BrokenSink implements ResponseSink {
  final ResponseSink sink;

  BrokenSink(ResponseSink sink) {
    this.sink = sink;
  }

  @Override
  public void head(int status, Headers headers) throws IOException {
    sink.head(status, headers);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    sink.write(bytes, offset, length);
  }

  @Override
  public void flush() throws IOException {
    sink.flush();
  }

  @Override
  public void finish() throws IOException {
    sink.finish();
  }

  @Override
  public void abort(Throwable cause) {
    sink.abort(cause);
  }

  void writeText(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    sink.write(bytes, 0, bytes.length);
  }

  /** Sends a body with a status that has none. */
  static final class WithBody extends BrokenSink {
    private final int bodiless;

    WithBody(ResponseSink sink, int bodiless) {
      super(sink);
      this.bodiless = bodiless;
    }

    @Override
    public void head(int status, Headers headers) throws IOException {
      super.head(status, headers);
      if (status == bodiless) {
        writeText("no content");
      }
    }
  }

  /** Ends every response as if it were whole. */
  static final class NeverCut extends BrokenSink {
    NeverCut(ResponseSink sink) {
      super(sink);
    }

    @Override
    public void abort(Throwable cause) {
      try {
        sink.finish();
      } catch (IOException e) {
        sink.abort(e);
      }
    }
  }

  /** Sends more than was announced. */
  static final class Longer extends BrokenSink {
    Longer(ResponseSink sink) {
      super(sink);
    }

    @Override
    public void finish() throws IOException {
      writeText("\r\n");
      super.finish();
    }
  }

  /** Takes the body for text. */
  static final class Translating extends BrokenSink {
    Translating(ResponseSink sink) {
      super(sink);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      String text = new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
      byte[] translated = text.replace("\r\n", "\n").getBytes(StandardCharsets.ISO_8859_1);
      super.write(translated, 0, translated.length);
    }
  }

  /** Keeps everything to the end. */
  static final class Buffering extends BrokenSink {
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();

    Buffering(ResponseSink sink) {
      super(sink);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      held.write(bytes, offset, length);
    }

    @Override
    public void finish() throws IOException {
      super.write(held.toByteArray(), 0, held.size());
      super.finish();
    }
  }
}
