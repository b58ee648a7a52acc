package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of multipart forms (spec_multipart.rb and its fixtures), of Plack's of
 * uploads (Plack-Request/upload.t) and of Ring's of multipart parameters, with the values that RFC
 * 7578 gives them.
 */
class PeerMultipartTest {
  private static final String TYPE = "multipart/form-data; boundary=AaB03x";

  /** A body in which each line ends as in a form. */
  private static Environ form(String type, String body) {
    return Web.post(type, body.replace("\n", "\r\n"));
  }

  private static Multipart read(String body) throws Exception {
    return Request.of(form(TYPE, body)).multipart();
  }

  private static int status(String type, String body, Limits limits) {
    return ParametersTest.status(() -> Request.of(form(type, body), limits).multipart());
  }

  /** A form of one part with these headers, and {@code contents} in it. */
  private static String part(String... headers) {
    return "--AaB03x\n" + String.join("\n", headers) + "\n\ncontents\n--AaB03x--\n";
  }

  private static String text(Part part) throws Exception {
    try (InputStream in = part.open()) {
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  private static final String LARRY =
      """
      --AaB03x
      Content-Disposition: form-data; name="submit-name"

      Larry
      --AaB03x
      Content-Disposition: form-data; name="submit-name-with-content"
      Content-Type: text/plain

      Berry
      --AaB03x
      Content-Disposition: form-data; name="files"; filename="file1.txt"
      Content-Type: text/plain

      contents
      --AaB03x--
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        TYPE,
        "Multipart/Form-Data; Boundary=AaB03x",
        "multipart/form-data; boundary=\"AaB03x\"",
        "multipart/form-data;boundary=AaB03x",
        "multipart/form-data; charset=US-ASCII; boundary=AaB03x"
      })
  void form_ofATextFile_isRead(String type) throws Exception {
    Multipart form = Request.of(form(type, LARRY)).multipart();
    assertThat(form.fields())
        .isEqualTo(Parameters.of("submit-name", "Larry", "submit-name-with-content", "Berry"));
    Part file = form.file("files");
    assertThat(file.fileName()).isEqualTo("file1.txt");
    assertThat(file.contentType()).hasToString("text/plain");
    assertThat(text(file)).isEqualTo("contents");
  }

  @Test
  void boundary_inQuotes_mayHaveAColon() throws Exception {
    String body = LARRY.replace("AaB03x", "AaB:03x");
    Environ environ = form("multipart/form-data; boundary=\"AaB:03x\"", body);
    assertThat(Request.of(environ).form("submit-name")).isEqualTo("Larry");
  }

  @Test
  void type_withACommaForASemicolon_is400() {
    assertThat(status("multipart/form-data, boundary=AaB03x", LARRY, Limits.of())).isEqualTo(400);
  }

  @Test
  void preambleAndEpilogue_arePassedOver() throws Exception {
    assertThat(read("A preamble\nof two lines\n" + LARRY + "an epilogue\n").parts()).hasSize(3);
    assertThat(read("\n" + LARRY.stripTrailing()).parts()).hasSize(3);
    assertThat(read("--AaB03x--\n\n" + LARRY).parts()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          filename="file1.txt"                              | file1.txt
          filename=file1.txt                                | file1.txt
          filename="fi;le1.txt"                             | fi;le1.txt
          filename="foo+bar"                                | foo+bar
          filename="bob's flowers.jpg"                      | bob's flowers.jpg
          filename="100% of a photo.jpeg"                   | 100% of a photo.jpeg
          filename="100%a"                                  | 100%a
          filename="100%"                                   | 100%
          filename="escape \\"quotes"                       | escape "quotes
          filename="escape "quotes"                         | escape "quotes
          filename="C:\\Documents and Settings\\file1.txt"  | file1.txt
          filename="/etc/passwd"                            | passwd
          filename="../../x"                                | x
          filename="a"; modification-date="Wed, 12 Feb 1997 16:29:51 -0500"; | a
          FileName="a.txt"                                  | a.txt
          filename*=utf-8''%D1%84%D0%B0%D0%B9%D0%BB         | файл
          """)
  void fileName_isThatOfTheClient_withoutDirectories(String parameter, String expected)
      throws Exception {
    String body = part("Content-Disposition: form-data; name=\"files\"; " + parameter);
    Part file = read(body).file("files");
    assertThat(file.fileName()).isEqualTo(expected);
    assertThat(text(file)).isEqualTo("contents");
  }

  /** Firefox and Chromium write a quote as %22, and a file may have that name, too. */
  @Test
  void fileName_percentEncoded_staysAsItIs() throws Exception {
    String body =
        part("Content-Disposition: form-data; name=\"files\"; filename=\"escape %22quotes\"");
    assertThat(read(body).file("files").fileName()).isEqualTo("escape %22quotes");
  }

  @Test
  void fileName_veryLong_isKept() throws Exception {
    String name = "long".repeat(100);
    String body = part("Content-Disposition: form-data; name=file; filename=" + name);
    assertThat(read(body).file("file").fileName()).isEqualTo(name);
  }

  @Test
  void fileName_thatIsNoUtf8_isStillAFile() throws Exception {
    String body =
        part("Content-Disposition: form-data; name=\"files\"; filename=\"invalid\u00c3.txt\"");
    assertThat(read(body).file("files").fileName()).isEqualTo("invalid\ufffd.txt");
  }

  @Test
  void fileName_withANul_is400() {
    String body =
        part("Content-Disposition: form-data; name=\"files\"; filename=\"flowers.exe\0.jpg\"");
    assertThat(status(TYPE, body, Limits.of())).isEqualTo(400);
  }

  @Test
  void fileName_inBothForms_isOneOfThem() throws Exception {
    String body =
        part(
            "Content-Disposition: form-data; name=\"files\"; filename=\"foo\";"
                + " filename*=utf-8''bar");
    assertThat(read(body).file("files").fileName()).isEqualTo("bar");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Disposition: form-data; name=\"text\"",
        "content-disposition: form-data; name=\"text\"",
        "Content-Disposition: form-data;name=\"text\"",
        "Content-Disposition:form-data; name=text",
        "CONTENT-DISPOSITION: Form-Data; NAME=text",
        "Content-Type: text/plain\nContent-Disposition: form-data; name=\"text\"",
        "Content-Disposition: form-data; name=\"text\"\nContent-Type: text/plain\"",
        "Content-Disposition: form-data; name=\"text\"\nContent-Type: text/plain; charset=US-ASCII",
        "Content-Disposition: form-data; name=\"text\"\nContent-Description: a field",
        "Content-Disposition: form-data;\n name=\"text\""
      })
  void field_isReadHoweverItsHeadersAreWritten(String headers) throws Exception {
    assertThat(read(part(headers)).fields()).isEqualTo(Parameters.of("text", "contents"));
  }

