package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The native start path: glibc's {@code posix_spawn} by the foreign function API. */
final class NativePath {
  /** Those with 64 bits for which the numbers and layouts of {@link Libc} are right. */
  private static final Set<String> ARCHITECTURES = Set.of("amd64", "aarch64", "riscv64");

  private NativePath() {}

  /** Why programs cannot be started this way, or null when they can. */
  static @Nullable String refusal() {
    if (!NativePath.class.getModule().isNativeAccessEnabled()) {
      return "native access is not allowed (--enable-native-access=" + moduleName() + " allows it)";
    }
    String system = System.getProperty("os.name", "");
    String architecture = System.getProperty("os.arch", "");
    if (!system.equals("Linux") || !ARCHITECTURES.contains(architecture)) {
      return "this is " + system + " on " + architecture;
    }
    if (!Libc.has("gnu_get_libc_version")) {
      return "the C library is not glibc";
    }
    if (!Libc.has("posix_spawn_file_actions_addclosefrom_np")) {
      return "the C library has no posix_spawn_file_actions_addclosefrom_np, which came with glibc"
          + " 2.34";
    }
    try {
      // Links every function, so that a missing one shows here and not in a request.
      devNull();
      Spawn.link();
      return null;
    } catch (LinkageError | RuntimeException e) {
      return "the C library cannot be used: " + e;
    }
  }

  /** Why this process cannot be hidden, or null when it is hidden now. */
  static @Nullable String hideServer() {
    String refusal = refusal();
    if (refusal != null) {
      return refusal;
    }
    return Libc.forbidDumps() ? null : "the kernel does not allow it (PR_SET_DUMPABLE)";
  }

  /** Keeps a process that ProcessBuilder has started from leaving a core file, where it can. */
  static void forbidCores(long process) {
    if (StartPath.inForce() == StartPath.NATIVE) {
      CoreLimit.set((int) process);
    }
  }

  private static String moduleName() {
    Module module = NativePath.class.getModule();
    return module.isNamed() ? module.getName() : "ALL-UNNAMED";
  }

  static HostedProcess launch(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    return NativeProcess.launch(command, environment, directory, body);
  }

  static HostedProcess adopt(ForkedChild child, byte[] request, @Nullable InputStream body)
      throws IOException {
    return NativeProcess.adopt(child, request, body);
  }

  /** The standard input of each program that gets none. All share this descriptor. */
  static int devNull() {
    return DevNull.FD;
  }

  private static final class DevNull {
    static final int FD = open();

    private static int open() {
      Libc.keepStatusOfChildren();
      try (Arena arena = Arena.ofConfined()) {
        var errno = arena.allocate(Libc.ERRNO_LAYOUT);
        int fd = Libc.open(errno, arena.allocateFrom("/dev/null"), Libc.O_RDWR | Libc.O_CLOEXEC);
        return fd < 3 ? Libc.duplicateAboveStandard(errno, fd) : fd;
      } catch (IOException e) {
        throw new IllegalStateException("/dev/null must be there", e);
      }
    }
  }
}
