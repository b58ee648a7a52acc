package dev.postern.wire;

import static dev.postern.wire.Blocks.bytes;
import static dev.postern.wire.Blocks.parse;
import static dev.postern.wire.Blocks.refused;
import static dev.postern.wire.Blocks.response;
import static dev.postern.wire.Blocks.rule;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import dev.postern.Headers;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The header block as bytes: what is read, what is refused, and where. */
class HeaderBlockParserTest {
  private static final List<String> FIELDS =
      List.of("X-A", "Status", "Location", "Content-Type", "Set-Cookie");

  @Test
  void block_endsAtTheBlankLine_andLeavesTheBody() throws IOException {
    Blocks.Parsed parsed = parse("Content-Type: text/plain\nX-A: b\n\nbody\n\n");

    assertThat(parsed.taken()).isEqualTo("Content-Type: text/plain\nX-A: b\n\n".length());
    assertThat(parsed.parser().headers())
        .isEqualTo(Headers.of("Content-Type", "text/plain", "X-A", "b"));
    assertThat(parsed.parser().feed(bytes("more"), 0, 4)).isZero();
  }

  @Test
  void incompleteBlock_hasNoFields() throws IOException {
    HeaderBlockParser parser = new HeaderBlockParser();
    assertThat(parser.feed(bytes("xxX-A: b\nyy"), 2, 7)).isEqualTo(7);

    assertThat(parser.isComplete()).isFalse();
    assertThatIllegalStateException().isThrownBy(parser::headers);
    assertThatIllegalStateException().isThrownBy(() -> ProgramResponse.of(parser, false));
    assertThat(parser.feed(bytes("\r"), 0, 1)).isEqualTo(1);
    assertThat(parser.feed(bytes("\nx"), 0, 2)).isEqualTo(1);
    assertThat(parser.headers().get("x-a")).isEqualTo("b");
    assertThat(parser.size()).isEqualTo(9);
  }

  @Test
  void attackD01_h02_illegalBytes_refuseTheWholeResponse() {
    for (String name : FIELDS) {
      for (char c = 0; c < ' '; c++) {
        if (c == '\t' || c == '\n' || c == '\r') {
          continue;
        }
        assertThat(rule(name + ": a" + c + "b\n\n")).isEqualTo("control-character");
        assertThat(rule(name + c + ": b\n\n")).isEqualTo("control-character");
        assertThat(rule(c + name + ": b\n\n")).isEqualTo("control-character");
      }
      assertThat(rule(name + ": a\u007fb\n\n")).isEqualTo("control-character");
      assertThat(rule(name + ": a\r\r\n\n")).isEqualTo("bare-cr");
      assertThat(rule(name + ": a\rb\n\n")).isEqualTo("bare-cr");
      assertThat(rule("X\r-A: a\n\n")).isEqualTo("bare-cr");
      assertThat(rule(name + ": a\r")).isEqualTo("no-blank-line");
    }
  }

  /** A blank line ends the block, whatever was meant: what follows is body, never a header. */
  @Test
  void attackD01_blankLineInAValue_endsTheBlock() throws IOException {
    Blocks.Parsed parsed = parse("Content-Type: text/plain\n\r\nSet-Cookie: evil=1\n\n");

    assertThat(parsed.parser().headers()).isEqualTo(Headers.of("Content-Type", "text/plain"));
    assertThat(parsed.taken()).isEqualTo("Content-Type: text/plain\n\r\n".length());
    assertThat(rule("X-A: a\n\r\nContent-Type: text/plain\n\n")).isEqualTo("no-cgi-field");
  }

