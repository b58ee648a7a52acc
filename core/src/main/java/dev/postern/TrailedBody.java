package dev.postern;

import static java.util.Objects.requireNonNull;

import java.util.function.Supplier;

/** {@link Body#withTrailers}: a body with trailers, which are known after it was written. */
final class TrailedBody extends PassedBody {
  private final Supplier<Headers> trailers;

  TrailedBody(Body body, Supplier<Headers> trailers) {
    super(body);
    this.trailers = trailers;
  }

  /** Always unknown, because HTTP/1.1 sends no trailers behind a body with a Content-Length. */
  @Override
  public long length() {
    return -1;
  }

  @Override
  public Headers trailers() {
    return requireNonNull(trailers.get(), "trailers");
  }
}
