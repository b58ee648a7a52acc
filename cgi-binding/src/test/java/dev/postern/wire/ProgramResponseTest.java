package dev.postern.wire;

import static dev.postern.wire.Blocks.parse;
import static dev.postern.wire.Blocks.refused;
import static dev.postern.wire.Blocks.response;
import static dev.postern.wire.Blocks.rule;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import dev.postern.Headers;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the fields of a block mean, and which of them go on. */
class ProgramResponseTest {
  @Test
  void s41_document_is200() throws IOException {
    ProgramResponse response = response("Content-Type: text/plain\n\nx");

    assertThat(response)
        .isEqualTo(
            new ProgramResponse(
                200, Headers.of("Content-Type", "text/plain"), null, true, List.of()));
    assertThat(response.contentLength()).isEqualTo(-1);
  }

  @Test
  void attackD07_unknownHeadersOnly_areRefusedOrLenient() throws IOException {
    assertThat(rule("X-A: 1\n\nbody")).isEqualTo("no-cgi-field");
    assertThat(rule("Content-Length: 4\n\nbody")).isEqualTo("no-cgi-field");

    ProgramResponse lenient = ProgramResponse.of(parse("X-A: 1\n\nbody").parser(), true);
    assertThat(lenient.typed()).isFalse();
    assertThat(lenient.status()).isEqualTo(200);
    assertThat(lenient.asOctetStream())
        .isEqualTo(
            new ProgramResponse(
                200,
                Headers.of(
                    "X-A",
                    "1",
                    "Content-Type",
                    "application/octet-stream",
                    "X-Content-Type-Options",
                    "nosniff"),
                null,
                true,
                List.of()));
  }

  @Test
  void attackD08_cgiFields_areNotRepeated() {
    for (String field :
        List.of("Status: 200", "Content-Type: text/plain", "Location: /x", "Content-Length: 1")) {
      assertThat(rule(field + "\n" + field + "\n\nx")).isEqualTo("repeated-field");
      assertThat(rule(field + "\nContent-Type: a/b\n" + field.toUpperCase() + "\n\nx"))
          .isEqualTo("repeated-field");
    }
    GatewayException refused = refused("Status: 200\nX-A: b\nstatus: 404\n\n");
    assertThat(refused).hasMessage("status must not be repeated [repeated-field]");
    assertThat(refused.diagnosis().offset()).isEqualTo(19);
    assertThat(refused.diagnosis().excerpt()).isEqualTo("Status: 200\\nX-A: b\\nstatus: 404\\n\\n");
  }

  @Test
  void attackD09_h22_status_isThreeDigits() throws IOException {
    for (int code : new int[] {200, 201, 299, 304, 404, 451, 500, 599}) {
      assertThat(response("Status: " + code + "\n\n").status()).isEqualTo(code);
      assertThat(response("Status: " + code + " Reason; of \u00e9 any kind\n\n").status())
          .isEqualTo(code);
    }
    for (String bad :
        List.of(
            "99",
            "600",
            "20",
            "2000",
            "abc",
            "200OK",
            "",
            "0200",
            "+200",
            "-200",
            "2 00",
            "20x",
            "30",
            "1e3",
            "200.0",
            "200\tOK",
            "\u00b2\u00b2\u00b2",
            "999",
            "199",
            "000",
            "2:0",
            "/00",
            "20/",
            "20:")) {
      assertThat(rule("Status: " + bad + "\n\n")).as(bad).isEqualTo("status");
    }
    assertThat(refused("Status: 2000\n\n"))
        .hasMessage("Status must be a final status code of three digits: \"2000\" [status]");
  }

  @Test
  void h20_interimStatus_isRefused() {
    for (String interim : List.of("100", "101", "103 Early Hints", "199")) {
      assertThat(rule("Status: " + interim + "\n\n")).isEqualTo("status");
    }
  }

