package dev.postern;

import static java.util.Objects.requireNonNull;

import java.util.function.Supplier;

/** {@link Body#withTrailers}: a body and what is known when it was written. */
final class TrailedBody extends PassedBody {
  private final Supplier<Headers> trailers;

  TrailedBody(Body body, Supplier<Headers> trailers) {
    super(body);
    this.trailers = trailers;
  }

  /** Unknown: nothing follows a body with a Content-Length in HTTP/1.1. */
  @Override
  public long length() {
    return -1;
  }

  @Override
  public Headers trailers() {
    return requireNonNull(trailers.get(), "trailers");
  }
}
