package dev.postern.process;

/**
 * How a program ended.
 *
 * @param code its exit status; 128 and the signal's number for one that was killed; -1 while it
 *     runs, -2 where nobody knows
 */
public record Exit(int code) {
  /** It has closed its output and lives on. */
  public static final Exit RUNNING = new Exit(-1);

  /** It has ended, and nobody can tell how: its parent, a fork server, was killed before it. */
  public static final Exit UNKNOWN = new Exit(-2);

  private static final int SIGNALLED = 128;
  private static final int LAST_CLASSIC_SIGNAL = 31;

  /**
   * Whether it lives on. Asked so, and not by {@code equals}: the JDK's own class keeps the class
   * loader of the record whose {@code equals} it linked last, also after a web application was
   * undeployed.
   */
  public boolean isRunning() {
    return code == RUNNING.code;
  }

  /** Whether it has ended, and nobody can tell how. */
  public boolean isUnknown() {
    return code == UNKNOWN.code;
  }

  /** Whether it ended with status 0. */
  public boolean isSuccess() {
    return code == 0;
  }

  /**
   * Whether a signal ended it. The JDK tells a signal and a status of 128 and more in the same way;
   * a status that a shell gives after a killed child counts as a signal too, which is what it
   * tells.
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
