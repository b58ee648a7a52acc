package dev.postern.process;

/** For tests that count processes and pipes: has the process that starts programs begin before. */
public final class StartedAhead {
  /** What it and its spare children are called. */
  public static final String NAME = "postern-start";

  private StartedAhead() {}

  public static void begin() {
    if (StartPath.inForce() == StartPath.PORTABLE) {
      StartServer.begin();
    }
  }
}
