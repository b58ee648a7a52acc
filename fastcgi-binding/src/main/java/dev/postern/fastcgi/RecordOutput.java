package dev.postern.fastcgi;

import dev.postern.fastcgi.server.Connection;
import dev.postern.fastcgi.wire.Records;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes the records of a connection. It gathers bytes of STDOUT and STDERR into records of up to
 * the buffer's size, and sends them at a flush. Thread-safe, because an application may write
 * errors while its response is written, and the connection answers management records meanwhile.
 */
final class RecordOutput {
  /** The size of the buffer: two pages of content, and room for headers and padding. */
  private static final int BUFFER = 8 * 1024 + 64;

  /**
   * The first size of the buffer, which holds a short response with its end. A connection without a
   * request keeps at most this much.
   */
  private static final int LEAST = 512;

  /** What may follow the content of a record, whatever its type. */
  private static final int MOST_PADDING = 8;

  /** The most content of a record of STDOUT: a multiple of eight, so that no padding is needed. */
  private static final int MOST = 65528;

  /**
   * The most content of a record of STDERR. HAProxy 2.6 ends if a whole record of STDERR does not
   * fit into its buffer of 16 KiB.
   */
  private static final int MOST_STDERR = 8 * 1024;

  private static final int NONE = -1;

  private final ReentrantLock lock = new ReentrantLock();
  private final Connection.Target target;

  /**
   * The records that wait. The buffer grows with them, because a buffer of {@link #BUFFER} bytes
   * for each request was half of the request's garbage.
   */
  private ByteBuffer buffer = ByteBuffer.allocate(0);

  /** Where the record that is being filled starts, or {@link #NONE}. */
  private int open = NONE;

  private int openType;
  private int openId;

  /** Whether a write has failed. The peer may then have a part of a record. */
  private boolean broken;

  RecordOutput(Connection.Target target) {
    this.target = target;
  }

  /** Adds bytes of a stream: STDOUT or STDERR. */
  void stream(int type, int requestId, byte[] bytes, int offset, int length) throws IOException {
    lock.lock();
    try {
      if (length > room(type, requestId)) {
        large(type, requestId, ByteBuffer.wrap(bytes, offset, length));
        return;
      }
      begin(type, requestId, length);
      buffer.put(bytes, offset, length);
    } finally {
      lock.unlock();
    }
  }

  /** Adds the remaining bytes of a block, which may be outside the heap. */
  void stream(int type, int requestId, ByteBuffer block) throws IOException {
    lock.lock();
    try {
      if (block.remaining() > room(type, requestId)) {
        large(type, requestId, block);
        return;
      }
      begin(type, requestId, block.remaining());
      buffer.put(block);
    } finally {
      lock.unlock();
    }
  }

  /** Ends a response: the stream's last, empty record, then END_REQUEST. */
  void end(int requestId, int applicationStatus) throws IOException {
    lock.lock();
    try {
      close();
      // The end goes behind all that waits, even if the buffer is full, so that one write sends
      // both.
      grow(3 * Records.HEADER);
      Records.header(buffer, Records.STDOUT, requestId, 0, 0);
      Records.endRequest(buffer, requestId, applicationStatus, Records.REQUEST_COMPLETE);
      send();
      shrink();
    } finally {
      lock.unlock();
    }
  }

  /** Ends a response's stream by its last, empty record. END_REQUEST follows later. */
  void endStdout(int requestId) throws IOException {
    lock.lock();
    try {
      close();
      grow(Records.HEADER);
      Records.header(buffer, Records.STDOUT, requestId, 0, 0);
      send();
    } finally {
      lock.unlock();
    }
  }

  /** Writes END_REQUEST for a request that was not begun, or whose STDOUT has ended before. */
  void endRequest(int requestId, int protocolStatus) throws IOException {
    lock.lock();
    try {
      close();
      reserve(2 * Records.HEADER);
      Records.endRequest(buffer, requestId, 0, protocolStatus);
      send();
      shrink();
    } finally {
      lock.unlock();
    }
  }

  /** Gives a large buffer back, because the connection may be idle for long now. */
  private void shrink() {
    if (buffer.capacity() > LEAST) {
      buffer = ByteBuffer.allocate(0);
    }
  }

