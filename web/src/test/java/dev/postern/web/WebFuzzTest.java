package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Whatever a client sends is understood, or refused with a status of the client's fault. In a build
 * the inputs in the resources are tried; {@code .ci/fuzz} looks for new ones.
 */
class WebFuzzTest {
  @FuzzTest
  void query(byte[] bytes) {
    String query = new String(bytes, StandardCharsets.ISO_8859_1);
    Parameters lenient = Parameters.parse(query);
    assertThat(Parameters.parse(lenient.encoded())).isEqualTo(lenient);
    try {
      Parameters strict = Request.of(environ("QUERY_STRING", query)).query();
      assertThat(strict.size()).isEqualTo(lenient.size());
      assertThat(Parameters.parse(strict.encoded())).isEqualTo(strict);
    } catch (HttpException e) {
      assertThat(e.status()).isEqualTo(400);
    }
  }

  @FuzzTest
  void cookie(byte[] bytes) {
    Request request =
        Request.of(environ("HTTP_COOKIE", new String(bytes, StandardCharsets.ISO_8859_1)));
    try {
      Parameters cookies = request.cookies();
      for (Map.Entry<String, String> cookie : cookies) {
        if (!cookie.getKey().isEmpty()) {
          assertThat(request.cookie(cookie.getKey())).isEqualTo(cookies.get(cookie.getKey()));
        }
        assertThat(cookie.getValue()).doesNotContain(";");
      }
    } catch (HttpException e) {
      assertThat(e.status()).isEqualTo(431);
    }
  }

  @FuzzTest
  void multipart(FuzzedDataProvider data) throws IOException {
    boolean known = data.consumeBoolean();
    String type = known ? "multipart/form-data; boundary=X" : latin1(data.consumeBytes(100));
    byte[] body = data.consumeRemainingAsBytes();
    Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "POST", "CONTENT_TYPE", type))
            .input(new ByteArrayInputStream(body))
            .build();
    Limits limits =
        Limits.of().withParts(20).withMultipartBytes(4000).withBodyBytes(1000).withFileBytes(2000);
    try {
      Multipart form = Request.of(environ, limits).multipart();
      assertThat(form.parts().size()).isLessThanOrEqualTo(20);
      for (Part part : form.parts()) {
        assertThat(part.name()).isNotNull();
        assertThat(part.size()).isBetween(0L, 2000L);
        if (part.isFile()) {
          assertThat(part.fileName()).doesNotContain("/").doesNotContain("\\");
        }
      }
    } catch (HttpException e) {
      assertThat(e.status()).isIn(400, 413, 415);
    }
  }

  @FuzzTest
  void range(FuzzedDataProvider data) {
    long length = data.consumeLong(0, Long.MAX_VALUE);
    String field = latin1(data.consumeRemainingAsBytes());
    try {
      List<ByteRange> ranges = Request.of(environ("HTTP_RANGE", field)).ranges(length, null, null);
      if (ranges != null) {
        assertThat(ranges).isNotEmpty().hasSizeLessThanOrEqualTo(32);
        for (ByteRange range : ranges) {
          assertThat(range.first()).isBetween(0L, length - 1);
          assertThat(range.last()).isBetween(range.first(), length - 1);
        }
      }
    } catch (HttpException e) {
      assertThat(e.status()).isEqualTo(416);
      assertThat(e.headers()).isEqualTo(Headers.of("Content-Range", "bytes */" + length));
    }
  }

  @FuzzTest
  void fields(FuzzedDataProvider data) {
    Request request =
        Request.of(
            environ(
                "HTTP_ACCEPT", latin1(data.consumeBytes(60)),
                "HTTP_ACCEPT_ENCODING", latin1(data.consumeBytes(60)),
                "HTTP_ACCEPT_LANGUAGE", latin1(data.consumeBytes(60)),
                "HTTP_AUTHORIZATION", latin1(data.consumeBytes(60)),
                "HTTP_IF_NONE_MATCH", latin1(data.consumeBytes(60)),
                "HTTP_IF_MODIFIED_SINCE", latin1(data.consumeBytes(60)),
                "HTTP_FORWARDED", latin1(data.consumeBytes(60)),
                "HTTP_X_FORWARDED_FOR", latin1(data.consumeBytes(60)),
                "REMOTE_ADDR", "127.0.0.1"));
    request.accepts("text/html", "text/plain;charset=utf-8");
    request.acceptsEncoding("gzip", "identity");
    request.acceptsLanguage("en-GB", "de");
    Credentials credentials = request.credentials();
    if (credentials != null) {
      assertThat(credentials.user() == null).isEqualTo(credentials.password() == null);
    }
    assertThat(request.condition("\"x\"", java.time.Instant.EPOCH)).isIn(0, 304);
    try {
      assertThat(TrustedProxies.of("127.0.0.1").apply(request.environ()).remoteAddr()).isNotEmpty();
    } catch (HttpException e) {
      assertThat(e.status()).isEqualTo(400);
    }
    MediaType type = MediaType.parse(latin1(data.consumeRemainingAsBytes()));
    if (type != null) {
      assertThat(MediaType.parse(type.toString())).isEqualTo(type);
    }
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static Environ environ(String... variables) {
    return Web.environ(variables);
  }
}
