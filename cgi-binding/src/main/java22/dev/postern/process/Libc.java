package dev.postern.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.NoSuchElementException;

/**
 * The functions of glibc that talk to a program and end it, under their own names, which the manual
 * explains. Those with an {@code errno} leave the error's number there.
 *
 * <p>All are ordinary downcalls. A critical downcall could read into a Java array, but it holds up
 * every garbage collection while it lasts. A read from a pipe can last long: the program at the
 * other end has the pipe's lock while the system pages in that program's memory.
 */
final class Libc {
  static final int EINTR = 4;
  static final int EAGAIN = 11;
  static final int EPIPE = 32;

  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_NONBLOCK = 0x800;
  static final int O_CLOEXEC = 0x80000;
  private static final long FIONREAD = 0x541B;
  private static final int F_SETFL = 4;
  private static final int F_SETPIPE_SZ = 1031;
  private static final int F_DUPFD_CLOEXEC = 1030;

  static final short POLLIN = 1;
  static final short POLLOUT = 4;

  static final int SIGKILL = 9;
  static final int SIGTERM = 15;
  private static final int SIGCHLD = 17;
  private static final long SIG_DFL = 0;
  private static final long SIG_IGN = 1;

  /** Makes {@code waitid} wait for this child of ours and no other. */
  private static final int P_PID = 1;

  static final int WNOHANG = 1;
  static final int WEXITED = 4;
  static final int WNOWAIT = 0x1000000;

  /**
   * This number and the next one are the same on every architecture, as for all system calls from
   * 403 on.
   */
  private static final long SYS_PIDFD_SEND_SIGNAL = 424;

  private static final long SYS_PIDFD_OPEN = 434;

  private static final int PR_SET_DUMPABLE = 4;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  static final StructLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle CLOSE = link("close", JAVA_INT);
  private static final MethodHandle KILL = link("kill", JAVA_INT, JAVA_INT);
  private static final MethodHandle GETSID = link("getsid", JAVA_INT);
  private static final MethodHandle EVENTFD_READ = link("eventfd_read", JAVA_INT, ADDRESS);
  private static final MethodHandle EVENTFD_WRITE = link("eventfd_write", JAVA_INT, JAVA_LONG);
  private static final MethodHandle EVENTFD = linkErrno("eventfd", JAVA_INT, JAVA_INT);
  private static final MethodHandle PIPE2 = linkErrno("pipe2", ADDRESS, JAVA_INT);
  private static final MethodHandle POLL = linkErrno("poll", ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle WAITID = link("waitid", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SIGNAL =
      link("signal", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG));
  private static final MethodHandle SYSCALL =
      link(
          "syscall",
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(1));
  private static final MethodHandle OPEN =
      link(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2),
          ERRNO);
  private static final MethodHandle FCNTL =
      link(
          "fcntl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2),
          ERRNO);
  private static final MethodHandle IOCTL =
      link(
          "ioctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
          Linker.Option.firstVariadicArg(2),
          ERRNO);
  private static final FunctionDescriptor TRANSFER =
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle READ = link("read", TRANSFER, ERRNO);
  private static final MethodHandle WRITE = link("write", TRANSFER, ERRNO);

  private Libc() {}

  // ---- linking ----

  static boolean has(String function) {
    return LINKER.defaultLookup().find(function).isPresent();
  }

  /** A function that returns an int. */
  static MethodHandle link(String function, MemoryLayout... arguments) {
    return link(function, FunctionDescriptor.of(JAVA_INT, arguments));
  }

