package dev.postern;

/**
 * Throws a checked exception that a method does not declare. So the application gets its own error
 * back unchanged.
 */
final class Sneaky {
  private Sneaky() {}

  /**
   * Throws {@code error} as it is. It has a return type so that a caller can write {@code throw}.
   */
  @SuppressWarnings("unchecked")
  static <E extends Throwable> RuntimeException rethrow(Throwable error) throws E {
    throw (E) error;
  }
}
