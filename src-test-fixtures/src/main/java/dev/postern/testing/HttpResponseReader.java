package dev.postern.testing;

import dev.postern.Headers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads one HTTP/1.1 response as a strict client does (RFC 9112), and knows whether it was whole.
 * Confined to one thread.
 */
final class HttpResponseReader {
  private enum Framing {
    NONE,
    LENGTH,
    CHUNKED,
    /** The body goes to the end of the connection. */
    CLOSE
  }

  private static final Pattern CLOSE_OPTION = Pattern.compile("(?i)(.*,)?\\s*close\\s*(,.*)?");

  private final InputStream in;
  private final boolean head;
  private int status;
  private boolean ofVersion1;
  private boolean interim;
  private Headers headers = Headers.of();
  private Framing framing = Framing.NONE;

  /** The bytes that are left of the body, or of the chunk. */
  private long left;

  private boolean inChunks;
  private boolean headRead;
  private boolean ended;
  private boolean complete;

  /**
   * Makes a reader of the next response on a connection.
   *
   * @param in buffered, as it is read byte by byte
   */
  HttpResponseReader(InputStream in, String method) {
    this.in = in;
    this.head = method.equals("HEAD");
  }

  int status() {
    return status;
  }

  Headers headers() {
    return headers;
  }

  boolean isComplete() {
    return complete;
  }

  /**
   * Returns whether the response has been read to its end, and another one may follow on the
   * connection (RFC 9112 9.3).
   */
  boolean isPersistent() {
    String options = String.join(",", headers.all("Connection"));
    return complete
        && framing != Framing.CLOSE
        && !ofVersion1
        && !CLOSE_OPTION.matcher(options).matches();
  }

  /** Waits for 100 or for a final response. Returns true for a final response. */
  boolean awaitContinue() throws IOException {
    readOneHead();
    if (status == 100) {
      return false;
    }
    return readHead();
  }

  /**
   * Reads to the blank line of the final response.
   *
   * @return false when the connection ended before
   */
  boolean readHead() throws IOException {
    if (headRead) {
      return status != 0;
    }
    while (!ended && (status == 0 || interim)) {
      readOneHead();
    }
    headRead = true;
    if (ended) {
      status = 0;
      return false;
    }
    frame();
    return true;
  }

  /** Reads one status line with its headers, which may be an interim one. */
  private void readOneHead() throws IOException {
    String line = readLine();
    if (line == null) {
      ended = true;
      return;
    }
    if (!line.matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) {
      throw new IOException("response must begin with a status line: " + line);
    }
    ofVersion1 = line.startsWith("HTTP/1.0");
    status = Integer.parseInt(line.substring(9, 12));
    interim = status < 200 && status != 101;
    List<String> fields = new ArrayList<>();
    for (line = readLine(); line != null && !line.isEmpty(); line = readLine()) {
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw new IOException("header must have a name and a colon: " + line);
      }
      fields.add(line.substring(0, colon));
      fields.add(line.substring(colon + 1));
    }
    ended = line == null;
    headers = Headers.of(fields.toArray(new String[0]));
  }

  /** Finds the framing of the body (RFC 9112 6.3). */
  private void frame() throws IOException {
    List<String> lengths = headers.all("Content-Length");
    String coding = String.join(", ", headers.all("Transfer-Encoding")).toLowerCase(Locale.ROOT);
    if (head || status == 204 || status == 304) {
      end(true);
    } else if (coding.equals("chunked") && lengths.isEmpty()) {
      framing = Framing.CHUNKED;
    } else if (!coding.isEmpty() || lengths.size() > 1) {
      throw new IOException("response must be framed in one way: " + coding + " " + lengths);
    } else if (lengths.size() == 1) {
      framing = Framing.LENGTH;
      left = number(lengths.get(0), 10, "Content-Length");
      if (left == 0) {
        end(true);
      }
    } else {
      framing = Framing.CLOSE;
    }
  }

  /** Returns so many bytes of the body, or fewer if it ends before. */
  byte[] readBody(int most) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    while (!ended && body.size() < most) {
      if (framing == Framing.CHUNKED && left == 0 && !readChunkSize()) {
        break;
      }
      int room = Math.min(buffer.length, most - body.size());
      int n = read(buffer, framing == Framing.CLOSE ? room : (int) Math.min(room, left));
      if (n < 0) {
        end(framing == Framing.CLOSE);
        break;
      }
      body.write(buffer, 0, n);
      left -= n;
      if (framing == Framing.LENGTH && left == 0) {
        end(true);
      }
    }
    return body.toByteArray();
  }

  /**
   * Reads the size of the next chunk. Returns false at the last chunk, and if the connection ended.
   * The line end after a chunk is read here, before the next size, as a server may send both
   * together.
   */
  private boolean readChunkSize() throws IOException {
    if (inChunks && !"".equals(readLine())) {
      end(false);
      return false;
    }
    inChunks = true;
    String line = readLine();
    if (line == null) {
      end(false);
      return false;
    }
    left = number(line.split(";", 2)[0].trim(), 16, "size of a chunk");
    if (left > 0) {
      return true;
    }
    String trailer = readLine();
    while (trailer != null && !trailer.isEmpty()) {
      trailer = readLine();
    }
    end(trailer != null);
    return false;
  }

  /**
   * Returns the number that the text says in digits alone. {@link Long#parseLong} takes a sign,
   * too.
   *
   * @throws IOException when it says none
   */
  static long number(String text, int radix, String what) throws IOException {
    if (text.startsWith("-") || text.startsWith("+")) {
      throw new IOException(what + " must be digits: " + text);
    }
    try {
      return Long.parseLong(text, radix);
    } catch (NumberFormatException e) {
      throw new IOException(what + " must be digits: " + text, e);
    }
  }

  private void end(boolean whole) {
    ended = true;
    complete = whole;
  }

  /** Reads bytes. A reset ends the response, which is then not whole. */
  private int read(byte[] buffer, int length) throws IOException {
    try {
      return in.read(buffer, 0, length);
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      end(false);
      framing = Framing.NONE;
      return -1;
    }
  }

  /** Reads a line without its CRLF; null if the connection ended. */
  private @Nullable String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    byte[] one = new byte[1];
    while (true) {
      if (read(one, 1) < 0) {
        return null;
      }
      if (one[0] == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r")) {
          throw new IOException("line must end in CR LF: " + text);
        }
        return text.substring(0, text.length() - 1);
      }
      line.write(one[0]);
    }
  }
}