  void unknownType(int type) throws IOException {
    lock.lock();
    try {
      close();
      reserve(2 * Records.HEADER);
      Records.unknownType(buffer, type);
      send();
    } finally {
      lock.unlock();
    }
  }

  /** Writes the answer to GET_VALUES. */
  void values(byte[] pairs) throws IOException {
    lock.lock();
    try {
      close();
      int padding = Records.padding(pairs.length);
      reserve(Records.HEADER + pairs.length + padding);
      Records.header(buffer, Records.GET_VALUES_RESULT, 0, pairs.length, padding);
      buffer.put(pairs);
      buffer.put(new byte[padding]);
      send();
    } finally {
      lock.unlock();
    }
  }

  /** Hands all that waits to the system. */
  void flush() throws IOException {
    lock.lock();
    try {
      close();
      send();
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes of the stream fit into the buffer before it must be sent. */
  private int room(int type, int requestId) {
    int free = BUFFER - buffer.position();
    boolean same = open != NONE && openType == type && openId == requestId;
    return same ? free - MOST_PADDING : free - Records.HEADER - 2 * MOST_PADDING;
  }

  /** Makes room for so many bytes of a stream, in its open record or in a new one. */
  private void begin(int type, int requestId, int length) {
    if (length == 0) {
      // An empty record is the end of its stream.
      return;
    }
    if (open != NONE && openType == type && openId == requestId) {
      grow(length + MOST_PADDING);
      return;
    }
    close();
    grow(Records.HEADER + length + MOST_PADDING);
    open = buffer.position();
    openType = type;
    openId = requestId;
    buffer.position(open + Records.HEADER);
  }

  /** Completes the record that is being filled, if there is one. */
  private void close() {
    if (open == NONE) {
      return;
    }
    int end = buffer.position();
    int content = end - open - Records.HEADER;
    int padding = padding(openType, content);
    buffer.position(open);
    Records.header(buffer, openType, openId, content, padding);
    buffer.position(end);
    for (int i = 0; i < padding; i++) {
      // The old bytes in the buffer may belong to another request.
      buffer.put((byte) 0);
    }
    open = NONE;
  }

  /**
   * How much padding a record gets. A record of STDERR always gets some. HAProxy 2.6 ends by a
   * segmentation fault when its buffer holds the content of such a record and nothing else, because
   * it gives the buffer away and then uses it.
   */
  private static int padding(int type, int content) {
    int padding = Records.padding(content);
    return type == Records.STDERR && padding == 0 ? 8 : padding;
  }

  /** Sends a block without copying it, behind what waits. */
  private void large(int type, int requestId, ByteBuffer block) throws IOException {
    close();
    reserve(Records.HEADER + 8);
    while (block.hasRemaining()) {
      int content = Math.min(type == Records.STDERR ? MOST_STDERR : MOST, block.remaining());
      int padding = padding(type, content);
      reserve(Records.HEADER);
      Records.header(buffer, type, requestId, content, padding);
      ByteBuffer piece = block.slice(block.position(), content);
      if (padding == 0) {
        write(buffer, piece);
      } else {
        write(buffer, piece, ByteBuffer.allocate(padding));
      }
      block.position(block.position() + content);
    }
  }

  /**
   * Makes room for so many bytes. Sends what waits first if both together would exceed the usual
   * size.
   */
  private void reserve(int bytes) throws IOException {
    if (buffer.position() + bytes > BUFFER) {
      send();
    }
    grow(bytes);
  }

  private void grow(int bytes) {
    int needed = buffer.position() + bytes;
    if (needed > buffer.capacity()) {
      int size = needed <= LEAST ? LEAST : needed <= 4 * LEAST ? 4 * LEAST : BUFFER;
      buffer = ByteBuffer.allocate(Math.max(needed, size)).put(buffer.flip());
    }
  }

  private void send() throws IOException {
    if (buffer.position() > 0) {
      write(buffer);
    }
  }

  /** Sends blocks, of which the buffer is the first. */
  private void write(ByteBuffer... blocks) throws IOException {
    if (broken) {
      throw new IOException("record must be whole before another follows");
    }
    broken = true;
    buffer.flip();
    try {
      target.write(blocks);
    } finally {
      buffer.clear();
    }
    broken = false;
  }
}
