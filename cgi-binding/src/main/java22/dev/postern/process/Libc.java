package dev.postern.process;

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
import java.lang.ref.Reference;
import java.util.Arrays;
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

  private static final FunctionDescriptor SIX_WORDS = words(6);
  private static final FunctionDescriptor THREE_WORDS = words(3);

  private static final MethodHandle CLOSE = link("close");
  private static final MethodHandle KILL = link("kill");
  private static final MethodHandle GETSID = link("getsid");
  private static final MethodHandle EVENTFD_READ = link("eventfd_read");
  private static final MethodHandle EVENTFD_WRITE = link("eventfd_write");
  private static final MethodHandle WAITID = link("waitid");
  private static final MethodHandle SIGNAL = link("signal");
  private static final MethodHandle SYSCALL = link("syscall");
  private static final MethodHandle EVENTFD = linkErrno("eventfd");
  private static final MethodHandle PIPE2 = linkErrno("pipe2");
  private static final MethodHandle POLL = linkErrno("poll");
  private static final MethodHandle OPEN = linkErrno("open");
  private static final MethodHandle FCNTL = linkErrno("fcntl");
  private static final MethodHandle IOCTL = linkErrno("ioctl");
  private static final MethodHandle READ = linkErrno("read");
  private static final MethodHandle WRITE = linkErrno("write");

  private Libc() {}

  // ---- linking and calling ----

  static boolean has(String function) {
    return LINKER.defaultLookup().find(function).isPresent();
  }

  /** A function of integers and pointers, for {@link #call}. */
  static MethodHandle link(String function) {
    return link(function, SIX_WORDS);
  }

  private static MethodHandle linkErrno(String function) {
    return link(function, THREE_WORDS, ERRNO);
  }

  private static FunctionDescriptor words(int count) {
    MemoryLayout[] words = new MemoryLayout[count];
    Arrays.fill(words, JAVA_LONG);
    return FunctionDescriptor.of(JAVA_LONG, words);
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

  /**
   * Calls a function. Each argument is a word of 64 bits: an integer, or the address of a segment,
   * which the caller keeps reachable. On each architecture of {@link NativePath}, Linux passes the
   * first six arguments in registers. A function does not look at registers for which it has no
   * parameter, nor at the upper bits of one whose parameter is narrower.
   *
   * <p>So all functions have the same type here. The JVM generates classes for each type of a
   * downcall, each time that it starts. With their own types, these functions had 257 such classes;
   * now 38.
   */
  static long call(
      MethodHandle function, long a, long b, long c, long d, long e, long f) {
    try {
      return (long) function.invokeExact(a, b, c, d, e, f);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  /** A call of a function that returns an int, such as an error's number. */
  static int call(MethodHandle function, long a) {
    return (int) call(function, a, 0, 0, 0, 0, 0);
  }

  static int call(MethodHandle function, long a, long b) {
    return (int) call(function, a, b, 0, 0, 0, 0);
  }

  static int call(MethodHandle function, long a, long b, long c) {
    return (int) call(function, a, b, c, 0, 0, 0);
  }

  static int call(MethodHandle function, long a, long b, long c, long d) {
    return (int) call(function, a, b, c, d, 0, 0);
  }

  private static long call(MethodHandle function, MemorySegment errno, long a, long b, long c) {
    try {
      return (long) function.invokeExact(errno, a, b, c);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  /** A downcall declares every Throwable; none of these functions can throw one. */
  private static AssertionError unexpected(Throwable e) {
    return new AssertionError("function of the C library must not throw", e);
  }

  /** Hides this process in /proc from other processes of its user; false if the kernel refuses. */
  static boolean forbidDumps() {
    return call(link("prctl"), PR_SET_DUMPABLE, 0) == 0;
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
      checked("pipe2", errno, call(PIPE2, errno, ends.address(), O_CLOEXEC, 0));
    } finally {
      Reference.reachabilityFence(ends);
    }
  }

  static int open(MemorySegment errno, MemorySegment path, int flags) throws IOException {
    try {
      return checked("open", errno, call(OPEN, errno, path.address(), flags, 0));
    } finally {
      Reference.reachabilityFence(path);
    }
  }

  static int eventfd(MemorySegment errno) throws IOException {
    return checked("eventfd", errno, call(EVENTFD, errno, 0, O_CLOEXEC | O_NONBLOCK, 0));
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
    return checked("fcntl", errno, call(FCNTL, errno, fd, command, argument));
  }

  /** How many bytes in a pipe nobody has read yet. Works at either end. */
  static int unread(MemorySegment errno, int fd, MemorySegment scratch) throws IOException {
    checked("ioctl", errno, call(IOCTL, errno, fd, FIONREAD, scratch.address()));
    return scratch.get(JAVA_INT, 0);
  }

  private static int checked(String function, MemorySegment errno, long result)
      throws IOException {
    if ((int) result < 0) {
      throw failure(function, errno(errno));
    }
    return (int) result;
  }

  static void close(int fd) {
    call(CLOSE, fd);
  }

  static long read(MemorySegment errno, int fd, MemorySegment buffer, long size) {
    try {
      return call(READ, errno, fd, buffer.address(), size);
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  static long write(MemorySegment errno, int fd, MemorySegment buffer, long size) {
    try {
      return call(WRITE, errno, fd, buffer.address(), size);
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  static int poll(MemorySegment errno, MemorySegment fds, long count, int millis) {
    try {
      return (int) call(POLL, errno, fds.address(), count, millis);
    } finally {
      Reference.reachabilityFence(fds);
    }
  }

  /** Makes the event's descriptor readable. */
  static void raise(int eventfd) {
    call(EVENTFD_WRITE, eventfd, 1);
  }

  /** Makes the event's descriptor unreadable again. */
  static void clear(int eventfd, MemorySegment scratch) {
    try {
      call(EVENTFD_READ, eventfd, scratch.address());
    } finally {
      Reference.reachabilityFence(scratch);
    }
  }

  // ---- processes ----

  /** Whether the call succeeded. With {@link #WNOHANG} it also succeeds when there is no news. */
  static boolean waitid(int pid, MemorySegment siginfo, int options) {
    try {
      return call(WAITID, P_PID, pid, siginfo.address(), options) == 0;
    } finally {
      Reference.reachabilityFence(siginfo);
    }
  }

  static void kill(int pid, int signal) {
    call(KILL, pid, signal);
  }

  /** The process's session; negative when the system does not tell. */
  static int getsid(int pid) {
    return call(GETSID, pid);
  }

  /** A descriptor that becomes readable when the process ends; -1 where the kernel has none. */
  static int pidfdOpen(int pid) {
    return call(SYSCALL, SYS_PIDFD_OPEN, pid);
  }

  static void pidfdSendSignal(int pidfd, int signal) {
    call(SYSCALL, SYS_PIDFD_SEND_SIGNAL, pidfd, signal);
  }

  /**
   * Stops ignoring SIGCHLD, if the parent of this JVM has left it ignored. With SIGCHLD ignored,
   * children vanish together with their status. The JDK does the same before it starts its first
   * program.
   */
  static void keepStatusOfChildren() {
    long handler = call(SIGNAL, SIGCHLD, SIG_DFL, 0, 0, 0, 0);
    if (handler != SIG_DFL && handler != SIG_IGN) {
      call(SIGNAL, SIGCHLD, handler);
    }
  }
}