  /** RFC 7578 4.2: each part must be form-data, and must have a name. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Type: text/plain; charset=US-ASCII",
        "Content-Disposition: form-data; filename=\"file1.txt\"",
        "Content-Disposition: attachment; name=\"files\"; filename=genome.jpeg",
        "Content-Disposition: form-data"
      })
  void part_withoutAName_isPassedOver(String headers) throws Exception {
    assertThat(read(part(headers)).parts()).isEmpty();
  }

  @Test
  void file_thatIsEmpty_hasAName_andNoneWasChosenHasNot() throws Exception {
    String empty =
        "--AaB03x\n"
            + "Content-Disposition: form-data; name=\"files\"; filename=\"file1.txt\"\n"
            + "Content-Type: text/plain\n\n\n--AaB03x--\n";
    assertThat(read(empty).file("files").fileName()).isEqualTo("file1.txt");
    assertThat(read(empty).file("files").size()).isZero();
    assertThat(read(empty.replace("file1.txt", "")).parts()).isEmpty();
    // Internet Explorer 11 sent a file of a script without a name.
    String ie = part("Content-Disposition: form-data; name=\"files\"; filename=\"\"");
    assertThat(text(read(ie).file("files"))).isEqualTo("contents");
  }

  @Test
  void mixedPart_ofOldBrowsers_hasTheFilesOfOneField() throws Exception {
    Multipart form =
        read(
            """
            --AaB03x
            Content-Disposition: form-data; name="foo"

            bar
            --AaB03x
            Content-Disposition: form-data; name="files"
            Content-Type: multipart/mixed; boundary=BbC04y

            --BbC04y
            Content-Disposition: attachment; filename="file.txt"
            Content-Type: text/plain

            contents
            --BbC04y
            Content-Disposition: attachment; filename="flowers.jpg"
            Content-Type: image/jpeg
            Content-Transfer-Encoding: binary

            contents
            --BbC04y--
            --AaB03x--
            """);
    assertThat(form.fields()).isEqualTo(Parameters.of("foo", "bar"));
    assertThat(form.files("files"))
        .extracting(Part::fileName)
        .containsExactly("file.txt", "flowers.jpg");
  }

  @ParameterizedTest
  @CsvSource({
    "'', \u00d8\u00e6\u00df\u00e7\u00ae\u00a3\u00e8\u00e9, UTF-8",
    "'text/plain; charset=ISO-8859-15', \u00e4\u00c4\u00d6\u00f6\u00c5\u00e5\u20ac, ISO-8859-15",
    "'text/plain; charset=iso-2022-jp', \u30a2\u30ea\u30b9, ISO-2022-JP",
    "'application/json; charset=UTF-8', '{\"\u00e5\":1}', UTF-8"
  })
  void field_isTextInItsOwnCharset(String type, String text, String charset) throws Exception {
    String headers =
        "Content-Disposition: form-data; name=\"foo\""
            + (type.isEmpty() ? "" : "\nContent-Type: " + type);
    String bytes = new String(text.getBytes(Charset.forName(charset)), StandardCharsets.ISO_8859_1);
    assertThat(read(part(headers).replace("contents", bytes)).fields().get("foo")).isEqualTo(text);
  }

  @Test
  void field_ofACharsetThatNobodyKnows_is415_andOfOtherBytes400() {
    String disposition = "Content-Disposition: form-data; name=\"foo\"\n";
    String unknown = part(disposition + "Content-Type: text/plain; charset=foo");
    assertThat(status(TYPE, unknown, Limits.of())).isEqualTo(415);
    String bytes = part(disposition + "Content-Type: text/plain; charset=us-ascii");
    assertThat(status(TYPE, bytes.replace("contents", "\u00e9"), Limits.of())).isEqualTo(400);
  }

  /** HTML lets a form say its charset in a field of this name; ours are UTF-8. */
  @Test
  void field_charset_isAFieldAsOthers() throws Exception {
    Multipart form =
        read(
            """
            --AaB03x
            Content-Disposition: form-data; name="foo"

            x
            --AaB03x
            Content-Disposition: form-data; name="_charset_"

            UTF-8
            --AaB03x--
            """);
    assertThat(form.fields()).isEqualTo(Parameters.of("foo", "x", "_charset_", "UTF-8"));
  }

