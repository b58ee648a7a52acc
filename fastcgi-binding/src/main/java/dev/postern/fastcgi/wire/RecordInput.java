package dev.postern.fastcgi.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Reads FastCGI records from a channel, in pieces of any size. A caller asks for the {@link #next}
 * header, and then reads as much of the content as it wants. The next call skips the rest of the
 * content, and the padding. This class reads from the channel only when it needs bytes, and then
 * takes no more than the channel has.
 *
 * <p>Not thread-safe.
 */
public final class RecordInput {
  /** Room for the header and the padding of a record. Content need not go through the buffer. */
  private static final int LEAST_BUFFER = 512;

  private final ReadableByteChannel channel;
  private final ByteBuffer buffer;
  private int content;
  private int padding;

  /**
   * An input over a channel that blocks.
   *
   * @param bufferSize the size of the buffer, which lives as long as this input; at least 512
   */
  public RecordInput(ReadableByteChannel channel, int bufferSize) {
    this.channel = channel;
    this.buffer = ByteBuffer.allocate(Math.max(bufferSize, LEAST_BUFFER)).flip();
  }

  /**
   * The header of the next record. Skips what is left of the present record first.
   *
   * @return null if the channel ends between two records
   * @throws EOFException if the channel ends inside a record
   * @throws ProtocolException for another version than 1, because nothing after it can be
   *     understood
   */
  public @Nullable RecordHeader next() throws IOException {
    skip();
    while (buffer.remaining() < Records.HEADER) {
      if (fill() < 0) {
        if (buffer.hasRemaining()) {
          throw new EOFException("record must have a whole header [F03]");
        }
        return null;
      }
    }
    int version = unsigned();
    int type = unsigned();
    int requestId = unsigned() << 8 | unsigned();
    int contentLength = unsigned() << 8 | unsigned();
    int paddingLength = unsigned();
    unsigned();
    if (version != Records.VERSION) {
      throw new ProtocolException("version of a record must be 1: " + version + " [F03]");
    }
    content = contentLength;
    padding = paddingLength;
    return new RecordHeader(type, requestId, contentLength, paddingLength);
  }

  /** How many bytes of the present record's content have not been read. */
  public int remaining() {
    return content;
  }

  /** How many of these bytes {@link #read} gives without a read from the channel. */
  public int available() {
    return Math.min(content, buffer.remaining());
  }

  /** Whether the buffer has the whole header of the next record already. */
  public boolean hasNext() {
    return buffer.remaining() >= (long) content + padding + Records.HEADER;
  }

  /** Whether the buffer has the whole next record already; its padding may be missing. */
  public boolean hasWholeNext() {
    if (!hasNext()) {
      return false;
    }
    int start = buffer.position() + content + padding;
    int length = (buffer.get(start + 4) & 0xFF) << 8 | buffer.get(start + 5) & 0xFF;
    return buffer.limit() - start - Records.HEADER >= length;
  }

  /**
   * Reads some of the content.
   *
   * @return at least 1; -1 at the content's end
   * @throws EOFException if the channel ends before the content does
   */
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (content == 0) {
      return -1;
    }
    int wanted = Math.min(length, content);
    if (wanted == 0) {
      return 0;
    }
    if (!buffer.hasRemaining()) {
      if (wanted >= buffer.capacity()) {
        int n = channel.read(ByteBuffer.wrap(bytes, offset, wanted));
        if (n < 0) {
          throw cut();
        }
        content -= n;
        return n;
      }
      fillOrFail();
    }
    int n = Math.min(wanted, buffer.remaining());
    buffer.get(bytes, offset, n);
    content -= n;
    return n;
  }

  /** Reads the rest of the content. */
  public byte[] readContent() throws IOException {
    byte[] bytes = new byte[content];
    for (int n = 0; n < bytes.length; ) {
      n += read(bytes, n, bytes.length - n);
    }
    return bytes;
  }

  private void skip() throws IOException {
    long left = (long) content + padding;
    while (left > 0) {
      if (!buffer.hasRemaining()) {
        fillOrFail();
      }
      int n = (int) Math.min(left, buffer.remaining());
      buffer.position(buffer.position() + n);
      left -= n;
    }
    content = 0;
    padding = 0;
  }

  private void fillOrFail() throws IOException {
    if (fill() < 0) {
      throw cut();
    }
  }

  private static EOFException cut() {
    return new EOFException("record must have the content that its header says [F03]");
  }

  private int fill() throws IOException {
    buffer.compact();
    try {
      return channel.read(buffer);
    } finally {
      buffer.flip();
    }
  }

  private int unsigned() {
    return buffer.get() & 0xFF;
  }
}
