package dev.postern.process;

/**
 * How a program ended.
 *
 * @param code its exit status; 128 plus the signal's number if a signal killed it; -1 while it
 *     runs; -2 if nobody knows
 */
public record Exit(int code) {
  /** The program has closed its output and lives on. */
  public static final Exit RUNNING = new Exit(-1);

  /**
   * The program has ended, and nobody can tell how: its parent, a fork server, was killed first.
   */
  public static final Exit UNKNOWN = new Exit(-2);

  private static final int SIGNALLED = 128;
  private static final int LAST_CLASSIC_SIGNAL = 31;

  /**
   * Whether the program lives on. Use this and not {@code equals}. The JDK keeps the class loader
   * of the record whose {@code equals} it linked last, even after the web application was
   * undeployed.
   */
  public boolean isRunning() {
    return code == RUNNING.code;
  }

  /** Whether the program has ended, and nobody can tell how. */
  public boolean isUnknown() {
    return code == UNKNOWN.code;
  }

  /** Whether the program ended with status 0. */
  public boolean isSuccess() {
    return code == 0;
  }

  /**
   * Whether a signal ended the program. The JDK does not distinguish a signal from a status above
   * 128. A shell also exits with such a status after a signal killed its child, and this counts as
   * a signal too.
   */
  public boolean isSignalled() {
    return code > SIGNALLED && code <= SIGNALLED + LAST_CLASSIC_SIGNAL;
  }

  @Override
  public String toString() {
    if (code < 0) {
      return isUnknown() ? "unknown" : "running";
    }
    return isSignalled() ? "signal " + (code - SIGNALLED) : "exit " + code;
  }
}
