package dev.postern.launcher.values;

/** Why the command cannot do what it was told: one line for standard error, and an exit code. */
public final class LauncherException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int exitCode;

  private LauncherException(int exitCode, String message) {
    super(oneLine(message), null, false, false);
    this.exitCode = exitCode;
  }

  /** Returns an exception for wrong arguments, with exit code 2. */
  public static LauncherException badArgument(String message) {
    return new LauncherException(2, message);
  }

  /** Returns an exception for a failure although the arguments are right, with exit code 1. */
  public static LauncherException failed(String message) {
    return new LauncherException(1, message);
  }

  /** Returns the exit code of the process: 1 or 2. */
  public int exitCode() {
    return exitCode;
  }

  /** Returns why something failed, as one line. A failure that is not ours comes with its name. */
  public static String reason(Throwable failure) {
    return oneLine(
        failure instanceof LauncherException
            ? String.valueOf(failure.getMessage())
            : String.valueOf(failure));
  }

  /**
   * Returns a text as one line. Messages quote arguments and foreign exceptions, and a control
   * character in these must not forge a line.
   */
  public static String oneLine(String text) {
    StringBuilder line = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean blank = Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
      line.append(blank ? ' ' : c);
    }
    return line.toString().trim();
  }
}
