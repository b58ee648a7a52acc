package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.HttpException;
import dev.postern.internal.Escapes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One part of a {@code multipart/form-data} body (RFC 7578): a field or a file.
 *
 * <p>Confined to one request.
 */
public final class Part {
  private final String name;
  private final @Nullable String fileName;
  private final @Nullable String type;
  private final Content content;

  /** Where the bytes are. */
  sealed interface Content {}

  /** Bytes that come from the client, to be read once. */
  record Streamed(InputStream in) implements Content {}

  /** Bytes in memory. */
  record InMemory(byte[] bytes) implements Content {}

  /** Bytes in a file that is deleted at the end of the request. */
  record InFile(Path file, long size) implements Content {}

  Part(String name, @Nullable String fileName, @Nullable String type, Content content) {
    this.name = name;
    this.fileName = fileName;
    this.type = type;
    this.content = content;
  }

  /** The name of the form's field. */
  public String name() {
    return name;
  }

  /**
   * The name of the file as the client has it, without directories; null for a field that is no
   * file. A stranger chose this text, so do not use it as the name of a file on the server.
   */
  public @Nullable String fileName() {
    return fileName == null
        ? null
        : fileName.substring(1 + Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')));
  }

  /** Whether this part is a file. */
  public boolean isFile() {
    return fileName != null;
  }

  /** The type that the client says; null when it says none, or one that is malformed. */
  public @Nullable MediaType contentType() {
    return type == null ? null : MediaType.parse(type);
  }

  /** How many bytes this part has; -1 while it comes from the client. */
  public long size() {
    if (content instanceof InMemory memory) {
      return memory.bytes.length;
    }
    return content instanceof InFile file ? file.size : -1;
  }

  /**
   * The bytes. If the part is kept, each call gives a new stream, which the caller closes. While
   * the part comes from the client, each call gives the same stream.
   */
  public InputStream open() throws IOException {
    if (content instanceof InMemory memory) {
      return new ByteArrayInputStream(memory.bytes);
    }
    return content instanceof InFile file
        ? Files.newInputStream(file.file)
        : ((Streamed) content).in;
  }

  /**
   * The bytes as text, in the charset of the part's type, else in UTF-8.
   *
   * @param limit in bytes
   * @throws HttpException with status 400 when the text is malformed in its charset, 413 when it is
   *     longer than the limit, 415 when the charset is unknown
   */
  public String text(int limit) throws IOException {
    Charset charset = Received.charset(contentType());
    byte[] bytes;
    InputStream in = open();
    try {
      bytes = Received.bytes(in, limit, limit, "field");
    } finally {
      if (!(content instanceof Streamed)) {
        in.close();
      }
    }
    return Received.text(bytes, charset, "field");
  }

  /**
   * Keeps the bytes as a file of that name, which only this user may read. If they are in a
   * temporary file of the same file system, that file is renamed. The part cannot be opened
   * afterwards.
   *
   * @throws FileAlreadyExistsException when there is such a file
   */
  public void moveTo(Path target) throws IOException {
    if (content instanceof InFile file) {
      Files.move(file.file, target);
      return;
    }
    // Only this user may read a temporary file. A plain new file would have the rights that this
    // process gives to all of its files.
    Path directory = requireNonNull(target.toAbsolutePath().getParent(), "directory");
    Path written = Files.createTempFile(directory, Multipart.PREFIX, null);
    try {
      try (InputStream in = open();
          OutputStream out = Files.newOutputStream(written)) {
        in.transferTo(out);
      }
      Files.move(written, target);
    } finally {
      Files.deleteIfExists(written);
    }
  }

  /** The name only. */
  @Override
  public String toString() {
    return "Part[" + Escapes.quote(name) + (isFile() ? ", file]" : "]");
  }
}
