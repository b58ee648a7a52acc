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

/**
 * The body of a response: the same bytes in two views, an iterator to pull and {@link #writeTo} to
 * push.
 *
 * <p>A gateway uses {@code writeTo}, once or (for HEAD, 204, 304) not at all, and then {@link
 * #close}, once, both on the request's thread. A middleware may pull the iterator instead. Bodies
 * of bytes, of text and of a file can be used again and again, also by several requests at once, so
 * that they may be constants; {@link #of(InputStream)} and {@link #writing} are for one use.
 */
public interface Body extends Iterable<ByteBuffer>, Closeable {
  /**
   * The blocks of the body. A block belongs to whoever took it; it may be read-only, and it may be
   * empty (PEP 3333 lets a middleware say so that it needs more input).
   *
   * <p>An iterator throws the source's {@link IOException} as the cause of an {@link
   * java.io.UncheckedIOException}, and unchecked exceptions as they are. Another checked exception
   * of a {@link #writing} is the cause of such an IOException. An {@link HttpException} or a {@link
   * GatewayException} in there keeps its status.
   */
  @Override
  Iterator<ByteBuffer> iterator();

  /**
   * Writes the body to {@code out}. By default each block of the iterator is written and flushed
   * before the next one is asked for (PEP 3333, Buffering and Streaming). The caller keeps {@code
   * out}: a gateway's stream ignores {@code close()}. It is also a {@link
   * java.nio.channels.WritableByteChannel}, which hands on a large block outside the heap without a
   * copy where the binding can.
   *
   * @throws Exception when the body cannot be completed, or from {@code out} when its reader is
   *     gone
   */
  default void writeTo(OutputStream out) throws Exception {
    for (ByteBuffer block : this) {
      if (block == null) {
        throw new NullBlockException();
      }
      if (block.hasRemaining()) {
        Blocks.write(block, out);
        out.flush();
      }
    }
  }

  /** How many bytes there are, or -1 when that is unknown. A known length is relied upon. */
  default long length() {
    return -1;
  }

  /** Releases what the body holds, also when it was never read. Called once. */
  @Override
  default void close() throws IOException {}

  /**
   * This body, and {@code resource} closed with it: first the body, then the resource, once, also
   * when the body was never read, as for HEAD, or when closing the body fails. For one use.
   *
   * <pre>{@code
   * Connection connection = pool.take();
   * return Body.writing(out -> connection.copyTo(out)).onClose(connection);
   * }</pre>
   */
  default Body onClose(Closeable resource) {
    return new ClosingBody(this, requireNonNull(resource, "resource"));
  }

  /** No bytes. */
  static Body empty() {
    return BytesBody.EMPTY;
  }

  /** These blocks, which are not copied and must not change any more. Reusable. */
  static Body of(byte[]... blocks) {
    return BytesBody.of(blocks);
  }

  /** The text in UTF-8. Reusable. */
  static Body of(String text) {
    return BytesBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The bytes of a regular file, as long as it is now. When the file is used after it was changed
   * or replaced (another inode, size or time of change), or shrinks while it is sent, that is an
   * {@link IOException}: make a body for each response of a file that changes. A file that has
   * bytes and yet the size 0, as those of {@code /proc}, is sent whole, without a Content-Length.
   * Reusable; nothing stays open between two blocks.
   *
   * @throws IOException when there is no such file, or it is no regular file
   */
  static Body of(Path file) throws IOException {
    return FileBody.of(file);
  }

  /**
   * The bytes of a stream, which {@link #close} closes; flushed whenever no more are available at
   * once. A short stream that never waits, of bytes in memory or of a regular file, is written
   * without a flush, so that the response gets its Content-Length. For one use.
   */
  static Body of(InputStream stream) {
    return new StreamBody(requireNonNull(stream, "stream"), -1);
  }

  /**
   * The first {@code length} bytes of a stream, which {@link #close} closes: the response gets its
   * Content-Length. A stream that ends before is an {@link java.io.EOFException}. Flushed whenever
   * no more are available at once. For one use.
   *
   * @throws IllegalArgumentException when the length is negative
   */
  static Body of(InputStream stream, long length) {
    if (length < 0) {
      throw new IllegalArgumentException("length of a body must not be negative: " + length);
    }
    return new StreamBody(requireNonNull(stream, "stream"), length);
  }

  /**
   * What {@code writer} writes. It is called once, on the request's thread. A middleware that pulls
   * the iterator gets the bytes block by block in bounded memory: the writer then runs on a thread
   * of its own, only ever while the puller waits, and its stream throws once the body is closed.
   * For one use.
   *
   * <p>The writer is not called for HEAD, 204 and 304, nor when the client is gone before. What it
   * needs and must be closed belongs to {@link #onClose} and not into a {@code try} of the writer.
   */
  static Body writing(Writer writer) {
    return new WrittenBody(requireNonNull(writer, "writer"));
  }

  /** Writes a body: a template, a JSON mapper, a {@code GZIPOutputStream}. */
  @FunctionalInterface
  interface Writer {
    /** Writes all bytes to {@code out}; closing it does nothing, flushing sends what there is. */
    void writeTo(OutputStream out) throws Exception;
  }
}