  @Test
  void attackD13_localRedirect_staysOnThisHost() throws IOException {
    assertThat(response("Location: /admin?a=b\n\n").localPath()).isEqualTo("/admin?a=b");
    // With another field it is a redirect for the client (RFC 3875 6.2.2).
    assertThat(response("Location: /admin\nContent-Type: x/handler\n\n").localPath()).isNull();
    assertThat(response("Location: /\n\n").localPath()).isEqualTo("/");
    assertThat(response("Location: /x//y\n\n").localPath()).isEqualTo("/x//y");
    for (String other : List.of("//evil/x", "http://x/", "x", "?a", "/x#fragment", "//")) {
      ProgramResponse client = response("Location: " + other + "\n\n");
      assertThat(client.localPath()).as(other).isNull();
      assertThat(client.status()).isEqualTo(302);
      assertThat(client.headers().get("Location")).isEqualTo(other);
    }
    assertThat(rule("Location: /\\evil\n\n")).isEqualTo("location");
    assertThat(rule("Status: 302\nLocation: /\\evil\n\n")).isEqualTo("location");
    assertThat(rule("Location:\n\n")).isEqualTo("location");
  }

  @Test
  void s43_absoluteLocationAlone_is302() throws IOException {
    ProgramResponse response = response("Location: http://example.org/a?b#c\n\n");

    assertThat(response.status()).isEqualTo(302);
    assertThat(response.headers()).isEqualTo(Headers.of("Location", "http://example.org/a?b#c"));
    assertThat(response.typed()).isFalse();
    assertThat(response.localPath()).isNull();
  }

  @Test
  void s44_locationWithStatus_passesThrough() throws IOException {
    for (int code : new int[] {301, 302, 303, 307, 308, 201}) {
      ProgramResponse response =
          response("Status: " + code + "\nLocation: /x\nContent-Type: text/plain\n\nbody");
      assertThat(response.status()).isEqualTo(code);
      assertThat(response.localPath()).isNull();
      assertThat(response.headers())
          .isEqualTo(Headers.of("Location", "/x", "Content-Type", "text/plain"));
    }
  }

  @Test
  void attackD12_emptyContentType_isRefused() throws GatewayException {
    assertThat(rule("Content-Type:\n\n<script>")).isEqualTo("content-type");
    assertThat(rule("Content-Type: \t \n\n<script>")).isEqualTo("content-type");
    for (String type :
        new String[] {
          "text",
          "*/*",
          "text/*",
          "\"text/html\"",
          "text/html charset=utf-8",
          "/html",
          "text/",
          "text /html",
          "text/html, text/plain",
          ";charset=utf-8"
        }) {
      assertThat(rule("Content-Type: " + type + "\n\n<script>")).as(type).isEqualTo("content-type");
    }
    for (String type :
        new String[] {
          "text/html;charset=utf-8",
          "text/html ; charset=utf-8",
          "text/html;",
          "image/svg+xml",
          "multipart/x-mixed-replace; boundary=\"a b\"",
          "application/vnd.oasis.opendocument.text"
        }) {
      assertThat(response("Content-Type: " + type + "\n\nx").headers().get("Content-Type"))
          .isEqualTo(type);
    }
  }

  @Test
  void attackD15_fileFields_areTakenOut() throws IOException {
    ProgramResponse response =
        response(
            "X-Sendfile: /etc/passwd\nX-SENDFILE2: /x\nX-Accel-Redirect: /y\n"
                + "x-accel-buffering: no\nX-LIGHTTPD-send-file: /z\nX-Send: kept\n"
                + "Content-Type: text/plain\n\n");

    assertThat(response.headers())
        .isEqualTo(Headers.of("X-Send", "kept", "Content-Type", "text/plain"));
    assertThat(response.dropped()).hasSize(5).containsOnly("response-file");
  }

  @Test
  void attackD19_names_areCaseInsensitive() throws IOException {
    ProgramResponse response =
        response(
            "status: 404 Gone astray\nCONTENT-TYPE: text/plain ; charset=utf-8  \n"
                + "cOnTeNt-LeNgTh: 7\nlocation: /x\n\n");

    assertThat(response.status()).isEqualTo(404);
    assertThat(response.contentLength()).isEqualTo(7);
    assertThat(response.typed()).isTrue();
    assertThat(response.headers().get("Content-Type")).isEqualTo("text/plain ; charset=utf-8");
    assertThat(response.headers().contains("Status")).isFalse();
  }

