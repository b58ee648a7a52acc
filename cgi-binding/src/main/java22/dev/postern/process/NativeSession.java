package dev.postern.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The session of a program that is our own child. We reap the child last of all, so that no other
 * process gets its number before. Thread-safe.
 */
final class NativeSession extends Session {
  private static final int RUNNING = -1;

  private static final long SI_CODE = 8;
  private static final long SI_PID = 16;
  private static final long SI_STATUS = 24;
  private static final int CLD_EXITED = 1;
  private static final int SIGNALLED = 128;

  /**
   * How often to try a wait. A signal may interrupt a wait. For a child that is nobody's, a wait
   * fails at once.
   */
  private static final int REAP_TRIES = 5;

  private final MemorySegment siginfo;
  private int code = RUNNING;
  private boolean reaped;

  /** Uses the memory until {@link #reap}. */
  NativeSession(int leader, MemorySegment siginfo) {
    super(leader);
    this.siginfo = siginfo;
  }

  private int pid() {
    return (int) leader();
  }

  /** Its exit status, or 128 plus the signal's number; -1 while it runs. */
  synchronized int code() {
    if (code == RUNNING && !reaped) {
      look(Libc.WEXITED | Libc.WNOHANG | Libc.WNOWAIT);
    }
    return code;
  }

  /** Whether the program has ended. Sets its code then. */
  private boolean look(int options) {
    // waitid may leave this field as it is when there is no news.
    siginfo.set(JAVA_INT, SI_PID, 0);
    if (!Libc.waitid(pid(), siginfo, options) || siginfo.get(JAVA_INT, SI_PID) == 0) {
      return false;
    }
    int status = siginfo.get(JAVA_INT, SI_STATUS);
    code = siginfo.get(JAVA_INT, SI_CODE) == CLD_EXITED ? status : SIGNALLED + status;
    return true;
  }

  @Override
  boolean isLeaderAlive() {
    return code() == RUNNING;
  }

  @Override
  boolean isAlive() {
    if (isLeaderAlive()) {
      return true;
    }
    if (!ProcessTable.isPresent()) {
      return false;
    }
    List<ProcessTable.Entry> members = members();
    // If the table cannot be read, the session counts as alive, because its group can still be
    // signalled.
    return members == null || !members.isEmpty();
  }

  /**
   * Asks getsid first. This call takes an eighth of the time of reading a process's file in /proc.
   */
  private @Nullable List<ProcessTable.Entry> members() {
    return ProcessTable.session(
        leader(),
        pid -> {
          int session = Libc.getsid((int) pid);
          return session == pid() || session < 0;
        });
  }

  @Override
  void terminate() {
    signal(Libc.SIGTERM);
  }

  @Override
  void kill() {
    signal(Libc.SIGKILL);
  }

  private synchronized void signal(int signal) {
    if (reaped) {
      return;
    }
    Libc.kill(-pid(), signal);
    List<ProcessTable.Entry> members = members();
    for (ProcessTable.Entry member : members == null ? List.<ProcessTable.Entry>of() : members) {
      if (member.group() != leader()) {
        signalMember((int) member.pid(), signal);
      }
    }
  }

  /**
   * Signals a member that has made a group of its own. Another process may have got its number
   * since we looked, so we look again while a pidfd holds the process.
   */
  private void signalMember(int pid, int signal) {
    int pidfd = Libc.pidfdOpen(pid);
    if (pidfd < 0) {
      return;
    }
    ProcessTable.Entry held = ProcessTable.of(pid);
    if (held != null && held.session() == leader()) {
      Libc.pidfdSendSignal(pidfd, signal);
    }
    Libc.close(pidfd);
  }

  /**
   * Lets the kernel forget the program when it has ended. A program that cannot be killed yet is
   * waited for on a thread of its own. Nothing is signalled afterwards.
   */
  synchronized void reap() {
    if (reaped) {
      return;
    }
    boolean forgotten = look(Libc.WEXITED | Libc.WNOHANG);
    reaped = true;
    if (!forgotten) {
      Pumps.run(this::awaitAndReap);
    }
  }

  private void awaitAndReap() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment unused = arena.allocate(siginfo.byteSize(), 8);
      for (int tried = 0; tried < REAP_TRIES; tried++) {
        if (Libc.waitid(pid(), unused, Libc.WEXITED)) {
          return;
        }
      }
    }
  }
}
