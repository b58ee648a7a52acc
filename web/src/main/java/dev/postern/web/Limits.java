package dev.postern.web;

/**
 * How much of a request a {@link Request} reads. A request over a limit is refused: 400 for too
 * many parameters of a query, 413 for a body or a form, 431 for a {@code Cookie} header. Each
 * method throws an {@link IllegalArgumentException} if its limit is negative.
 *
 * <p>Immutable, thread-safe.
 */
public final class Limits {
  private static final Limits DEFAULT =
      new Limits(1000, 1024 * 1024, 1000, 64L * 1024 * 1024, 64L * 1024 * 1024, 16 * 1024);

  private final int parameters;
  private final long bodyBytes;
  private final int parts;
  private final long fileBytes;
  private final long multipartBytes;
  private final int partHeaderBytes;

  private Limits(
      int parameters,
      long bodyBytes,
      int parts,
      long fileBytes,
      long multipartBytes,
      int partHeaderBytes) {
    checkNotNegative(parameters, bodyBytes, parts, fileBytes, multipartBytes, partHeaderBytes);
    this.parameters = parameters;
    this.bodyBytes = bodyBytes;
    this.parts = parts;
    this.fileBytes = fileBytes;
    this.multipartBytes = multipartBytes;
    this.partHeaderBytes = partHeaderBytes;
  }

  private static void checkNotNegative(long... limits) {
    for (long limit : limits) {
      if (limit < 0) {
        throw new IllegalArgumentException("limit must not be negative: " + limit);
      }
    }
  }

  /**
   * 1,000 parameters; 1 MiB of a body that is read into memory; multipart forms of 1,000 parts, 64
   * MiB a file and 64 MiB together, 16 KiB of headers a part.
   */
  public static Limits of() {
    return DEFAULT;
  }

  /** How many parameters a query or a form may have, and how many cookies; 1,000 by default. */
  public Limits withParameters(int count) {
    return new Limits(count, bodyBytes, parts, fileBytes, multipartBytes, partHeaderBytes);
  }

  /**
   * How many bytes a body that is read into memory may have, such as that of a form; 1 MiB by
   * default.
   */
  public Limits withBodyBytes(long bytes) {
    return new Limits(parameters, bytes, parts, fileBytes, multipartBytes, partHeaderBytes);
  }

  /** How many parts a multipart form may have; 1,000 by default. */
  public Limits withParts(int count) {
    return new Limits(parameters, bodyBytes, count, fileBytes, multipartBytes, partHeaderBytes);
  }

  /** How many bytes one file of a multipart form may have; 64 MiB by default. */
  public Limits withFileBytes(long bytes) {
    return new Limits(parameters, bodyBytes, parts, bytes, multipartBytes, partHeaderBytes);
  }

  /** How many bytes a whole multipart form may have; 64 MiB by default. */
  public Limits withMultipartBytes(long bytes) {
    return new Limits(parameters, bodyBytes, parts, fileBytes, bytes, partHeaderBytes);
  }

  /** How many bytes the headers of one part of a multipart form may have; 16 KiB by default. */
  public Limits withPartHeaderBytes(int bytes) {
    return new Limits(parameters, bodyBytes, parts, fileBytes, multipartBytes, bytes);
  }

  int parameters() {
    return parameters;
  }

  long bodyBytes() {
    return bodyBytes;
  }

  int parts() {
    return parts;
  }

  long fileBytes() {
    return fileBytes;
  }

  long multipartBytes() {
    return multipartBytes;
  }

  int partHeaderBytes() {
    return partHeaderBytes;
  }
}
