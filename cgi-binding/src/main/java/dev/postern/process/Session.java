package dev.postern.process;

/**
 * The session and process group of one hosted program, which is the leader of both. Signals go to
 * it only while that is provable: the leader is our unreaped child, or /proc shows a live member,
 * and nobody else with the leader's number. While there is a member the kernel gives the number to
 * nobody else.
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
   * How long the program itself has had a processor, in ticks; 0 where nothing tells, and of one
   * that the kernel is taking down.
   */
  final long leaderWork() {
    ProcessTable.Entry entry = ProcessTable.of(leader);
    return entry == null || entry.isEnding() ? 0 : entry.work();
  }

  /** Whether the program itself lives on and waits for something else than a processor. */
  final boolean isLeaderIdle() {
    ProcessTable.Entry entry = ProcessTable.of(leader);
    return entry != null && entry.isIdle();
  }
}
