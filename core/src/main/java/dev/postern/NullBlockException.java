package dev.postern;

/** A body's iterator gave null where it must give a block (A13). Lint tells it by its type. */
final class NullBlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private NullBlockException() {
    super("iterator of a body must give blocks: null");
  }

  /** Not called by its name, which would have the verifier load this class at each start. */
  static IllegalStateException create() {
    return new NullBlockException();
  }
}
