package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.FieldList;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Responses that handlers often give.
 *
 * <pre>{@code
 * return Responses.json(mapper::writeValue, Map.of("answer", 42));
 * }</pre>
 */
public final class Responses {
  private Responses() {}

  /** Status 200 and a text in UTF-8. */
  public static Response text(String text) {
    return Response.of(200, Headers.of("Content-Type", "text/plain; charset=utf-8"), Body.of(text));
  }

  /** Status 200 and a page in UTF-8. The caller escapes text that comes from others. */
  public static Response html(String html) {
    return Response.of(200, Headers.of("Content-Type", "text/html; charset=utf-8"), Body.of(html));
  }

  /** Writes a value as JSON: {@code mapper::writeValue} of Jackson is one. */
  @FunctionalInterface
  public interface JsonWriter {
    /** Writes the value in UTF-8. {@code out.close()} does nothing. */
    void write(OutputStream out, Object value) throws Exception;
  }

  /**
   * Status 200 and a value as JSON (RFC 8259). The value is written while it is sent. So the client
   * gets a 500 if the writer fails within the first 8 KiB, and a cut response if it fails later.
   */
  public static Response json(JsonWriter writer, Object value) {
    requireNonNull(writer, "writer");
    requireNonNull(value, "value");
    return Response.of(
        200,
        Headers.of("Content-Type", "application/json"),
        Body.writing(out -> writer.write(out, value)));
  }

  /** A status with its name as text: {@code 404 Not Found}. Says nothing about the server. */
  public static Response status(int status) {
    Headers headers = Headers.of("Content-Type", "text/plain; charset=utf-8");
    String text = (status + " " + Response.reasonPhrase(status)).trim() + "\n";
    return status == 204 || status == 205 || status == 304
        ? Response.of(status, Headers.of())
        : Response.of(status, headers, Body.of(text));
  }

  /** Answers with this response. */
  static Body send(Response response, StartResponse startResponse) {
    startResponse.start(response.status(), response.headers());
    return response.body();
  }

  /** Status 204. */
  public static Response noContent() {
    return Response.of(204, Headers.of());
  }

  /**
   * Status 303: the client then sends a GET to the location, whatever the method was. Use it to
   * answer a form (RFC 9110 15.4.4).
   *
   * @param location as for {@link #redirect}
   */
  public static Response seeOther(String location) {
    return redirect(303, location);
  }

  /**
   * A redirect.
   *
   * @param status 301, 302, 303, 307 or 308
   * @param location an absolute URL, a path, or relative to the URL of the request. Other
   *     characters than those of a URL are percent-encoded as UTF-8. If the location comes from the
   *     client, the caller checks that it leads to an allowed place
   * @throws IllegalArgumentException when it is another status, or the location has a control
   *     character
   */
  public static Response redirect(int status, String location) {
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
      throw new IllegalArgumentException(
          "status of a redirect must be 301, 302, 303, 307 or 308: " + status);
    }
    return Response.of(status, Headers.of("Location", encodedUrl(location)));
  }

  private static String encodedUrl(String url) {
    StringBuilder encoded = new StringBuilder(url.length() + 16);
    for (byte octet : url.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (octet & 0xFF);
      if (c < ' ' || c == 0x7F) {
        throw new IllegalArgumentException("location must have no control characters");
      }
      if (c > '~' || " \"<>\\^`{|}".indexOf(c) >= 0) {
        Ascii.appendPercent(encoded, c);
      } else {
        encoded.append(c);
      }
    }
    return encoded.toString();
  }

  /** The response as a download, which the browser saves under that name. */
  public static Response download(Response response, String fileName) {
    return response.withHeader("Content-Disposition", disposition("attachment", fileName));
  }

  /**
   * A value of {@code Content-Disposition} (RFC 6266). The value has the name in ASCII. If that is
   * not the whole name, it also has the name as RFC 8187 says. Directories and control characters
   * are left out.
   *
   * @param type {@code attachment} or {@code inline}
   * @param fileName the name without a path
   */
  public static String disposition(String type, String fileName) {
    if (!Text.isToken(type)) {
      throw new IllegalArgumentException("disposition must be a token: " + Escapes.quote(type));
    }
    String name =
        fileName.substring(1 + Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')));
    StringBuilder plain = new StringBuilder(name.length());
    StringBuilder extended = new StringBuilder(name.length() + 16);
    boolean whole = true;
    for (int i = 0; i < name.length(); ) {
      int c = name.codePointAt(i);
      i += Character.charCount(c);
      if (Character.isISOControl(c) || c >= 0xD800 && c <= 0xDFFF) {
        continue;
      }
      // Browsers decode a percent sign in the plain form, against RFC 6266.
      boolean ascii = c < 0x7F && c != '%';
      whole &= ascii;
      plain.append(ascii ? (char) c : '_');
      for (byte octet : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
        char b = (char) (octet & 0xFF);
        if (Text.isAlphanumeric(b) || "!#$&+-.^_`|~".indexOf(b) >= 0) {
          extended.append(b);
        } else {
          Ascii.appendPercent(extended, b);
        }
      }
    }
    String value = type + "; filename=" + FieldList.quoted(plain.toString());
    return whole ? value : value + "; filename*=UTF-8''" + extended;
  }
}