  @Test
  void attackD20_h15_transferEncoding_isRefused() {
    for (String value : List.of("chunked", "identity", "", "x")) {
      assertThat(rule("Content-Type: a/b\ntransfer-encoding: " + value + "\n\n"))
          .isEqualTo("transfer-encoding");
      assertThat(rule("Content-Length: 5\nTransfer-Encoding: " + value + "\n\n"))
          .isEqualTo("transfer-encoding");
    }
  }

  @Test
  void attackD20_s47_h18_connectionLevelFields_areTakenOut() throws IOException {
    ProgramResponse response =
        response(
            "Content-Type: a/b\nConnection: close, X-Hop ,\tx-other\nConnection: Content-Type\n"
                + "Keep-Alive: 1\nTE: trailers\nTrailer: X\nTrailers: X\nUpgrade: h2c\n"
                + "Proxy-Connection: x\nProxy-Authenticate: Basic\nProxy-Foo: x\nX-HOP: 1\n"
                + "X-Other: 2\nX-Proxy: kept\nTea: kept\n\n");

    assertThat(response.headers())
        .isEqualTo(Headers.of("Content-Type", "a/b", "X-Proxy", "kept", "Tea", "kept"));
    assertThat(response.typed()).isTrue();
    assertThat(response.dropped()).hasSize(12).containsOnly("response-hop-by-hop");
  }

  @Test
  void s47_dateAndServer_areNotDuplicated() throws IOException {
    ProgramResponse response =
        response("Status: 200\nDate: a\nServer: s\nDATE: b\nserver: t\nX-A: 1\nX-A: 2\n\n");

    assertThat(response.headers())
        .isEqualTo(Headers.of("Date", "a", "Server", "s", "X-A", "1", "X-A", "2"));
    assertThat(response.dropped()).containsExactly("response-repeated", "response-repeated");
  }

  @Test
  void s48_privateFields_areTakenOut() throws IOException {
    ProgramResponse response = response("X-CGI-Foo: 1\nx-cgi-: 2\nX-CGI: kept\nStatus: 200\n\n");

    assertThat(response.headers()).isEqualTo(Headers.of("X-CGI", "kept"));
    assertThat(response.dropped()).containsExactly("response-private", "response-private");
  }

  @Test
  void h13_h14_contentLength_isOneNumberOfDigits() throws IOException {
    for (String good : List.of("0", "7", "0042", "999999999999999999", "000000000000000001")) {
      assertThat(response("Status: 200\nContent-Length: " + good + "\n\n").contentLength())
          .isEqualTo(Long.parseLong(good));
    }
    for (String bad :
        List.of(
            "+5",
            "-1",
            "0x5",
            "5 5",
            "",
            "9223372036854775808",
            "5;x",
            "42, 42",
            "1e3",
            "5.0",
            "\u00b2",
            "1000000000000000000",
            "5/",
            "5:",
            "/5",
            ":5")) {
      assertThat(rule("Status: 200\nContent-Length: " + bad + "\n\n"))
          .as(bad)
          .isEqualTo("content-length");
    }
    assertThat(refused("Status: 200\nContent-Length: 5;x\n\n"))
        .hasMessage("Content-Length must be one number of digits: \"5;x\" [content-length]");
  }

  @Test
  void h25_h26_repeatedFields_keepTheirOrder() throws IOException {
    ProgramResponse response =
        response(
            "Set-Cookie: a=1\nLink: <a>\nSet-Cookie: b=2\nLink: <b>\nStatus: 200\n"
                + "Set-Cookie: c=3\nLink: <c>\n\n");

    assertThat(response.headers().all("set-cookie")).containsExactly("a=1", "b=2", "c=3");
    assertThat(response.headers().all("link")).containsExactly("<a>", "<b>", "<c>");
    assertThat(response.dropped()).isEmpty();
  }

  @Test
  void refusal_ofAField_tellsItsPlace() {
    assertThatThrownBy(() -> response("X-A: b\nX-B: c\n\n"))
        .hasMessage("response must have a Content-Type, Location or Status [no-cgi-field]");
    assertThat(refused("X-A: b\nTransfer-Encoding: chunked\nStatus: 200\n\n").diagnosis())
        .isEqualTo(
            new GatewayException.Diagnosis(
                "transfer-encoding", 7, "X-A: b\\nTransfer-Encoding: chunked\\nStatu", "", ""));
  }
}
