package dev.postern.fastcgi.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** G-06: what a peer sends is read in any pieces as in one, or refused, and never anything else. */
class WireFuzzTest {
  private static final int MOST = 4096;

  @FuzzTest
  void records(byte[] bytes) {
    List<String> whole = read(bytes, Math.max(1, bytes.length));
    assertThat(read(bytes, 1)).isEqualTo(whole);
    assertThat(read(bytes, 7)).isEqualTo(whole);
  }

  /** All records, and how it ended. */
  private static List<String> read(byte[] bytes, int piece) {
    List<String> all = new ArrayList<>();
    try {
      RecordInput in = new RecordInput(Pieces.of(bytes, piece), 512);
      for (RecordHeader header = in.next(); header != null; header = in.next()) {
        all.add(header + " " + java.util.Arrays.hashCode(in.readContent()));
      }
      all.add("end");
    } catch (EOFException e) {
      all.add("cut");
    } catch (ProtocolException e) {
      all.add("refused");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return all;
  }

  @FuzzTest
  void pairs(byte[] bytes) throws IOException {
    Map<String, String> pairs;
    try {
      NameValuePairs whole = new NameValuePairs(MOST, 100);
      whole.add(bytes, 0, bytes.length);
      pairs = whole.end();
    } catch (ProtocolException e) {
      return;
    }
    NameValuePairs pieces = new NameValuePairs(MOST, 100);
    for (int i = 0; i < bytes.length; i++) {
      pieces.add(bytes, i, 1);
    }
    assertThat(pieces.end()).isEqualTo(pairs);
    byte[] encoded = NameValuePairs.encode(pairs);
    NameValuePairs again = new NameValuePairs(encoded.length, 100);
    again.add(encoded, 0, encoded.length);
    assertThat(again.end()).isEqualTo(pairs);
  }

  @FuzzTest
  void netstring(byte[] bytes) throws IOException {
    Map<String, String> variables;
    try {
      variables = Netstring.read(Pieces.stream(bytes, Math.max(1, bytes.length)), MOST, 100);
    } catch (EOFException | ProtocolException e) {
      return;
    }
    assertThat(Netstring.read(Pieces.stream(bytes, 1), MOST, 100)).isEqualTo(variables);
    long length = Long.parseLong(variables.get("CONTENT_LENGTH"));
    byte[] encoded = Netstring.encode(length, variables);
    assertThat(Netstring.read(Pieces.stream(encoded, 9), 2 * MOST, 100)).hasSameSizeAs(variables);
  }
}