  @Test
  void attackD02_h06_carriageReturn_standsOnlyBeforeALineFeed() throws IOException {
    assertThat(rule("Foo: bar\rBaz: h\n\n")).isEqualTo("bare-cr");
    assertThat(rule("Foo: a\rSet-Cookie: b\n\n")).isEqualTo("bare-cr");
    assertThat(rule("Status: 200\r\r\n\r\n")).isEqualTo("bare-cr");
    assertThat(refused("Status: 200\nFoo: a\rb\n\n").diagnosis())
        .isEqualTo(
            new GatewayException.Diagnosis("bare-cr", 18, "Status: 200\\nFoo: a\\rb", "", ""));
    assertThat(parse("Status: 200\r\n\r\n").taken()).isEqualTo(15);
  }

  @Test
  void attackD03_lineWithoutColon_isRefusedAndShown() {
    GatewayException bogus = refused("N".repeat(1024) + "\n\nbody");
    assertThat(bogus).hasMessage("header line must have a colon [no-colon]");
    assertThat(bogus.diagnosis())
        .isEqualTo(new GatewayException.Diagnosis("no-colon", 0, "N".repeat(32), "", ""));

    assertThat(refused("perl cgi\n").diagnosis().excerpt()).isEqualTo("perl cgi\\n");
    assertThat(rule("perl cgi\n")).isEqualTo("bad-name");
    assertThat(rule("Status: 200\nnothing\n\n")).isEqualTo("no-colon");
    assertThat(refused("Status: 200\nnothing\n\n").diagnosis().offset()).isEqualTo(12);
  }

  @Test
  void attackD04_endBeforeTheBlankLine_isRefused() {
    for (String output :
        List.of(
            "Content-Type: text/plain\n",
            "Content-Type: text/plain",
            "Content-Type: text/plain\r",
            "Content-Type: text/plain\r\n\r",
            "Content-")) {
      GatewayException refused = refused(output);
      assertThat(refused).hasMessage("header block must end with a blank line [no-blank-line]");
      assertThat(refused.diagnosis().offset()).isEqualTo(output.length());
    }
  }

  @Test
  void attackD05_noOutput_isRefused() {
    assertThat(new HeaderBlockParser().ended())
        .hasMessage("program must send a header block [no-output]");
    assertThat(new HeaderBlockParser().ended().diagnosis())
        .isEqualTo(new GatewayException.Diagnosis("no-output", 0, "", "", ""));
  }

  @Test
  void attackD06_blankLineFirst_isRefused() {
    assertThat(rule("\nHello")).isEqualTo("empty-block");
    assertThat(rule("\r\nHello")).isEqualTo("empty-block");
  }

  @Test
  void attackD10_statusLine_isRefused_butNoHeaderLikeIt() throws IOException {
    assertThat(rule("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"))
        .isEqualTo("status-line");
    assertThat(rule("HTTP/1.1 200 OK: x\n\n")).isEqualTo("status-line");
    assertThat(rule("HTTP/\n\n")).isEqualTo("status-line");
    assertThat(rule("HTTP\n\n")).isEqualTo("no-colon");
    assertThat(rule("Status: 200\nHTTP/1.1 200 OK\n\n")).isEqualTo("bad-name");
    assertThat(response("HTTP-Foo: x\nHTTP: y\nStatus: 200\n\n").headers())
        .isEqualTo(Headers.of("HTTP-Foo", "x", "HTTP", "y"));
  }

  @Test
  void attackD11_s54_line_isTakenUpToItsLimit() throws IOException {
    String name = "X-A:";
    for (String end : List.of("\n", "\r\n")) {
      for (int length : new int[] {HeaderBlockParser.MAX_LINE - 1, HeaderBlockParser.MAX_LINE}) {
        String value = "v".repeat(length - name.length());
        HeaderBlockParser parser = fed(name + value + end + end);
        assertThat(parser.headers().get("X-A")).isEqualTo(value);
      }
      String over = name + "v".repeat(HeaderBlockParser.MAX_LINE + 1 - name.length()) + end + end;
      GatewayException refused = refused(over);
      assertThat(refused).hasMessage("header line must not exceed 16384 bytes [line-too-long]");
      assertThat(refused.diagnosis().offset()).isEqualTo(HeaderBlockParser.MAX_LINE);
      assertThat(refused.diagnosis().excerpt()).isEqualTo("v".repeat(32));
    }
    String second = "Status: 200\nX-A:" + "v".repeat(HeaderBlockParser.MAX_LINE - 4) + "\n\n";
    assertThat(fed(second).headers().get("X-A")).hasSize(HeaderBlockParser.MAX_LINE - 4);
    assertThat(rule(second.replace("X-A", "X-AA"))).isEqualTo("line-too-long");
  }

