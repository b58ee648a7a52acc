package dev.postern.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Starts programs by {@code posix_spawn}: as the leader of a session of its own, in its directory,
 * with its three standard streams and no other descriptor, every signal at its default and none
 * blocked.
 */
final class Spawn {
  private static final short SETSIGDEF = 0x04;
  private static final short SETSIGMASK = 0x08;
  private static final short SETSID = 0x80;

  /** These sizes are more than the 80, 336 and 128 bytes that glibc needs on any system. */
  static final long FILE_ACTIONS_SIZE = 256;

  private static final long SPAWNATTR_SIZE = 1024;
  private static final long SIGSET_SIZE = 256;

  private static final MethodHandle SPAWN =
      Libc.link("posix_spawn", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle ACTIONS_INIT =
      Libc.link("posix_spawn_file_actions_init", ADDRESS);
  private static final MethodHandle ACTIONS_DESTROY =
      Libc.link("posix_spawn_file_actions_destroy", ADDRESS);
  private static final MethodHandle ADD_DUP2 =
      Libc.link("posix_spawn_file_actions_adddup2", ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle ADD_CLOSEFROM =
      Libc.link("posix_spawn_file_actions_addclosefrom_np", ADDRESS, JAVA_INT);
  private static final MethodHandle ADD_CHDIR =
      Libc.link("posix_spawn_file_actions_addchdir_np", ADDRESS, ADDRESS);

  /** The attributes are the same for every program, and only read. */
  private static final MemorySegment ATTRIBUTES = attributes();

  private Spawn() {}

  /** Links all functions, and throws if one cannot be used. */
  static void link() {
    // The call initializes this class, which does it.
  }

  private static MemorySegment attributes() {
    MethodHandle init = Libc.link("posix_spawnattr_init", ADDRESS);
    MethodHandle setFlags = Libc.link("posix_spawnattr_setflags", ADDRESS, JAVA_SHORT);
    MethodHandle setDefault = Libc.link("posix_spawnattr_setsigdefault", ADDRESS, ADDRESS);
    MethodHandle setMask = Libc.link("posix_spawnattr_setsigmask", ADDRESS, ADDRESS);
    MemorySegment attributes = Arena.global().allocate(SPAWNATTR_SIZE, 16);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment signals = arena.allocate(SIGSET_SIZE, 16);
      check("posix_spawnattr_init", (int) init.invokeExact(attributes));
      // These are all signals. sigfillset leaves out two, which posix_spawn would then ignore in
      // the program.
      signals.fill((byte) 0xFF);
      check("posix_spawnattr_setsigdefault", (int) setDefault.invokeExact(attributes, signals));
      signals.fill((byte) 0);
      check("posix_spawnattr_setsigmask", (int) setMask.invokeExact(attributes, signals));
      short flags = SETSIGDEF | SETSIGMASK | SETSID;
      check("posix_spawnattr_setflags", (int) setFlags.invokeExact(attributes, flags));
      return attributes;
    } catch (Throwable e) {
      throw new IllegalStateException("attributes of posix_spawn must be settable", e);
    }
  }

  /**
   * Starts a program. The caller's own ends of the streams stay open.
   *
   * @param streams its standard input, output and error, each numbered 3 or higher
   * @return its process
   */
  static int start(Workspace work, StartWords words, int[] streams) throws IOException {
    MemorySegment actions = work.fileActions();
    try {
      check("posix_spawn_file_actions_init", (int) ACTIONS_INIT.invokeExact(actions));
      try {
        for (int i = 0; i < streams.length; i++) {
          check(
              "posix_spawn_file_actions_adddup2",
              (int) ADD_DUP2.invokeExact(actions, streams[i], i));
        }
        check(
            "posix_spawn_file_actions_addclosefrom_np",
            (int) ADD_CLOSEFROM.invokeExact(actions, 3));
        check(
            "posix_spawn_file_actions_addchdir_np",
            (int) ADD_CHDIR.invokeExact(actions, words.directory()));
        return spawn(work, words, actions);
      } finally {
        int ignored = (int) ACTIONS_DESTROY.invokeExact(actions);
      }
    } catch (IOException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw Libc.unexpected(e);
    }
  }

  private static int spawn(Workspace work, StartWords words, MemorySegment actions)
      throws Throwable {
    int errno =
        (int)
            SPAWN.invokeExact(
                work.scratch(),
                words.program(),
                actions,
                ATTRIBUTES,
                words.arguments(),
                words.environment());
    check("posix_spawn", errno);
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
