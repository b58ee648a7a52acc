package dev.postern.fastcgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.fastcgi.wire.RecordHeader;
import dev.postern.fastcgi.wire.RecordInput;
import dev.postern.fastcgi.wire.Records;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordOutputTest {
  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
  private int writes;
  private final RecordOutput out =
      new RecordOutput(
          buffers -> {
            writes++;
            for (ByteBuffer buffer : buffers) {
              byte[] bytes = new byte[buffer.remaining()];
              buffer.get(bytes);
              sent.writeBytes(bytes);
            }
          });

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 500, 4096, 8192, 70_000})
  void stream_inPiecesOfAnyLength_isWhatTheRecordsHold(int piece) throws IOException {
    for (int length = 0; length < 140_000; length = length * 2 + 1) {
      sent.reset();
      byte[] bytes = bytes(length);
      for (int at = 0; at < length; at += piece) {
        int n = Math.min(piece, length - at);
        if (at / piece % 2 == 0) {
          out.stream(Records.STDOUT, 1, bytes, at, n);
        } else {
          out.stream(Records.STDOUT, 1, ByteBuffer.wrap(bytes, at, n));
        }
      }
      out.end(1, 0);
      assertThat(stdout()).isEqualTo(bytes);
    }
  }

  @Test
  void end_afterAResponseThatTheBufferHolds_isSentWithItInOneWrite() throws IOException {
    for (int length = 0; length <= 8 * 1024; length++) {
      writes = 0;
      sent.reset();
      out.stream(Records.STDOUT, 1, bytes(length), 0, length);
      out.end(1, 0);
      assertThat(writes).as("writes of a response of %d bytes", length).isEqualTo(1);
      assertThat(stdout()).hasSize(length);
    }
  }

  @Test
  void end_whateverRoomIsLeft_isSentWithWhatWaits() throws IOException {
    for (int length = 8 * 1024; length <= 8 * 1024 + 64; length++) {
      writes = 0;
      sent.reset();
      for (int i = 0; i < length; i++) {
        out.stream(Records.STDOUT, 1, new byte[] {(byte) i}, 0, 1);
      }
      int before = writes;
      out.end(1, 0);
      assertThat(writes - before).as("writes at the end of %d bytes", length).isEqualTo(1);
      assertThat(stdout()).isEqualTo(bytes(length));
    }
  }

  /** The peer has the half of a record then, and would take what follows for the other half. */
  @ParameterizedTest
  @ValueSource(ints = {1, 100, 8192, 20_000, 70_000})
  void stream_afterAWriteThatFailed_writesNothingMore(int length) throws IOException {
    for (int type : new int[] {Records.STDOUT, Records.STDERR}) {
      int[] calls = {0};
      RecordOutput failing =
          new RecordOutput(
              buffers -> {
                calls[0]++;
                buffers[0].get();
                throw new IOException("peer is gone");
              });
      assertThatThrownBy(
              () -> {
                failing.stream(type, 1, ByteBuffer.wrap(bytes(length)));
                failing.flush();
              })
          .hasMessage("peer is gone");
      assertThatThrownBy(
              () -> {
                failing.stream(Records.STDERR, 1, bytes(10), 0, 10);
                failing.flush();
              })
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> failing.end(1, 0)).isInstanceOf(IOException.class);
      assertThat(calls[0]).isEqualTo(1);
    }
  }

  @Test
  void stream_ofNothing_isNoRecordWhichWouldEndTheStream() throws IOException {
    out.stream(Records.STDOUT, 1, new byte[0], 0, 0);
    out.stream(Records.STDOUT, 1, ByteBuffer.allocate(0));
    out.flush();
    assertThat(sent.size()).isZero();
  }

  @Test
  void padding_afterAnotherRequest_hasNoByteOfIt() throws IOException {
    out.stream(Records.STDOUT, 1, bytes(400), 0, 400);
    out.end(1, 0);
    sent.reset();
    out.stream(Records.STDOUT, 2, new byte[] {1}, 0, 1);
    out.end(2, 0);
    assertThat(sent.toByteArray()).startsWith(1, 6, 0, 2, 0, 1, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }

  /** The content of the STDOUT records up to the empty one, which END_REQUEST must follow. */
  private byte[] stdout() throws IOException {
    ByteArrayInputStream bytes = new ByteArrayInputStream(sent.toByteArray());
    RecordInput in = new RecordInput(Channels.newChannel(bytes), 1024);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    RecordHeader header = in.next();
    while (header != null && header.contentLength() > 0) {
      assertThat(header.type()).isEqualTo(Records.STDOUT);
      content.writeBytes(in.readContent());
      header = in.next();
    }
    assertThat(header).isEqualTo(new RecordHeader(Records.STDOUT, 1, 0, 0));
    RecordHeader end = in.next();
    assertThat(end).isEqualTo(new RecordHeader(Records.END_REQUEST, 1, 8, 0));
    assertThat(in.next()).isNull();
    return content.toByteArray();
  }
}