  @Test
  void attackD11_s54_block_isTakenUpToItsLimit() throws IOException {
    assertThat(fed(blockOf(HeaderBlockParser.MAX_BLOCK - 1)).size())
        .isEqualTo(HeaderBlockParser.MAX_BLOCK - 1);
    assertThat(fed(blockOf(HeaderBlockParser.MAX_BLOCK)).size())
        .isEqualTo(HeaderBlockParser.MAX_BLOCK);
    for (int over = 1; over <= 3; over++) {
      GatewayException refused = refused(blockOf(HeaderBlockParser.MAX_BLOCK + over));
      assertThat(refused).hasMessage("header block must not exceed 65536 bytes [block-too-long]");
      assertThat(refused.diagnosis().offset()).isEqualTo(HeaderBlockParser.MAX_BLOCK);
    }
    assertThat(rule(blockOf(HeaderBlockParser.MAX_BLOCK + 100))).isEqualTo("block-too-long");
  }

  @Test
  void attackD11_s54_fields_areTakenUpToTheirLimit() throws IOException {
    String line = "X-A: b\n";
    assertThat(fed(line.repeat(HeaderBlockParser.MAX_FIELDS - 1) + "\n").headers().size())
        .isEqualTo(255);
    assertThat(fed(line.repeat(HeaderBlockParser.MAX_FIELDS) + "\n").headers().size())
        .isEqualTo(256);
    GatewayException refused = refused(line.repeat(HeaderBlockParser.MAX_FIELDS + 1) + "\n");
    assertThat(refused).hasMessage("header block must not exceed 256 fields [too-many-fields]");
    assertThat(refused.diagnosis().offset()).isEqualTo(256L * line.length());
  }

  @Test
  void attackD11_endlessHeader_isRefusedWithinTheLimit() {
    for (String endless : List.of("X-A: y\n", "y", "\ty", "X: y\r\n", "é")) {
      HeaderBlockParser parser = new HeaderBlockParser();
      byte[] bytes = bytes(endless);
      assertThatThrownBy(
              () -> {
                while (true) {
                  parser.feed(bytes, 0, bytes.length);
                }
              })
          .isInstanceOf(GatewayException.class);
      assertThat(parser.size()).isLessThanOrEqualTo(HeaderBlockParser.MAX_BLOCK);
    }
  }

  @Test
  void attackD17_h05_foldedLine_isRefused() {
    assertThat(rule("X-A: b\n c\n\n")).isEqualTo("folded-line");
    assertThat(rule("X-A: b\r\n\tc\r\n\r\n")).isEqualTo("folded-line");
    assertThat(rule("Status: 200\n \n\n")).isEqualTo("folded-line");
    assertThat(refused("X-A: b\n c\n\n").diagnosis().offset()).isEqualTo(7);
  }

  /** Every other test here splits its outputs too: see {@link Blocks}. */
  @Test
  void attackD18_splitAtEveryOffset_makesNoDifference() throws IOException {
    assertThat(parse("Content-Type: text/plain\r\nX-A: \t b c \t\r\nX-B:\n\r\nbody").toString())
        .endsWith("\nContent-Type=text/plain\nX-A=b c\nX-B=");
  }