  @Test
  void names_withBrackets_stayFlat_andRepeatsAreKept() throws Exception {
    Multipart form =
        read(
            """
            --AaB03x
            Content-Disposition: form-data; name="foo[submit-name]"

            Larry
            --AaB03x
            Content-Disposition: form-data; name="foo"

            bar
            --AaB03x
            Content-Disposition: form-data; name="foo"

            baz
            --AaB03x
            Content-Disposition: form-data; name="foo[files]"; filename="foo1.txt"

            contents
            --AaB03x
            Content-Disposition: form-data; name="foo[files]"; filename="foo2.txt"

            contents
            --AaB03x--
            """);
    assertThat(form.fields())
        .isEqualTo(Parameters.of("foo[submit-name]", "Larry", "foo", "bar", "foo", "baz"));
    assertThat(form.files("foo[files]"))
        .extracting(Part::fileName)
        .containsExactly("foo1.txt", "foo2.txt");
    assertThat(form.file("foo[files]").fileName()).isEqualTo("foo1.txt");
  }

  /** Rack's parser reads 16,384 bytes at once, and ours 4,096: the boundary lies across each. */
  @Test
  void boundary_acrossTheEndOfABlock_isFound() throws Exception {
    int head = part("Content-Disposition: form-data; name=\"a\"").indexOf("contents");
    for (int block : new int[] {4096, 16384}) {
      for (int offset = -20; offset <= 20; offset += 4) {
        String value = "x".repeat(block - head + offset);
        String body = part("Content-Disposition: form-data; name=\"a\"").replace("contents", value);
        assertThat(read(body).fields().get("a")).isEqualTo(value);
      }
    }
  }

  @Test
  void value_thatLooksLikeABoundary_isAValue() throws Exception {
    for (String value :
        List.of("--AaB03", "AaB03x", "\n--AaB03y", "\n-AaB03x", "x--AaB03x", "\r", "\n\n")) {
      String body = part("Content-Disposition: form-data; name=\"a\"").replace("contents", value);
      assertThat(read(body).fields().get("a")).isEqualTo(value.replace("\n", "\r\n"));
    }
  }

  @Test
  void limit_ofParts_countsFilesAndFields() {
    String six = "";
    for (int i = 0; i < 6; i++) {
      six +=
          "--AaB03x\nContent-Disposition: form-data; name=\"n"
              + i
              + (i < 3 ? "\"" : "\"; filename=\"f\"")
              + "\n\nx\n";
    }
    six += "--AaB03x--\n";
    assertThat(status(TYPE, six, Limits.of().withParts(6))).isZero();
    assertThat(status(TYPE, six, Limits.of().withParts(5))).isEqualTo(413);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--AaB03x\nContent-Disposition: form-data; name=\"huge\"; filename=\"huge\"\n",
        "--AaB03x\nContent-Disposition: form-data; name=\"huge\"; filename=\"huge\"\n\nfoo",
        "--AaB03x\nContent-Disposition: form-data; name=\"a\"\n\nfoo\n--AaB03x",
        "--AaB03x\nContent-Disposition: form-data; name=\"a\"\n\nfoo\n--AaB03x-",
        "--AaB03x\n\n",
        "--AaB03xContent-Disposition: form-data; name=\"a\"\n\nfoo\n--AaB03x--\n"
      })
  void form_thatIsCut_is400(String body) {
    assertThat(status(TYPE, body, Limits.of())).isEqualTo(400);
  }

  @Test
  void header_thatIsHuge_is413_andBoundaryWithoutEnd400() {
    String huge = part("Content-Disposition: form-data; name=\"" + "a".repeat(100_000) + "\"");
    assertThat(status(TYPE, huge, Limits.of())).isEqualTo(413);
    String boundary = "--AaB03x" + "0123456789".repeat(100_000) + "\n";
    assertThat(status(TYPE, boundary, Limits.of())).isEqualTo(400);
  }

  @Test
  void form_isReadOnce_andGivenToEachViewOfTheRequest() throws Exception {
    Environ environ = form(TYPE, LARRY);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      names.add(text(Request.of(environ).multipart().file("files")));
      names.add(Request.of(environ).form("submit-name"));
    }
    assertThat(names).containsExactly("contents", "Larry", "contents", "Larry");
  }
}
