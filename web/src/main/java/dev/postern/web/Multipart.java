package dev.postern.web;

import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.internal.Escapes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A {@code multipart/form-data} body that was read: its fields and its files.
 *
 * <p>The bytes of larger files are in files of {@code java.io.tmpdir}, which only this user may
 * read. They are deleted when the request ends. If a process is killed, its files stay; the next
 * process that reads a form with a large file deletes those that are a day old.
 *
 * <p>Confined to one request.
 */
public final class Multipart {
  private static final int IN_MEMORY = 8 * 1024;
  static final String PREFIX = "postern-upload-";
  private static final Duration LEFT_BEHIND = Duration.ofDays(1);
  private static final AtomicBoolean SWEPT = new AtomicBoolean();

  private final Parameters fields;
  private final List<Part> parts;

  private Multipart(Parameters fields, List<Part> parts) {
    this.fields = fields;
    this.parts = parts;
  }

  /** The fields that are no files, in order. */
  public Parameters fields() {
    return fields;
  }

  /** All parts in order: fields, and files that the user has chosen. */
  public List<Part> parts() {
    return parts;
  }

  /** The first file of that name, or null. */
  public @Nullable Part file(String name) {
    for (Part part : parts) {
      if (part.isFile() && part.name().equals(name)) {
        return part;
      }
    }
    return null;
  }

  /** All files of that name, in order. */
  public List<Part> files(String name) {
    List<Part> files = new ArrayList<>();
    for (Part part : parts) {
      if (part.isFile() && part.name().equals(name)) {
        files.add(part);
      }
    }
    return List.copyOf(files);
  }

  static void stream(
      Environ environ, @Nullable MediaType type, Limits limits, Request.PartConsumer consumer)
      throws Exception {
    if (type == null || !type.is("multipart/form-data")) {
      throw new HttpException(
          415,
          "form must be multipart/form-data: "
              + (type == null ? "none" : Escapes.quote(type.essence())));
    }
    String boundary = type.parameter("boundary");
    // bcharsnospace and 70 characters (RFC 2046 5.1.1).
    if (boundary == null || boundary.isEmpty() || boundary.length() > 70) {
      throw new HttpException(400, "multipart form must have a boundary of 1 to 70 characters");
    }
    for (int i = 0; i < boundary.length(); i++) {
      if (boundary.charAt(i) < ' ' || boundary.charAt(i) > '~') {
        throw new HttpException(400, "boundary of a multipart form must be visible US-ASCII");
      }
    }
    if (environ.contentLength() > limits.multipartBytes()) {
      throw new HttpException(
          413, "multipart form must not be longer than " + limits.multipartBytes());
    }
    new FormParser(environ, boundary, limits).parse(consumer);
  }

  static Multipart read(Environ environ, @Nullable MediaType type, Limits limits)
      throws IOException {
    List<Path> files = new ArrayList<>();
    environ.onFinish(outcome -> delete(files));
    Reader reader = new Reader(limits, files);
    try {
      stream(environ, type, limits, reader);
    } catch (IOException | RuntimeException e) {
      delete(files);
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    return new Multipart(reader.fields, List.copyOf(reader.parts));
  }

  private static void delete(List<Path> files) {
    for (Path file : files) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        // A later process that reads a form deletes the file.
      }
    }
    files.clear();
  }

  /** Keeps the parts that come. */
  private static final class Reader implements Request.PartConsumer {
    private final Limits limits;
    private final List<Path> files;
    private final List<Part> parts = new ArrayList<>();
    private Parameters fields = Parameters.of();
    private long fieldBytes;

    Reader(Limits limits, List<Path> files) {
      this.limits = limits;
      this.files = files;
    }

    @Override
    public void accept(Part part) throws IOException {
      if (part.isFile()) {
        file(part);
        return;
      }
      long limit = limits.bodyBytes();
      int left = Received.most(limit - fieldBytes);
      byte[] bytes = Received.bytes(part.open(), left, limit, "fields of a multipart form");
      fieldBytes += bytes.length;
      Part kept = kept(part, null, new Part.InMemory(bytes));
      fields = fields.plus(part.name(), kept.text(Math.max(1, bytes.length)));
      parts.add(kept);
    }

    private void file(Part part) throws IOException {
      String name = part.fileName();
      InputStream in = part.open();
      byte[] first = in.readNBytes(IN_MEMORY);
      if (first.length < IN_MEMORY) {
        // If the user has chosen no file, browsers send an empty one without a name.
        if (first.length > 0 || name != null && !name.isEmpty()) {
          parts.add(kept(part, name, new Part.InMemory(first)));
        }
        return;
      }
      Path file = newFile();
      long size;
      try (OutputStream out = Files.newOutputStream(file)) {
        out.write(first);
        size = IN_MEMORY + in.transferTo(out);
      }
      parts.add(kept(part, name, new Part.InFile(file, size)));
    }

    private static Part kept(Part part, @Nullable String fileName, Part.Content content) {
      MediaType type = part.contentType();
      return new Part(part.name(), fileName, type == null ? null : type.toString(), content);
    }

    private Path newFile() throws IOException {
      Path directory = Path.of(System.getProperty("java.io.tmpdir"));
      if (SWEPT.compareAndSet(false, true)) {
        sweep(directory, Instant.now().minus(LEFT_BEHIND));
      }
      Path file = Files.createTempFile(directory, PREFIX, null);
      files.add(file);
      return file;
    }
  }

  /** Deletes files of this class that were last changed before that time. */
  static void sweep(Path directory, Instant before) {
    try (DirectoryStream<Path> old = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path file : old) {
        sweepOne(file, before);
      }
    } catch (IOException | DirectoryIteratorException e) {
      // If the directory cannot be read, nothing can be made in it either, which says so.
    }
  }

  private static void sweepOne(Path file, Instant before) {
    try {
      if (Files.isRegularFile(file)
          && Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // The file is another user's, or another process has deleted it at the same time.
    }
  }

  @Override
  public String toString() {
    return "Multipart" + parts;
  }
}
