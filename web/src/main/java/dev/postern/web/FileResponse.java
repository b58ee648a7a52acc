package dev.postern.web;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Response;
import dev.postern.internal.Text;
import dev.postern.web.internal.HttpDate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One file as the response to one request: type, validators, conditions, ranges. */
final class FileResponse {
  /**
   * A file that was changed a moment ago may be changed again within the clock's resolution, so its
   * tag is a weak one (RFC 9110 8.8.1).
   */
  private static final Duration SETTLED = Duration.ofSeconds(2);

  private final Environ environ;
  private final Path file;
  private final BasicFileAttributes attributes;
  private final String tag;
  private final Instant modified;

  FileResponse(Environ environ, Path file, BasicFileAttributes attributes, String coding) {
    this.environ = environ;
    this.file = file;
    this.attributes = attributes;
    this.modified = attributes.lastModifiedTime().toInstant();
    String plain =
        Long.toHexString(modified.getEpochSecond() * 1_000_000_000 + modified.getNano())
            + "-"
            + Long.toHexString(attributes.size());
    String quoted = '"' + (coding.isEmpty() ? plain : plain + "-" + coding) + '"';
    boolean settled = Duration.between(modified, Instant.now()).compareTo(SETTLED) > 0;
    this.tag = settled ? quoted : "W/" + quoted;
  }

  /**
   * The response.
   *
   * @param type the value of Content-Type
   * @param more headers of every response
   */
  Response respond(String type, Headers more) throws IOException {
    Request request = Request.of(environ);
    Headers headers = more.plus("ETag", tag).plus("Last-Modified", HttpDate.text(modified));
    int condition = request.condition(tag, modified);
    if (condition != 0) {
      // RFC 9110 15.4.5: a 304 tells nothing about the representation but its validators.
      return condition == 304
          ? Response.of(304, headers.without("Content-Encoding"))
          : Responses.status(condition);
    }
    headers = headers.plus("Accept-Ranges", "bytes");
    List<ByteRange> ranges;
    try {
      ranges = request.ranges(attributes.size(), tag, modified);
    } catch (HttpException e) {
      return Responses.status(e.status())
          .withHeader("Content-Range", "bytes */" + attributes.size());
    }
    if (ranges == null) {
      return Response.of(200, headers.plus("Content-Type", type), whole());
    }
    if (ranges.size() == 1) {
      ByteRange range = ranges.get(0);
      return Response.of(
          206,
          headers
              .plus("Content-Type", type)
              .plus("Content-Range", range.contentRange(attributes.size())),
          Body.of(new Parts(open(), List.of(range)), range.length()));
    }
    return multiple(ranges, type, headers);
  }

  /** {@code multipart/byteranges} (RFC 9110 14.6). */
  private Response multiple(List<ByteRange> ranges, String type, Headers headers)
      throws IOException {
    String boundary = UUID.randomUUID().toString();
    List<Object> parts = new ArrayList<>();
    long length = 0;
    for (ByteRange range : ranges) {
      byte[] head =
          ("\r\n--"
                  + boundary
                  + "\r\nContent-Type: "
                  + type
                  + "\r\nContent-Range: "
                  + range.contentRange(attributes.size())
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.ISO_8859_1);
      parts.add(head);
      parts.add(range);
      length += head.length + range.length();
    }
    byte[] end = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII);
    parts.add(end);
    return Response.of(
        206,
        headers.plus("Content-Type", "multipart/byteranges; boundary=" + boundary),
        Body.of(new Parts(open(), parts), length + end.length));
  }

  private Body whole() throws IOException {
    Body body = Body.of(file);
    if (body.length() >= 0 && body.length() != attributes.size()) {
      throw changed();
    }
    return body;
  }

  private FileChannel open() throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    if (channel.size() != attributes.size()) {
      channel.close();
      throw changed();
    }
    return channel;
  }

  private IOException changed() {
    return new FileSystemException(file.toString(), null, "changed while it was looked at");
  }

  /** Ranges of a file, and bytes between them. */
  private static final class Parts extends InputStream {
    private final FileChannel channel;
    private final InputStream file;
    private final List<?> parts;
    private int next;
    private @Nullable InputStream bytes;
    private long left;

    Parts(FileChannel channel, List<?> parts) {
      this.channel = channel;
      this.file = Channels.newInputStream(channel);
      this.parts = parts;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      while (left == 0) {
        if (next == parts.size()) {
          return -1;
        }
        begin(parts.get(next++));
      }
      InputStream source = bytes == null ? file : bytes;
      int n = source.read(target, offset, (int) Math.min(length, left));
      if (n < 0) {
        throw new IOException("file became shorter while it was read");
      }
      left -= n;
      return n;
    }

    private void begin(Object part) throws IOException {
      if (part instanceof ByteRange range) {
        channel.position(range.first());
        bytes = null;
        left = range.length();
      } else {
        byte[] array = (byte[]) part;
        bytes = new ByteArrayInputStream(array);
        left = array.length;
      }
    }

    /**
     * Says that more bytes are there until the end, so that a short body is not flushed between its
     * parts.
     */
    @Override
    public int available() {
      return left == 0 && next == parts.size() ? 0 : Integer.MAX_VALUE;
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** How the name of a file in that coding ends: {@code .gz} for {@code gzip}. */
  static String extension(String coding) {
    return switch (Text.lower(coding)) {
      case "gzip" -> ".gz";
      case "zstd" -> ".zst";
      default -> "." + coding;
    };
  }
}