  @Test
  void attackD21_h08_eightBitValues_stayBytes() throws IOException {
    assertThat(parse("X-N: caf\u00c3\u00a9\nX-A: \u0080\u00ff\u0085\u00a0\n\n").parser().headers())
        .isEqualTo(Headers.of("X-N", "caf\u00c3\u00a9", "X-A", "\u0080\u00ff\u0085\u00a0"));
    // U+010A ends in 0x8A and U+0A0A holds 0xA8: no byte of them is a line feed.
    assertThat(parse("X-A: \u00c4\u008a\u00e0\u00a8\u008a\n\n").parser().headers().get("X-A"))
        .isEqualTo("\u00c4\u008a\u00e0\u00a8\u008a");
  }

  @Test
  void h01_name_isAToken() throws IOException {
    String token = "!#$%&'*+-.^_`|~09azAZ";
    assertThat(parse(token + ": x\n\n").parser().headers().get(token)).isEqualTo("x");
    for (char c = ' '; c <= 0xFF; c++) {
      if (token.indexOf(c) < 0 && c != 0x7F && c != ':' && !isAlphanumeric(c)) {
        assertThat(rule("X" + c + "A: b\n\n")).isEqualTo("bad-name");
      }
    }
    assertThat(rule(": b\n\n")).isEqualTo("bad-name");
    assertThat(refused("Status: 200\nX(A: b\n\n").diagnosis().offset()).isEqualTo(13);
  }

  @Test
  void h03_whiteSpaceAroundAValue_isNotPartOfIt() throws IOException {
    assertThat(parse("X-A:b\nX-B: \t b\tc d \t \nX-C: \t \nX-D::\n\n").parser().headers())
        .isEqualTo(Headers.of("X-A", "b", "X-B", "b\tc d", "X-C", "", "X-D", ":"));
  }

  @Test
  void h04_whiteSpaceBeforeTheColon_isRefused() {
    assertThat(rule("Foo : x\n\n")).isEqualTo("bad-name");
    assertThat(rule("Foo\t: x\n\n")).isEqualTo("bad-name");
  }

  @Test
  void h07_whiteSpaceBeforeTheFirstLine_isRefused() {
    assertThat(rule(" Foo: x\n\n")).isEqualTo("folded-line");
    assertThat(rule("\tFoo: x\n\n")).isEqualTo("folded-line");
    assertThat(rule(" \n\n")).isEqualTo("folded-line");
  }

  @Test
  void s46_lineEnds_mayBeMixed() throws IOException {
    assertThat(parse("Status: 200\r\nX-A: b\nX-B: c\r\n\nx").parser().headers())
        .isEqualTo(Headers.of("Status", "200", "X-A", "b", "X-B", "c"));
  }

  @Test
  void diagnosis_showsWhatIsAroundTheByte() {
    String output =
        "Content-Type: text/plain\nX-Long-Name-Of-A-Field: value \u0001 and what follows\n";
    GatewayException.Diagnosis diagnosis = refused(output).diagnosis();

    assertThat(diagnosis.offset()).isEqualTo(output.indexOf('\u0001'));
    assertThat(diagnosis.excerpt()).isEqualTo("n\\nX-Long-Name-Of-A-Field: value \\x01");
  }

  private static HeaderBlockParser fed(String block) throws IOException {
    HeaderBlockParser parser = new HeaderBlockParser();
    byte[] bytes = bytes(block);
    for (int at = 0; at < bytes.length; at += 1000) {
      parser.feed(bytes, at, Math.min(1000, bytes.length - at));
    }
    assertThat(parser.isComplete()).isTrue();
    return parser;
  }

  /** A block of that many bytes, in lines of which none is too long. */
  private static String blockOf(int size) {
    StringBuilder block = new StringBuilder("Status: 200\n");
    while (block.length() < size - 2000) {
      block.append("X-A: ").append("v".repeat(994)).append('\n');
    }
    block.append("X-B: ");
    block.append("w".repeat(size - block.length() - 2)).append("\n\n");
    assertThat(block.length()).isEqualTo(size);
    return block.toString();
  }

  private static boolean isAlphanumeric(char c) {
    return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }
}
