package dev.postern.process;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/** How programs are started in this JVM. */
public enum StartPath {
  /**
   * By {@link ProcessBuilder} or a {@link StartServer}, with two or three threads for each program.
   */
  PORTABLE("ProcessBuilder"),
  /** By the C library, with as few threads and copies as the work allows. */
  NATIVE("posix_spawn");

  private final String means;

  StartPath(String means) {
    this.means = means;
  }

  /**
   * The path that this JVM uses. The first call chooses it: the native one if the JDK, the system
   * and the operator allow that. Otherwise one line in the log says why not.
   */
  public static StartPath inForce() {
    return Found.PATH;
  }

  /**
   * Hides this process from other processes of its user for good (PR_SET_DUMPABLE). They can then
   * neither trace it nor read its environment, memory and descriptors in /proc.
   *
   * @return why that is impossible, or null
   */
  public static @Nullable String hideServer() {
    return NativePath.hideServer();
  }

  /** Whether programs lead a session of their own, which can be ended as a whole. */
  public static boolean hasSessions() {
    return inForce() == NATIVE || PortableSession.isSupported();
  }

  /** What starts the programs. */
  @Override
  public String toString() {
    return means;
  }

  private static final class Found {
    static final StartPath PATH = find();

    private static StartPath find() {
      String refusal = NativePath.refusal();
      if (refusal == null) {
        return NATIVE;
      }
      log(refusal);
      return PORTABLE;
    }

    private static void log(String refusal) {
      System.getLogger(StartPath.class.getName())
          .log(
              Level.INFO,
              "programs are not started by posix_spawn: " + refusal + ProgramText.advice());
    }
  }
}
