package dev.postern.cgi;

/**
 * How far a hosted program is kept apart from the machine, from less to more. {@link
 * CgiHostBuilder#requireLevel} demands a level, and {@link CgiApplication#isolationLevel} tells the
 * one in force. No level below {@link #L4} is a sandbox: the program may read and do what its user
 * may. Levels are compared by their order. A level is not the sum of those below it: namespaces
 * alone are {@link #L4}, without limits and without a control group.
 */
public enum IsolationLevel {
  /**
   * A {@link JavaProgram} inside the server. It has an environment and streams of its own, but no
   * boundary separates it from the server.
   */
  NONE("inside the server: not a boundary"),
  /** A process with an environment of its own, its three streams and no other descriptor. */
  L0("a plain process"),
  /**
   * Also a session and a process group of its own, which the host ends together. A program that
   * calls {@code setsid} leaves them. The default.
   */
  L1("a session of its own"),
  /** A session, no new privileges, and at least one limit: see {@link Isolation.Builder}. */
  L2("limits and no new privileges"),
  /**
   * A session and a control group of its own, which the host ends as a whole. What is started in
   * the group stays in it, unless it writes the group's files, which its user may do: see {@link
   * Isolation.Builder#cgroup}.
   */
  L3("a control group of its own"),
  /**
   * A session and namespaces of its own. The program sees few files, no network and no other
   * process, and has no capabilities.
   */
  L4("namespaces of its own");

  private final String means;

  IsolationLevel(String means) {
    this.means = means;
  }

  /** The level and what it means, as {@code L1 (a session of its own)}. */
  @Override
  public String toString() {
    return name() + " (" + means + ")";
  }
}
