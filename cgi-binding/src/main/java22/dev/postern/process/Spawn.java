package dev.postern.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * Starts programs by {@code posix_spawn}: as the leader of a session of its own, in its directory,
 * with its three standard streams and no other descriptor, every signal at its default and none
 * blocked.
 */
final class Spawn {
  private static final int SETSIGDEF = 0x04;
  private static final int SETSIGMASK = 0x08;
  private static final int SETSID = 0x80;

  /** These sizes are more than the 80, 336 and 128 bytes that glibc needs on any system. */
  static final long FILE_ACTIONS_SIZE = 256;

  private static final long SPAWNATTR_SIZE = 1024;
  private static final long SIGSET_SIZE = 256;

  private static final MethodHandle SPAWN = Libc.link("posix_spawn");
  private static final MethodHandle ACTIONS_INIT = Libc.link("posix_spawn_file_actions_init");
  private static final MethodHandle ACTIONS_DESTROY = Libc.link("posix_spawn_file_actions_destroy");
  private static final MethodHandle ADD_DUP2 = Libc.link("posix_spawn_file_actions_adddup2");
  private static final MethodHandle ADD_CLOSEFROM =
      Libc.link("posix_spawn_file_actions_addclosefrom_np");
  private static final MethodHandle ADD_CHDIR = Libc.link("posix_spawn_file_actions_addchdir_np");

  /** The attributes are the same for every program, and only read. */
  private static final MemorySegment ATTRIBUTES = attributes();

  private Spawn() {}

  /** Links all functions, and throws if one cannot be used. */
  static void link() {
    // The call initializes this class, which does it.
  }

  private static MemorySegment attributes() {
    MemorySegment attributes = Arena.global().allocate(SPAWNATTR_SIZE, 16);
    long address = attributes.address();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment signals = arena.allocate(SIGSET_SIZE, 16);
      check("posix_spawnattr_init", address, 0);
      // These are all signals. sigfillset leaves out two, which posix_spawn would then ignore in
      // the program.
      signals.fill((byte) 0xFF);
      check("posix_spawnattr_setsigdefault", address, signals.address());
      signals.fill((byte) 0);
      check("posix_spawnattr_setsigmask", address, signals.address());
      check("posix_spawnattr_setflags", address, SETSIGDEF | SETSIGMASK | SETSID);
      return attributes;
    } catch (IOException e) {
      throw new IllegalStateException("attributes of posix_spawn must be settable", e);
    }
  }

  /** Calls a function that sets attributes. */
  private static void check(String function, long attributes, long value) throws IOException {
    check(function, Libc.call(Libc.link(function), attributes, value));
  }

  /**
   * Starts a program. The caller's own ends of the streams stay open.
   *
   * @param streams its standard input, output and error, each numbered 3 or higher
   * @return its process
   */
  static int start(Workspace work, StartWords words, int[] streams) throws IOException {
    long actions = work.fileActions().address();
    try {
      check("posix_spawn_file_actions_init", Libc.call(ACTIONS_INIT, actions));
      try {
        for (int i = 0; i < streams.length; i++) {
          check("posix_spawn_file_actions_adddup2", Libc.call(ADD_DUP2, actions, streams[i], i));
        }
        check("posix_spawn_file_actions_addclosefrom_np", Libc.call(ADD_CLOSEFROM, actions, 3));
        long directory = words.directory().address();
        check("posix_spawn_file_actions_addchdir_np", Libc.call(ADD_CHDIR, actions, directory));
        return spawn(work, words, actions);
      } finally {
        Libc.call(ACTIONS_DESTROY, actions);
      }
    } finally {
      // The calls have addresses of their memory.
      Reference.reachabilityFence(work);
      Reference.reachabilityFence(words);
    }
  }

  private static int spawn(Workspace work, StartWords words, long actions) throws IOException {
    long errno =
        Libc.call(
            SPAWN,
            work.scratch().address(),
            words.program().address(),
            actions,
            ATTRIBUTES.address(),
            words.arguments().address(),
            words.environment().address());
    check("posix_spawn", (int) errno);
    int process = work.scratch().get(JAVA_INT, 0);
    CoreLimit.set(process);
    return process;
  }

  private static void check(String function, int errno) throws IOException {
    if (errno != 0) {
      throw Libc.failure(function, errno);
    }
  }
}
