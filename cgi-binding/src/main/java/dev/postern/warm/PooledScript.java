package dev.postern.warm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One script of a group, and the processes that have loaded it. Thread-safe. */
interface PooledScript {
  /** A process that ends. */
  interface Ending {
    /** Waits for its end, so long at most. */
    void join(long nanos) throws InterruptedException;
  }

  /** The script's file. */
  Path program();

  /**
   * Runs a request in one of its processes; what cannot be run like this has not begun.
   *
   * @throws IOException when the script may have begun
   */
  WarmStart start(WarmRequest request) throws IOException;

  /** Begins to load it, though nobody has asked for it. */
  void load();

  /** Whether a process of it runs or loads. */
  boolean hasServer();

  /** Its processes are to end by {@link #endIfIdle}, and count no more. */
  void mark();

  /** Since when nobody has asked, where its processes may end; 0 where none may. */
  long idleSince();

  /** Ends its processes if nobody has asked for that long. */
  void endIfIdle(long nanos, String why);

  /** Ends its processes as their requests end; those that are left are the answer. */
  List<Ending> close();

  /** How it stands: its processes, or why there is none. */
  List<ServerEvent> status();
}