  private static MethodHandle linkErrno(String function, MemoryLayout... arguments) {
    return link(function, FunctionDescriptor.of(JAVA_INT, arguments), ERRNO);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle link(
      String function, FunctionDescriptor type, Linker.Option... options) {
    MemorySegment address =
        LINKER
            .defaultLookup()
            .find(function)
            .orElseThrow(() -> new NoSuchElementException(function));
    return LINKER.downcallHandle(address, type, options);
  }

  /** A downcall declares every Throwable; none of these functions can throw one. */
  static AssertionError unexpected(Throwable e) {
    return new AssertionError("function of the C library must not throw", e);
  }

  /** Hides this process in /proc from other processes of its user; false if the kernel refuses. */
  static boolean forbidDumps() {
    MethodHandle prctl =
        link(
            "prctl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    try {
      return (int) prctl.invokeExact(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) == 0;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  // ---- errors ----

  static int errno(MemorySegment errno) {
    return (int) ERRNO_VALUE.get(errno, 0L);
  }

  static IOException failure(String function, int errno) {
    return new IOException(function + " failed: " + name(errno));
  }

  private static String name(int errno) {
    return switch (errno) {
      case 1 -> "EPERM";
      case 2 -> "ENOENT, no such file";
      case 7 -> "E2BIG, arguments and environment too long";
      case 8 -> "ENOEXEC, not a program";
      case EAGAIN -> "EAGAIN, too many processes";
      case 12 -> "ENOMEM, out of memory";
      case 13 -> "EACCES, not permitted";
      case 20 -> "ENOTDIR, not a directory";
      case 23 -> "ENFILE, too many open files in the system";
      case 24 -> "EMFILE, too many open files";
      case 26 -> "ETXTBSY, the program is being written";
      case 40 -> "ELOOP, too many symbolic links";
      default -> "errno " + errno;
    };
  }

  // ---- descriptors ----

  /** A pipe, its read end first, both ends closed on exec. */
  static void pipe(MemorySegment errno, MemorySegment ends) throws IOException {
    try {
      if ((int) PIPE2.invokeExact(errno, ends, O_CLOEXEC) != 0) {
        throw failure("pipe2", errno(errno));
      }
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int open(MemorySegment errno, MemorySegment path, int flags) throws IOException {
    try {
      return checked("open", errno, (int) OPEN.invokeExact(errno, path, flags));
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int eventfd(MemorySegment errno) throws IOException {
    try {
      return checked("eventfd", errno, (int) EVENTFD.invokeExact(errno, 0, O_CLOEXEC | O_NONBLOCK));
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The same file under a number above those of a program's standard streams. */
  static int duplicateAboveStandard(MemorySegment errno, int fd) throws IOException {
    return fcntl(errno, fd, F_DUPFD_CLOEXEC, 3);
  }

  static void setNonblocking(MemorySegment errno, int fd) throws IOException {
    fcntl(errno, fd, F_SETFL, O_NONBLOCK);
  }

  /** Lets a pipe hold more, where the system still has memory for that. */
  static void widen(MemorySegment errno, int fd, int size) {
    try {
      fcntl(errno, fd, F_SETPIPE_SZ, size);
    } catch (IOException e) {
      // The pipe then stays as it is, and works.
    }
  }

  private static int fcntl(MemorySegment errno, int fd, int command, int argument)
      throws IOException {
    try {
      return checked("fcntl", errno, (int) FCNTL.invokeExact(errno, fd, command, argument));
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** How many bytes in a pipe nobody has read yet. Works at either end. */
  static int unread(MemorySegment errno, int fd, MemorySegment scratch) throws IOException {
    try {
      checked("ioctl", errno, (int) IOCTL.invokeExact(errno, fd, FIONREAD, scratch));
      return scratch.get(JAVA_INT, 0);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int checked(String function, MemorySegment errno, int result) throws IOException {
    if (result < 0) {
      throw failure(function, errno(errno));
    }
    return result;
  }

  static void close(int fd) {
    try {
      int ignored = (int) CLOSE.invokeExact(fd);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static long read(MemorySegment errno, int fd, MemorySegment buffer, long size) {
    try {
      return (long) READ.invokeExact(errno, fd, buffer, size);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static long write(MemorySegment errno, int fd, MemorySegment buffer, long size) {
    try {
      return (long) WRITE.invokeExact(errno, fd, buffer, size);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int poll(MemorySegment errno, MemorySegment fds, long count, int millis) {
    try {
      return (int) POLL.invokeExact(errno, fds, count, millis);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Makes the event's descriptor readable. */
  static void raise(int eventfd) {
    try {
      int ignored = (int) EVENTFD_WRITE.invokeExact(eventfd, 1L);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Makes the event's descriptor unreadable again. */
  static void clear(int eventfd, MemorySegment scratch) {
    try {
      int ignored = (int) EVENTFD_READ.invokeExact(eventfd, scratch);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  // ---- processes ----

  /** Whether the call succeeded. With {@link #WNOHANG} it also succeeds when there is no news. */
  static boolean waitid(int pid, MemorySegment siginfo, int options) {
    try {
      return (int) WAITID.invokeExact(P_PID, pid, siginfo, options) == 0;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void kill(int pid, int signal) {
    try {
      int ignored = (int) KILL.invokeExact(pid, signal);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The process's session; negative when the system does not tell. */
  static int getsid(int pid) {
    try {
      return (int) GETSID.invokeExact(pid);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** A descriptor that becomes readable when the process ends; -1 where the kernel has none. */
  static int pidfdOpen(int pid) {
    try {
      return (int) (long) SYSCALL.invokeExact(SYS_PIDFD_OPEN, (long) pid, 0L, 0L, 0L);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void pidfdSendSignal(int pidfd, int signal) {
    try {
      long ignored =
          (long) SYSCALL.invokeExact(SYS_PIDFD_SEND_SIGNAL, (long) pidfd, (long) signal, 0L, 0L);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Stops ignoring SIGCHLD, if the parent of this JVM has left it ignored. With SIGCHLD ignored,
   * children vanish together with their status. The JDK does the same before it starts its first
   * program.
   */
  static void keepStatusOfChildren() {
    try {
      long handler = (long) SIGNAL.invokeExact(SIGCHLD, SIG_DFL);
      if (handler != SIG_DFL && handler != SIG_IGN) {
        long ignored = (long) SIGNAL.invokeExact(SIGCHLD, handler);
      }
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }
}
