package dev.postern.testing;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * One application that is deployed in every way that there is. The first segment of PATH_INFO
 * chooses the answer. {@link SampleCases} says what each answer must be.
 *
 * <p>Thread-safe.
 */
public final class SampleApp implements Application {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain;charset=utf-8");
  private static final Headers BYTES = Headers.of("Content-Type", "application/octet-stream");

  /** The bytes with which {@code /large} answers. */
  static final int LARGE = 1024 * 1024;

  /** For code that creates the class by its name. */
  public SampleApp() {}

  @Override
  public Body call(Environ environ, StartResponse response) throws Exception {
    String path = requireNonNull(environ.variable("PATH_INFO"));
    int second = path.indexOf('/', 1);
    return switch (second < 0 ? path : path.substring(0, second)) {
      case "/text" -> text(response, 200, "Hello from " + environ.scriptName() + "\n");
      case "/json" -> json(environ, response);
      case "/method" -> text(response, 200, environ.method() + "\n");
      case "/query" -> text(response, 200, environ.queryString());
      case "/headers" -> headers(environ, response);
      case "/path" -> text(response, 200, hex(path.substring(5)));
      case "/echo" -> echo(environ, response);
      case "/checksum" -> text(response, 200, checksum(environ.input()));
      case "/redirect" -> redirect(environ, response);
      case "/cookies" -> cookies(response);
      case "/latin1" -> latin1(response);
      case "/none" -> nothing(response);
      case "/large" -> large(response);
      case "/stream" -> stream(response);
      case "/fail" -> throw new IllegalStateException("a secret that no client may see");
      default -> text(response, 404, "no such page\n");
    };
  }

  private static Body text(StartResponse response, int status, String text) {
    response.start(status, TEXT);
    return Body.of(text);
  }

  private static Body json(Environ environ, StartResponse response) {
    response.start(200, Headers.of("Content-Type", "application/json"));
    return Body.of(
        "{\"scheme\":\"%s\",\"script\":\"%s\",\"path\":\"%s\"}"
            .formatted(environ.scheme(), environ.scriptName(), environ.pathInfo()));
  }

  private static Body headers(Environ environ, StartResponse response) {
    StringBuilder text = new StringBuilder();
    for (String name : new String[] {"Accept", "Cookie", "X-Sample", "Proxy", "X-Absent"}) {
      text.append(name).append('=').append(environ.header(name)).append('\n');
    }
    return text(response, 200, text.toString());
  }

  /** Sends back what it receives, if the server allows, while the client still sends. */
  private static Body echo(Environ environ, StartResponse response) {
    String type = environ.contentType();
    response.start(200, type == null ? BYTES : Headers.of("Content-Type", type));
    InputStream input = environ.input();
    return Body.writing(input::transferTo);
  }

  private static String checksum(InputStream input) throws IOException {
    CRC32 checksum = new CRC32();
    byte[] block = new byte[8192];
    long count = 0;
    for (int n = input.read(block); n >= 0; n = input.read(block)) {
      checksum.update(block, 0, n);
      count += n;
    }
    return count + " " + Long.toHexString(checksum.getValue()) + "\n";
  }

  /**
   * Redirects to a path of this server. No server may take this for the local redirect of a CGI
   * executable.
   */
  private static Body redirect(Environ environ, StartResponse response) {
    response.start(303, TEXT.with("Location", environ.scriptName() + "/text").with("X-More", "1"));
    return Body.of("see /text\n");
  }

  private static Body cookies(StartResponse response) {
    Headers cookies = TEXT;
    for (String cookie : new String[] {"a=1; Path=/", "b=\"2, 3\"; HttpOnly", "a=4; Path=/x"}) {
      cookies = cookies.plus("Set-Cookie", cookie);
    }
    response.start(200, cookies);
    return Body.of("three cookies\n");
  }

  private static Body latin1(StartResponse response) {
    response.start(200, TEXT.with("X-Latin1", "caf\u00e9"));
    return Body.of("caf\u00e9\n");
  }

  private static Body nothing(StartResponse response) {
    response.start(204, Headers.of("X-Nothing", "more"));
    return Body.empty();
  }

  private static Body large(StartResponse response) {
    response.start(200, BYTES);
    return Body.of(bytes(LARGE));
  }

  /** Answers in several blocks. Nobody knows the length before the end. */
  private static Body stream(StartResponse response) {
    response.start(200, TEXT);
    return Body.writing(
        (OutputStream out) -> {
          for (int i = 1; i <= 5; i++) {
            out.write(("block " + i + "\n").getBytes(StandardCharsets.US_ASCII));
            out.flush();
          }
        });
  }

  /** Returns the same bytes each time, with all values among them. */
  static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    int state = 1;
    for (int i = 0; i < count; i++) {
      state = state * 1103515245 + 12345;
      bytes[i] = (byte) (state >> 16);
    }
    return bytes;
  }

  static String hex(String bytes) {
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < bytes.length(); i++) {
      hex.append(Character.forDigit(bytes.charAt(i) >> 4, 16));
      hex.append(Character.forDigit(bytes.charAt(i) & 15, 16));
    }
    return hex.append('\n').toString();
  }
}
