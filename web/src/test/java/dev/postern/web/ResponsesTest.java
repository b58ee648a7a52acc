package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.Response;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResponsesTest {
  @Test
  void json_isWrittenByWhateverMapper() {
    ObjectMapper mapper = new ObjectMapper();
    TestResponse response =
        Web.run(
            environ -> Responses.json(mapper::writeValue, Map.of("a", "\u00e4")),
            TestRequest.get("/"));
    assertThat(response.text()).isEqualTo("{\"a\":\"\u00e4\"}");
    assertThat(response.header("Content-Type")).isEqualTo("application/json");
  }

  @Test
  void json_thatFails_is500WithoutAWord() {
    TestResponse response =
        Web.run(
            environ ->
                Responses.json(
                    (out, value) -> {
                      out.write('{');
                      throw new IOException("/secret");
                    },
                    1),
            TestRequest.get("/"));
    assertThat(response.status()).isEqualTo(500);
    assertThat(response.text()).isEqualTo("500 Internal Server Error\n");
  }

  @Test
  void redirect_encodesWhatIsNoUrl() {
    Response response = Responses.redirect(308, "/\u00e4 b?c=%20&d=\"e\"#f");
    assertThat(response.status()).isEqualTo(308);
    assertThat(response.headers().get("Location")).isEqualTo("/%C3%A4%20b?c=%20&d=%22e%22#f");
    assertThat(Responses.seeOther("x").status()).isEqualTo(303);
    assertThatIllegalArgumentException().isThrownBy(() -> Responses.redirect(200, "/"));
    assertThatIllegalArgumentException().isThrownBy(() -> Responses.seeOther("/\r\nX: y"));
  }

  @Test
  void status_hasItsNameAsText() {
    assertThat(Web.run(e -> Responses.status(404), TestRequest.get("/")).text())
        .isEqualTo("404 Not Found\n");
    assertThat(Web.run(e -> Responses.status(304), TestRequest.get("/")).headers().size()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          plain.txt        | attachment; filename="plain.txt"
          a "b" \\ c.txt   | attachment; filename=" c.txt"
          quo"te           | attachment; filename="quo\\"te"
          Übergröße.pdf    | attachment; filename="_bergr__e.pdf"; filename*=UTF-8''%C3%9Cbergr%C3%B6%C3%9Fe.pdf
          €.txt            | attachment; filename="_.txt"; filename*=UTF-8''%E2%82%AC.txt
          100%.txt         | attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt
          ../../etc/passwd | attachment; filename="passwd"
          C:\\x\\y.doc     | attachment; filename="y.doc"
          \uD83D\uDE00.png | attachment; filename="_.png"; filename*=UTF-8''%F0%9F%98%80.png
          """)
  void disposition_namesTheFileInBothForms(String name, String expected) {
    assertThat(Responses.disposition("attachment", name)).isEqualTo(expected);
  }

  @Test
  void disposition_hasNoControlCharacters() {
    assertThat(Responses.disposition("inline", "a\r\nSet-Cookie: x=y\0"))
        .isEqualTo("inline; filename=\"aSet-Cookie: x=y\"");
    assertThat(Responses.download(Responses.text("x"), "a").headers().get("Content-Disposition"))
        .isEqualTo("attachment; filename=\"a\"");
    assertThatIllegalArgumentException().isThrownBy(() -> Responses.disposition("a b", "c"));
  }
}
