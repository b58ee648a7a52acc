package dev.postern;

import dev.postern.internal.Text;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's own keys of one request, which all copies of its environ share. They are fields, so
 * that no map has to be filled for them.
 */
final class Extensions {
  private final Environ.Source source;
  private final InputStream rawInput;
  private final PrintWriter errors;
  private final String scheme;
  private final boolean multithread;
  private final boolean multiprocess;
  private final boolean runOnce;
  private final @Nullable Duration limit;
  private final @Nullable LongSupplier nanoTime;
  private final long began;
  private @Nullable RequestInput input;

  /** The keys of middlewares and applications: one map for all copies. */
  private @Nullable Map<String, Object> shared;

  Extensions(
      Environ.Source source,
      InputStream rawInput,
      PrintWriter errors,
      String scheme,
      boolean multithread,
      boolean multiprocess,
      boolean runOnce,
      @Nullable Duration limit,
      @Nullable LongSupplier nanoTime) {
    this.source = source;
    this.rawInput = rawInput;
    this.errors = errors;
    this.scheme = scheme;
    this.multithread = multithread;
    this.multiprocess = multiprocess;
    this.runOnce = runOnce;
    this.limit = limit;
    this.nanoTime = nanoTime;
    this.began = limit == null ? 0 : now();
  }

  @Nullable Object get(String key) {
    return switch (key) {
      case "postern.version" -> Environ.VERSION;
      case "postern.url_scheme" -> scheme;
      case "postern.input" -> input();
      case "postern.errors" -> errors;
      case "postern.multithread" -> multithread;
      case "postern.multiprocess" -> multiprocess;
      case "postern.run_once" -> runOnce;
      default -> null;
    };
  }

  /**
   * Whether the key belongs to middlewares or applications: it has a dot and is not one of the
   * interface.
   */
  static boolean isShared(String key) {
    return key.indexOf('.') >= 0 && !key.startsWith("postern.");
  }

  @Nullable Object shared(String key) {
    return shared == null ? null : shared.get(key);
  }

  /** The map of the shared keys. The first call makes it. */
  Map<String, Object> shared() {
    if (shared == null) {
      shared = new HashMap<>();
    }
    return shared;
  }

  /**
   * The same values with another source and no input, for an environ that outlives the request. The
   * request's own source would keep the container's request object.
   */
  Extensions detached(Environ.Source detachedSource) {
    Extensions detached =
        new Extensions(
            detachedSource,
            InputStream.nullInputStream(),
            errors,
            scheme,
            multithread,
            multiprocess,
            runOnce,
            null,
            null);
    detached.shared = shared == null ? null : new HashMap<>(shared);
    return detached;
  }

  void end() {
    if (input != null) {
      input.endRequest();
    }
  }

  void putAll(Map<String, Object> target) {
    target.put("postern.version", Environ.VERSION);
    target.put("postern.url_scheme", scheme);
    target.put("postern.input", input());
    target.put("postern.errors", errors);
    target.put("postern.multithread", multithread);
    target.put("postern.multiprocess", multiprocess);
    target.put("postern.run_once", runOnce);
  }

  /** The exception that the reader of the request's body got because of the client, or null. */
  @Nullable IOException inputFailure() {
    return input == null ? null : input.failure();
  }

  @Nullable Duration remaining() {
    if (limit == null) {
      return null;
    }
    Duration left = limit.minusNanos(now() - began);
    return left.isNegative() ? Duration.ZERO : left;
  }

  private long now() {
    return nanoTime == null ? System.nanoTime() : nanoTime.getAsLong();
  }

  /**
   * The request's body. All copies of the environ share this stream, because they share its
   * position. Its length is what the client sent, even if a middleware has changed CONTENT_LENGTH
   * on a copy.
   */
  private InputStream input() {
    if (input == null) {
      String length = source.variable("CONTENT_LENGTH");
      input = new RequestInput(rawInput, length == null ? -1 : Text.parseLength(length));
    }
    return input;
  }
}
