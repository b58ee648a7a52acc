package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpResponseReaderTest {
  @ParameterizedTest
  @ValueSource(strings = {"-1", "+1", "", "x", "1x", "0x1", "1 1", "99999999999999999999"})
  void numberThatIsNotOfDigits_isAnError(String number) {
    assertThatIOException()
        .isThrownBy(() -> read("Transfer-Encoding: chunked", number + "\r\nx\r\n0\r\n\r\n"))
        .withMessageStartingWith("size of a chunk must be digits: " + number);
    assertThatIOException()
        .isThrownBy(() -> read("Content-Length: " + number, "x"))
        .withMessageStartingWith("Content-Length must be digits: " + number);
  }

  @Test
  void response_persistsOnlyIfAnotherOneMayFollow() throws IOException {
    assertThat(read("Content-Length: 1", "x").isPersistent()).isTrue();
    assertThat(read("Connection: x-close\r\nContent-Length: 1", "x").isPersistent()).isTrue();
    assertThat(read("Connection: a, Close\r\nContent-Length: 1", "x").isPersistent()).isFalse();
    assertThat(read("Content-Length: 2", "x").isPersistent()).isFalse();
    assertThat(read("X-A: b", "x").isPersistent()).isFalse();
  }

  private static HttpResponseReader read(String fields, String body) throws IOException {
    String response = "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n" + body;
    byte[] bytes = response.getBytes(StandardCharsets.US_ASCII);
    HttpResponseReader reader = new HttpResponseReader(new ByteArrayInputStream(bytes), "GET");
    reader.readHead();
    reader.readBody(Integer.MAX_VALUE);
    return reader;
  }
}
