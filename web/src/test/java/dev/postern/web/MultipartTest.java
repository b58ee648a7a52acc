package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MultipartTest {
  private static final String TYPE = "multipart/form-data; boundary=AaB03x";

  @TempDir Path directory;

  private static String field(String name, String value) {
    return "--AaB03x\r\nContent-Disposition: form-data; name=\""
        + name
        + "\"\r\n\r\n"
        + value
        + "\r\n";
  }

  private static String file(String name, String fileName, String type, String bytes) {
    return "--AaB03x\r\nContent-Disposition: form-data; name=\""
        + name
        + "\"; filename=\""
        + fileName
        + "\"\r\nContent-Type: "
        + type
        + "\r\n\r\n"
        + bytes
        + "\r\n";
  }

  private static final String END = "--AaB03x--\r\n";

  @Test
  void form_hasFieldsAndFiles() throws Exception {
    Environ environ =
        Web.post(
            TYPE,
            "preamble\r\n"
                + field("text", "\u00c3\u00a4 b")
                + field("text", "")
                + file("f", "a.txt", "text/plain; charset=utf-8", "bytes\u0000\u00ff")
                + END);
    Multipart form = Request.of(environ).multipart();
    assertThat(form.fields()).isEqualTo(Parameters.of("text", "\u00e4 b", "text", ""));
    assertThat(Request.of(environ.copy()).multipart()).isSameAs(form);
    assertThat(Request.of(environ).form("text")).isEqualTo("\u00e4 b");
    Part file = form.file("f");
    assertThat(file.fileName()).isEqualTo("a.txt");
    assertThat(file.contentType()).hasToString("text/plain; charset=utf-8");
    assertThat(file.size()).isEqualTo(7);
    for (int i = 0; i < 2; i++) {
      try (InputStream in = file.open()) {
        assertThat(in.readAllBytes())
            .isEqualTo("bytes\0\u00ff".getBytes(StandardCharsets.ISO_8859_1));
      }
    }
    assertThat(form.files("f")).containsExactly(file);
    assertThat(form.file("text")).isNull();
    assertThat(form.parts()).hasSize(3);
    file.moveTo(directory.resolve("kept"));
    assertThat(Files.size(directory.resolve("kept"))).isEqualTo(7);
  }

  @Test
  void fileNames_areWithoutDirectories() throws Exception {
    Environ environ =
        Web.post(
            TYPE,
            file("a", "C:\\x\\y.txt", "text/plain", "1")
                + file("b", "../../z", "text/plain", "2")
                + file("c", "\u00c3\u00bc.txt", "text/plain", "3")
                + file("none", "", "application/octet-stream", "")
                + file("blob", "", "application/octet-stream", "4")
                + END);
    Multipart form = Request.of(environ).multipart();
    assertThat(form.parts())
        .extracting(Part::fileName)
        .containsExactly("y.txt", "z", "\u00fc.txt", "");
    assertThat(form.file("none")).isNull();
  }

  @Test
  void largeFile_isInAFile_untilTheRequestEnds() throws Exception {
    List<Path> before = uploads();
    byte[] big = "x".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
    String body = file("f", "big", "text/plain", new String(big, StandardCharsets.US_ASCII)) + END;
    List<Path> during = new ArrayList<>();
    Path kept = directory.resolve("kept");
    Application application =
        Application.of(
            environ -> {
              Multipart form = Request.of(environ).multipart();
              during.addAll(uploads());
              during.removeAll(before);
              assertThat(Files.getPosixFilePermissions(during.get(0))).hasSize(2);
              form.files("f").get(0).moveTo(kept);
              return Responses.text("" + form.file("f").size());
            });
    TestRequest request = TestRequest.post("/", TYPE, body + "");
    assertThat(Web.run(application, request).text()).isEqualTo("100000");
    assertThat(during).isNotEmpty();
    assertThat(kept).hasBinaryContent(big);
    Application left =
        Application.of(
            environ -> {
              during.clear();
              Request.of(environ).multipart();
              during.addAll(uploads());
              during.removeAll(before);
              return Responses.text("");
            });
    Web.run(left, request);
    assertThat(during).isNotEmpty().allMatch(Files::notExists);
  }

  private static List<Path> uploads() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).startsWith("postern-upload-"))
          .toList();
    }
  }

  @Test
  void moveTo_isForThisUserAlone_andReplacesNothing(@TempDir Path target) throws Exception {
    String body = file("f", "n", "text/plain", "content") + END;
    Part part = Request.of(Web.post(TYPE, body)).multipart().file("f");
    Path kept = target.resolve("kept");
    part.moveTo(kept);
    assertThat(kept).hasContent("content");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> part.moveTo(kept)).isInstanceOf(FileAlreadyExistsException.class);
    try (Stream<Path> files = Files.list(target)) {
      assertThat(files).containsExactly(kept);
    }
  }

  @Test
  void files_ofAKilledProcess_areSwept() throws Exception {
    Path old = Files.createFile(directory.resolve("postern-upload-1"));
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(200_000)));
    Path fresh = Files.createFile(directory.resolve("postern-upload-2"));
    Path other = Files.createFile(directory.resolve("other"));
    Files.setLastModifiedTime(other, FileTime.from(Instant.EPOCH));
    Multipart.sweep(directory, Instant.now().minusSeconds(100_000));
    assertThat(old).doesNotExist();
    assertThat(fresh).exists();
    assertThat(other).exists();
  }

  @Test
  void parts_areStreamedToAConsumer() throws Exception {
    Environ environ =
        Web.post(TYPE, field("a", "1") + file("f", "n", "a/b", "22") + field("c", "3") + END);
    List<String> seen = new ArrayList<>();
    Request.of(environ)
        .multipart(
            part -> {
              // The second one is left unread.
              seen.add(part.name() + (part.isFile() ? " file" : "=" + part.text(10)));
              assertThat(part.size()).isEqualTo(-1);
            });
    assertThat(seen).containsExactly("a=1", "f file", "c=3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "\r\n",
        "--other--\r\n",
        "--AaB03x",
        "--AaB03x\r\n",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end\r\n--AaB03",
        "--AaB03x\r\n"
            + "Content-Disposition: form-data; name=\"a\"; filename=\"a\0b\"\r\n\r\n"
            + "x\r\n"
            + "--AaB03x--\r\n",
        "--AaB03x\r\n"
            + "Content-Disposition: form-data; name=\"a\"\r\n"
            + "Content-Type: multipart/mixed\r\n\r\n"
            + "x\r\n"
            + "--AaB03x--\r\n",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\u00ff\r\n--AaB03x--\r\n"
      })
  void malformed_is400(String body) {
    assertThat(ParametersTest.status(() -> Request.of(Web.post(TYPE, body)).multipart()))
        .isEqualTo(400);
  }

  @Test
  void formWithoutParts_isEmpty() throws Exception {
    assertThat(Request.of(Web.post(TYPE, END)).multipart().parts()).isEmpty();
    assertThat(Request.of(Web.post(TYPE, "--AaB03x--")).multipart().parts()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"a\u00e4\"",
        "multipart/form-data;"
            + " boundary=0123456789012345678901234567890123456789012345678901234567890123456789x"
      })
  void boundary_thatIsNone_is400(String type) {
    assertThat(ParametersTest.status(() -> Request.of(Web.post(type, END)).multipart()))
        .isEqualTo(400);
  }

  @Test
  void otherType_is415() {
    assertThat(
            ParametersTest.status(
                () -> Request.of(Web.post("multipart/mixed; boundary=x", "")).multipart()))
        .isEqualTo(415);
    assertThat(ParametersTest.status(() -> Request.of(Web.post("text/plain", "")).multipart()))
        .isEqualTo(415);
    assertThat(ParametersTest.status(() -> Web.request().multipart())).isEqualTo(415);
  }

  @Test
  void limits_are413() {
    String body =
        field("a", "12345") + field("b", "12345") + file("f", "n", "a/b", "1234567890") + END;
    assertThat(status(body, Limits.of())).isZero();
    assertThat(status(body, Limits.of().withParts(2))).isEqualTo(413);
    assertThat(status(body, Limits.of().withBodyBytes(9))).isEqualTo(413);
    assertThat(status(body, Limits.of().withFileBytes(9))).isEqualTo(413);
    assertThat(status(body, Limits.of().withMultipartBytes(50))).isEqualTo(413);
    assertThat(status(body, Limits.of().withPartHeaderBytes(20))).isEqualTo(413);
  }

  private static int status(String body, Limits limits) {
    return ParametersTest.status(() -> Request.of(Web.post(TYPE, body), limits).multipart());
  }

  @Test
  void limit_holdsWithoutALength_too() {
    Application application =
        Application.of(
            environ -> {
              Request.of(environ, Limits.of().withMultipartBytes(50)).multipart();
              return Responses.text("");
            });
    byte[] body = (field("a", "x".repeat(1000)) + END).getBytes(StandardCharsets.US_ASCII);
    TestResponse response =
        Web.run(
            application,
            TestRequest.of("POST", "/").withHeader("Content-Type", TYPE).withChunkedBody(body));
    assertThat(response.status()).isEqualTo(413);
  }

  @Test
  void shortBody_isTheClientsFault() {
    Application application =
        Application.of(
            environ -> {
              Request.of(environ).multipart();
              return Responses.text("");
            });
    TestRequest request =
        TestRequest.of("POST", "/")
            .withHeader("Content-Type", TYPE)
            .withHeader("Content-Length", "9999")
            .withBody(field("a", "x").getBytes(StandardCharsets.US_ASCII));
    assertThat(InMemoryGateway.of(application).run(request).status()).isEqualTo(400);
  }
}
