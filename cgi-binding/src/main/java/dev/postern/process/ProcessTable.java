package dev.postern.process;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What /proc tells about the processes of this system. Reading all of it takes milliseconds. */
public final class ProcessTable {
  private static final Path PROC = Path.of("/proc");
  private static final boolean PRESENT = Files.isDirectory(PROC.resolve("self"));

  /** The page size of nearly every system. Only a figure for people depends on it. */
  private static final long PAGE = 4096;

  /**
   * All fields that are read here are within so many bytes. The kernel returns them in one read.
   */
  private static final int LINE = 1024;

  private ProcessTable() {}

  static boolean isPresent() {
    return PRESENT;
  }

  /** The live members of a session, without zombies; null if /proc cannot be read now. */
  static @Nullable List<Entry> session(long session) {
    return session(session, pid -> true);
  }

  /**
   * The same, for a caller that can rule out a process faster than by a file of /proc.
   *
   * @param candidate takes a process's number, and returns false for a process that is no member.
   *     All others are still checked in /proc
   */
  static @Nullable List<Entry> session(long session, LongPredicate candidate) {
    String[] names = PROC.toFile().list();
    if (names == null) {
      // For example, there is no free descriptor.
      return null;
    }
    List<Entry> members = new ArrayList<>();
    for (String name : names) {
      if (name.charAt(0) < '0' || name.charAt(0) > '9' || !candidate.test(Long.parseLong(name))) {
        continue;
      }
      Entry entry = read(PROC.resolve(name));
      if (entry != null && entry.session() == session && !entry.isDead()) {
        members.add(entry);
      }
    }
    return members;
  }

  /** One process, or null when there is none of that number. */
  public static @Nullable Entry of(long pid) {
    return read(PROC.resolve(Long.toString(pid)));
  }

  /**
   * Whether a process runs. After its end a process stays in the table until its parent has asked
   * how it ended; for an orphan that is process 1, which may take a second. {@link
   * ProcessHandle#isAlive} is true in this time, and this method is false.
   */
  public static boolean isRunning(ProcessHandle process) {
    if (!process.isAlive()) {
      return false;
    }
    Entry entry = PRESENT ? of(process.pid()) : null;
    return entry == null || !entry.isDead();
  }

  /** The memory of a process, including shared pages, in bytes; 0 if unknown. */
  public static long memory(long pid) {
    try {
      Path statm = PROC.resolve(Long.toString(pid)).resolve("statm");
      String[] pages = Files.readString(statm, StandardCharsets.ISO_8859_1).split(" ", 3);
      return Long.parseLong(pages[1]) * PAGE;
    } catch (IOException | RuntimeException e) {
      return 0;
    }
  }

  /**
   * Whether the system hides from us some of what it shows of other processes, as it does of
   * another user's process. It then shows 0 for the exit status.
   */
  static boolean isHidden(long pid) {
    try {
      // Reading this link needs the right to trace the process, as its exit status does. A process
      // that has ended has no such file.
      Files.readSymbolicLink(PROC.resolve(Long.toString(pid)).resolve("exe"));
      return false;
    } catch (AccessDeniedException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** How much processor time a process may have, in seconds (RLIMIT_CPU); 0 for no limit. */
  static long workLimit(long pid) {
    try (Stream<String> limits =
        Files.lines(
            PROC.resolve(Long.toString(pid)).resolve("limits"), StandardCharsets.ISO_8859_1)) {
      return limits
          .filter(line -> line.startsWith("Max cpu time "))
          .map(line -> line.split(" +", -1)[3])
          .filter(soft -> !soft.equals("unlimited"))
          .mapToLong(Long::parseLong)
          .findFirst()
          .orElse(0);
    } catch (IOException | RuntimeException e) {
      // The process has ended meanwhile.
      return 0;
    }
  }

  /**
   * The memory of the live members of each session, including shared pages, in bytes, by session. A
   * session without members is left out. Reads all of /proc once.
   */
  public static Map<Long, Long> memory(Set<Long> sessions) {
    Map<Long, Long> memory = new HashMap<>();
    String[] names = sessions.isEmpty() ? null : PROC.toFile().list();
    for (String name : names == null ? new String[0] : names) {
      if (name.charAt(0) >= '0' && name.charAt(0) <= '9') {
        Entry entry = read(PROC.resolve(name));
        if (entry != null && sessions.contains(entry.session())) {
          memory.merge(entry.session(), memory(entry.pid()), Long::sum);
        }
      }
    }
    return memory;
  }

  /**
   * Whether all of a process has ended. Of a process that is killed, the first thread may end many
   * milliseconds before the last one. Until the last one ends, the process has its files and locks.
   *
   * @param state the state of the first thread
   * @param threads how many threads the process has; the first one counts even after its end
   */
  static boolean isDead(char state, int threads) {
    return (state == 'Z' || state == 'X') && threads <= 1;
  }

  /**
   * Whether the kernel is taking down all threads of a process. A first thread that has ended alone
   * looks as if the kernel were taking the process down.
   */
  private static boolean areThreadsEnding(long pid) {
    Path tasks = PROC.resolve(Long.toString(pid)).resolve("task");
    String[] names = tasks.toFile().list();
    // Null when the process has ended meanwhile, or there is no free descriptor.
    for (String name : names == null ? new String[0] : names) {
      Entry thread = read(tasks.resolve(name));
      if (thread != null && !thread.isTakenDown()) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable Entry read(Path process) {
    try (FileInputStream stat = new FileInputStream(process + "/stat")) {
      byte[] line = new byte[LINE];
      String text = new String(line, 0, stat.read(line), StandardCharsets.ISO_8859_1);
      String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", 30);
      return new Entry(
          Long.parseLong(text.substring(0, text.indexOf(' '))),
          fields[0].charAt(0),
          Long.parseLong(fields[2]),
          Long.parseLong(fields[3]),
          Long.parseLong(fields[6]),
          Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
          Integer.parseInt(fields[17]),
          Long.parseLong(fields[19]),
          Long.parseLong(fields[28]));
    } catch (IOException | RuntimeException e) {
      // The process has ended meanwhile.
      return null;
    }
  }

  /**
   * {@code pid (comm) state ppid pgrp session tty tpgid flags ...} of proc(5).
   *
   * @param state the state of the first thread
   * @param flags those of the first thread
   * @param work how long the process has had a processor, in ticks
   * @param start when the process began, in ticks since the system started
   * @param pending the signals that the first thread has not taken yet, as bits
   */
  public record Entry(
      long pid,
      char state,
      long group,
      long session,
      long flags,
      long work,
      int threads,
      long start,
      long pending) {
    private static final int PF_EXITING = 0x4;
    private static final int PF_SIGNALED = 0x400;
    private static final int SIGKILL = 1 << 8;

    boolean isDead() {
      return ProcessTable.isDead(state, threads);
    }

    /** Whether the process has ended, or the kernel is taking it down. */
    boolean isEnding() {
      return isDead() || isTakenDown() && (threads <= 1 || areThreadsEnding(pid));
    }

    /**
     * Whether the kernel is taking down this thread. It ends all threads of a process by a SIGKILL
     * for each, which a thread takes in its own time.
     */
    private boolean isTakenDown() {
      return (flags & (PF_EXITING | PF_SIGNALED)) != 0 || (pending & SIGKILL) != 0;
    }

    /**
     * Whether the process waits for something other than a processor, or was stopped. A process
     * that is ending is not idle, even if it waits.
     */
    boolean isIdle() {
      return state != 'R' && !isEnding();
    }
  }
}
