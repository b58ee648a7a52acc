package dev.postern;

/**
 * Throws what a method could not declare: the application's own error, given back to it unchanged.
 */
final class Sneaky {
  private Sneaky() {}

  /** Throws {@code error} as it is. Declared to return so that a caller can write {@code throw}. */
  @SuppressWarnings("unchecked")
  static <E extends Throwable> RuntimeException rethrow(Throwable error) throws E {
    throw (E) error;
  }
}
