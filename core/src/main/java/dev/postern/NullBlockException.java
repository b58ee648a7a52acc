package dev.postern;

/**
 * A body's iterator gave null where it must give a block (A13). Lint recognizes this exception by
 * its type.
 */
final class NullBlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private NullBlockException() {
    super("iterator of a body must give blocks: null");
  }

  /**
   * Callers use this method instead of the constructor. For a constructor call, the verifier would
   * load this class at each start.
   */
  static IllegalStateException create() {
    return new NullBlockException();
  }
}
