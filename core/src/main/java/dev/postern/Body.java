package dev.postern;

import static java.util.Objects.requireNonNull;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.function.Supplier;

/**
 * The body of a response. It has two views of the same bytes: a reader pulls them from the
 * iterator, or {@link #writeTo} pushes them into a stream.
 *
 * <p>A gateway calls {@code writeTo} once, or not at all for HEAD, 204, 205 and 304. Then it calls
 * {@link #close} once. It makes both calls on the request's thread. A middleware may pull the
 * iterator instead.
 *
 * <p>Bodies of bytes, of text and of a file are reusable: many requests may share one, also at the
 * same time. So such a body may be a constant. Bodies of a stream and of a writer are for one use.
 */
public interface Body extends Iterable<ByteBuffer>, Closeable {
  /**
   * The blocks of the body. The caller owns each block that it takes. A block may be read-only. It
   * may be empty: a middleware that needs more input before it has output returns an empty block
   * (PEP 3333, Middleware Handling of Block Boundaries).
   *
   * <p>An iterator throws the source's {@link IOException} as the cause of an {@link
   * java.io.UncheckedIOException}, and unchecked exceptions as they are. Another checked exception
   * of a {@link #writing} becomes the cause of such an IOException. The engine finds an {@link
   * HttpException} or a {@link GatewayException} among the causes and answers with its status.
   */
  @Override
  Iterator<ByteBuffer> iterator();

  /**
   * Writes the body to {@code out}. The default implementation writes and flushes each block of the
   * iterator before it takes the next one (PEP 3333, Buffering and Streaming). The caller closes
   * {@code out}; a gateway's stream ignores {@code close()}.
   *
   * <p>A gateway's stream is also a {@link java.nio.channels.WritableByteChannel}. Write a large
   * direct buffer to that channel, and the binding can pass it on without a copy.
   *
   * @throws Exception if the body cannot be completed, or if {@code out} throws because the client
   *     is gone
   */
  default void writeTo(OutputStream out) throws Exception {
    for (ByteBuffer block : this) {
      if (block == null) {
        throw NullBlockException.create();
      }
      if (block.hasRemaining()) {
        Blocks.write(block, out);
        out.flush();
      }
    }
  }

  /**
   * The number of bytes, or -1 if it is unknown. A known length must be right: it becomes the
   * response's Content-Length.
   */
  default long length() {
    return -1;
  }

  /**
   * Fields that follow the body (RFC 9110 6.5), such as a checksum. A gateway asks for them once,
   * after {@link #writeTo}, if its protocol and its server can send them. Otherwise the gateway
   * never asks. So do not put anything into them that a client must have. HTTP/1.1 sends them
   * behind a body of unknown length, that is, when the application has started no Content-Length.
   *
   * <p>A middleware that replaces the body, for example by a compressed one, drops the trailers (X1
   * of SPEC.md).
   *
   * @return by default none
   */
  default Headers trailers() {
    return Headers.of();
  }

  /** Releases what the body holds. The caller calls this once, even if it never read the body. */
  @Override
  default void close() throws IOException {}

  /**
   * This body with a resource that is closed after it. {@link #close} of the returned body closes
   * this body first and the resource second, and does so once. It closes the resource also if
   * nobody has read the body (as for HEAD), and if closing this body fails. For one use.
   *
   * <pre>{@code
   * Connection connection = pool.take();
   * return Body.writing(out -> connection.copyTo(out)).onClose(connection);
   * }</pre>
   */
  default Body onClose(Closeable resource) {
    return new ClosingBody(this, requireNonNull(resource, "resource"));
  }

  /**
   * This body with {@link #trailers}. The gateway calls the supplier on the request's thread, once,
   * after the last byte, if it can send trailers.
   *
   * <pre>{@code
   * CRC32 sum = new CRC32();
   * return Body.writing(out -> report.writeTo(new CheckedOutputStream(out, sum)))
   *     .withTrailers(() -> Headers.of("X-Crc32", Long.toHexString(sum.getValue())));
   * }</pre>
   */
  default Body withTrailers(Supplier<Headers> trailers) {
    return new TrailedBody(this, requireNonNull(trailers, "trailers"));
  }

  /** No bytes. */
  static Body empty() {
    return BytesBody.EMPTY;
  }

  /** These blocks. They are not copied: do not change them afterwards. Reusable. */
  static Body of(byte[]... blocks) {
    return BytesBody.of(blocks);
  }

  /** The text in UTF-8. Reusable. */
  static Body of(String text) {
    return BytesBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The bytes of a regular file. The length of the body is the size that the file has now. If the
   * file has another inode, size or time of change when the body is used, or if it shrinks while it
   * is sent, the body throws an {@link IOException}. So make a new body for each response of a file
   * that changes. Files of {@code /proc} have bytes although their size is 0. The body of such a
   * file is sent whole, without a Content-Length. Reusable: the file is not kept open between two
   * blocks.
   *
   * @throws IOException if there is no such file, or if it is no regular file
   */
  static Body of(Path file) throws IOException {
    return FileBody.of(file);
  }

  /**
   * The bytes of a stream. {@link #close} closes the stream. The body flushes its output whenever
   * the stream has no more bytes available. It does not flush a short {@link
   * java.io.ByteArrayInputStream}, or a short {@link java.io.FileInputStream} of a regular file, so
   * that the gateway can send its Content-Length. Every other stream might wait, also that of
   * {@code Files.newInputStream}. If you know its length, use {@link #of(Path)} or {@link
   * #of(InputStream, long)}. For one use.
   */
  static Body of(InputStream stream) {
    return new StreamBody(requireNonNull(stream, "stream"), -1);
  }

  /**
   * The first {@code length} bytes of a stream. {@code length} becomes the response's
   * Content-Length. {@link #close} closes the stream. If the stream ends earlier, the body throws
   * an {@link java.io.EOFException}. The body flushes its output whenever the stream has no more
   * bytes available. For one use.
   *
   * @throws IllegalArgumentException if the length is negative
   */
  static Body of(InputStream stream, long length) {
    if (length < 0) {
      throw new IllegalArgumentException("length of a body must not be negative: " + length);
    }
    return new StreamBody(requireNonNull(stream, "stream"), length);
  }

  /**
   * The bytes that {@code writer} writes. A gateway calls the writer once, on the request's thread.
   *
   * <p>If a middleware pulls the iterator instead, the writer runs on a thread of its own, but only
   * while the middleware waits for the next block. So the two never run at the same time, and the
   * memory for their blocks is bounded. When the middleware closes the body, the writer's stream
   * throws.
   *
   * <p>A gateway does not call the writer for HEAD, 204, 205 and 304, nor if the client is gone
   * already. So do not open a resource outside the writer and close it inside the writer. Pass the
   * resource to {@link #onClose} instead. For one use.
   */
  static Body writing(Writer writer) {
    return new WrittenBody(requireNonNull(writer, "writer"));
  }

  /** Writes a body, for example by a template, a JSON mapper or a {@code GZIPOutputStream}. */
  @FunctionalInterface
  interface Writer {
    /**
     * Writes all bytes to {@code out}. {@code out.close()} does nothing; {@code out.flush()} sends
     * all bytes so far.
     */
    void writeTo(OutputStream out) throws Exception;
  }
}
