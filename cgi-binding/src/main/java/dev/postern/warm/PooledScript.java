package dev.postern.warm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One script of a group, and the processes that have loaded it. Thread-safe. */
interface PooledScript {
  /** A process that is about to end. */
  interface Ending {
    /** Waits for its end, at most for that long. */
    void join(long nanos) throws InterruptedException;

    /** Kills a worker. The server of children that run longer is left to end after them. */
    default void kill() {}
  }

  /** The script's file. */
  Path program();

  /**
   * Runs a request in one of the script's processes. If no process can run the request, the script
   * has not begun.
   *
   * @throws IOException when the script may have begun
   */
  WarmStart start(WarmRequest request) throws IOException;

  /** Begins to load the script before anybody asks for it. */
  void load();

  /** Whether a process of the script runs or loads. */
  boolean hasServer();

  /**
   * Marks the script's processes, which {@link #endIfIdle} is about to end. They no longer count.
   */
  void mark();

  /** Since when nobody has asked for the script, if its processes may end; 0 if they may not. */
  long idleSince();

  /** Ends the script's processes if nobody has asked for them for that long. */
  void endIfIdle(long nanos, String why);

  /** Ends each process of the script when its requests end. Returns the processes to wait for. */
  List<Ending> close();

  /** The state of the script: its processes, or why there is none. */
  List<ServerEvent> status();
}
