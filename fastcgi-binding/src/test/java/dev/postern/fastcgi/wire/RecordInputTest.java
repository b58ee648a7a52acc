package dev.postern.fastcgi.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** F03: records as bytes, read and written. */
class RecordInputTest {
  private static final HexFormat HEX = HexFormat.of();

  @ParameterizedTest
  @CsvSource({
    "0101000100080000 0001 01 0000000000, 1, 1, 8, 0",
    "0101000100080000 0001 00 0000000000, 1, 1, 8, 0",
    "0102000100000000, 2, 1, 0, 0",
    "0103ffff00080000 00000000 00 000000, 3, 65535, 8, 0",
    "0104000100040400 01 00 41 00 00000000, 4, 1, 4, 4",
    "0105000100000000, 5, 1, 0, 0",
    "0109000000000000, 9, 0, 0, 0",
    "01ff000000000700 00000000000000, 255, 0, 0, 7",
  })
  void next_givesTheHeader(String hex, int type, int id, int content, int padding)
      throws IOException {
    RecordInput in = input(hex);

    assertThat(in.next()).isEqualTo(new RecordHeader(type, id, content, padding));
    assertThat(in.remaining()).isEqualTo(content);
    assertThat(in.next()).isNull();
  }

  @ParameterizedTest
  @CsvSource({"0001000100080000", "0201000100080000", "4745542f20485454", "ff01000100000000"})
  void next_refusesAnotherVersion(String hex) {
    assertThatThrownBy(() -> input(hex).next())
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("[F03]");
  }

  @Test
  void next_refusesAHeaderThatIsCutAtAnyByte() {
    for (int length = 1; length < Records.HEADER; length++) {
      byte[] cut = Arrays.copyOf(HEX.parseHex("0101000100080000"), length);
      assertThatThrownBy(() -> new RecordInput(Pieces.of(cut, 8), 512).next())
          .isInstanceOf(EOFException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({"0105000100020000 41", "0105000100000100", "0105000100020200 4142 00"})
  void next_refusesContentOrPaddingThatIsCut(String hex) throws IOException {
    RecordInput in = input(hex);
    in.next();

    assertThatThrownBy(in::next).isInstanceOf(EOFException.class).hasMessageContaining("[F03]");
  }

  @Test
  void read_refusesContentThatIsCut() throws IOException {
    RecordInput in = input("0105000100020000 41");
    in.next();

    assertThatThrownBy(in::readContent).isInstanceOf(EOFException.class);
  }

  @Test
  void next_skipsPaddingOf255WithoutContent() throws IOException {
    RecordInput in = input("010500010000ff00" + "00".repeat(255) + "0102000100000000");

    assertThat(in.next()).isEqualTo(new RecordHeader(Records.STDIN, 1, 0, 255));
    assertThat(in.next()).isEqualTo(new RecordHeader(Records.ABORT_REQUEST, 1, 0, 0));
  }

  @Test
  void records_readInAnyPiecesAreThoseWritten() throws IOException {
    byte[] bytes = someRecords();
    List<String> whole = read(Pieces.of(bytes, bytes.length));

    assertThat(whole).hasSize(6);
    for (int place = 0; place <= bytes.length; place++) {
      assertThat(read(Pieces.splitAt(bytes, place))).isEqualTo(whole);
    }
    for (int size : new int[] {1, 2, 3, 7, 8, 9, 511, 512, 513}) {
      assertThat(read(Pieces.of(bytes, size))).isEqualTo(whole);
    }
  }

  @Test
  void content_largerThanTheBufferIsWhole() throws IOException {
    byte[] content = new byte[Records.MAX_CONTENT];
    new Random(1).nextBytes(content);
    ByteBuffer record = ByteBuffer.allocate(Records.HEADER + content.length + 1);
    Records.header(record, Records.STDIN, 1, content.length, 1);
    record.put(content);

    for (int size : new int[] {1, 1000, 70000}) {
      RecordInput in = new RecordInput(Pieces.of(record.array(), size), 512);
      in.next();
      assertThat(in.readContent()).isEqualTo(content);
      assertThat(in.next()).isNull();
    }
  }

  @Test
  void hasNext_saysWhatIsHereWithoutTheChannel() throws IOException {
    RecordInput in = input("0105000100020000 4142 0102000100000000");

    assertThat(in.hasNext()).isFalse();
    in.next();
    assertThat(in.hasNext()).isTrue();
    assertThat(in.available()).isEqualTo(2);
    in.next();
    assertThat(in.hasNext()).isFalse();
  }

  @Test
  void written_recordsAreThoseOfTheStandard() {
    assertThat(written(out -> Records.beginRequest(out, 1, Records.RESPONDER, true)))
        .isEqualTo("01010001000800000001010000000000");
    assertThat(written(out -> Records.endRequest(out, 258, -2, Records.OVERLOADED)))
        .isEqualTo("0103010200080000fffffffe02000000");
    assertThat(written(out -> Records.unknownType(out, 200)))
        .isEqualTo("010b000000080000c800000000000000");
    assertThat(written(out -> Records.header(out, Records.STDOUT, 65535, 65535, 255)))
        .isEqualTo("0106ffffffffff00");
  }

  @Test
  void header_refusesWhatDoesNotFit() {
    ByteBuffer out = ByteBuffer.allocate(8);

    assertThatThrownBy(() -> Records.header(out, 6, 1, 65536, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Records.header(out, 6, 1, 0, 256))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(out.position()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 7", "7, 1", "8, 0", "9, 7", "65535, 1"})
  void padding_fillsUpToEight(int content, int padding) {
    assertThat(Records.padding(content)).isEqualTo(padding);
  }

  private static byte[] someRecords() {
    ByteBuffer out = ByteBuffer.allocate(200);
    Records.beginRequest(out, 1, Records.RESPONDER, false);
    Records.header(out, Records.PARAMS, 1, 5, 3);
    out.put("hello---".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    Records.header(out, Records.PARAMS, 1, 0, 8);
    out.put(new byte[8]);
    Records.header(out, 77, 3, 0, 0);
    Records.unknownType(out, 12);
    Records.endRequest(out, 1, 0, 0);
    return Arrays.copyOf(out.array(), out.position());
  }

  private static List<String> read(Pieces pieces) throws IOException {
    RecordInput in = new RecordInput(pieces, 512);
    List<String> all = new ArrayList<>();
    for (RecordHeader header = in.next(); header != null; header = in.next()) {
      all.add(header + " " + HEX.formatHex(in.readContent()));
    }
    return all;
  }

  private static String written(java.util.function.Consumer<ByteBuffer> writer) {
    ByteBuffer out = ByteBuffer.allocate(32);
    writer.accept(out);
    return HEX.formatHex(out.array(), 0, out.position());
  }

  private static RecordInput input(String hex) {
    return new RecordInput(Pieces.of(HEX.parseHex(hex.replace(" ", "")), 1000), 512);
  }
}
