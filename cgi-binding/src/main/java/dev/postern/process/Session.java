package dev.postern.process;

/**
 * The session and process group of one hosted program, which is the leader of both. A signal must
 * not reach another program that has the same number by then. So we signal only while the number is
 * provably the session's: the leader is our unreaped child, or /proc shows a live member, and
 * nobody else with the leader's number. While a session has a member, the kernel gives its number
 * to nobody else.
 */
abstract class Session {
  private final long leader;

  Session(long leader) {
    this.leader = leader;
  }

  /** The program's own process, and the number of its session and group. */
  final long leader() {
    return leader;
  }

  /** Whether the program itself still runs. */
  abstract boolean isLeaderAlive();

  /** Whether anything of the session still runs. */
  abstract boolean isAlive();

  /** Asks the program and all of its session to end. */
  abstract void terminate();

  /** Ends the program and all of its session. */
  abstract void kill();

  /**
   * How long the program itself has had a processor, in ticks; 0 if unknown, or if the kernel is
   * taking the program down.
   */
  final long leaderWork() {
    ProcessTable.Entry entry = ProcessTable.of(leader);
    return entry == null || entry.isEnding() ? 0 : entry.work();
  }

  /** Whether the program itself lives on and waits for something other than a processor. */
  final boolean isLeaderIdle() {
    ProcessTable.Entry entry = ProcessTable.of(leader);
    return entry != null && entry.isIdle();
  }
}
