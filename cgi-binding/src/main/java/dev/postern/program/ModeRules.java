package dev.postern.program;

import dev.postern.GatewayException;
import dev.postern.system.Owners;
import dev.postern.wire.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which modes and owners a program's file and the directories above it may have (suEXEC rules 14,
 * 16 to 18). Immutable.
 *
 * @param strictOwnership also refuses what a group may write to, and what others than root, this
 *     process's user and {@code user} own
 * @param setId admits set-uid and set-gid programs
 * @param user the user that programs run as; {@link Owners#current()} if they run as this process's
 *     user
 */
public record ModeRules(boolean strictOwnership, boolean setId, int user) {
  private static final int SET_ID = 06000;
  private static final int STICKY = 01000;
  private static final int GROUP_WRITABLE = 020;
  private static final int WORLD_WRITABLE = 02;

  /**
   * Refuses a program that must not run. That is so if everybody can change its file or a
   * directory, if it is set-id, or if this process's user may not run it. The checks are on the
   * real path. If the program is a link, the directories above the link are checked too.
   *
   * @param top the directory that was configured
   * @throws GatewayException with status 403
   */
  void check(Program program, Path top) throws GatewayException {
    Path real = program.real();
    int mode = Owners.mode(real);
    if (program.interpreted() && !Files.isReadable(real)) {
      throw Refusal.of(403, "not-readable", mayNot(program, "read", mode));
    }
    if (!program.interpreted() && !Files.isExecutable(real)) {
      throw Refusal.of(403, "not-executable", mayNot(program, "execute", mode));
    }
    if ((mode & SET_ID) != 0 && !setId) {
      throw Refusal.of(403, "set-id", "program must not be set-uid or set-gid: " + program.file());
    }
    checkOwner(real, mode);
    Path named = program.file().getParent();
    if (named != null) {
      checkDirectories(named, top);
    }
    Path parent = real.getParent();
    if (parent != null && !real.equals(program.file())) {
      checkDirectories(parent, real.startsWith(top) ? top : parent);
    }
  }

  /**
   * Refuses a directory of programs that others can change or replace by another one.
   *
   * @throws GatewayException with status 403
   */
  public void checkDirectory(Path directory) throws GatewayException {
    checkDirectories(directory, directory);
  }

  /**
   * Checks the directories from {@code from} up to the root. Whoever can write to a directory can
   * rename what is in it, unless the directory has the sticky bit, such as /tmp.
   */
  private void checkDirectories(Path from, Path top) throws GatewayException {
    for (Path at = from; at != null; at = at.getParent()) {
      int mode = Owners.mode(at);
      if (at.startsWith(top)) {
        checkOwner(at, mode);
      } else if ((mode & (WORLD_WRITABLE | STICKY)) == WORLD_WRITABLE) {
        throw Refusal.of(
            403,
            "world-writable",
            "directory above programs must not be world-writable without the sticky bit: " + at);
      }
    }
  }

  private void checkOwner(Path path, int mode) throws GatewayException {
    if ((mode & WORLD_WRITABLE) != 0) {
      throw Refusal.of(
          403, "world-writable", "program and directory must not be world-writable: " + path);
    }
    if (!strictOwnership) {
      return;
    }
    if ((mode & GROUP_WRITABLE) != 0) {
      throw Refusal.of(
          403, "group-writable", "program and directory must not be group-writable: " + path);
    }
    int owner = Owners.owner(path);
    if (owner != Owners.current() && owner != Owners.ROOT && owner != user) {
      throw Refusal.of(
          403, "owner", "program and directory must be owned by our user or root: " + path);
    }
  }

  /** A message that names the user, because the file exists and the administrator can run it. */
  private static String mayNot(Program program, String what, int mode) {
    return "user "
        + System.getProperty("user.name")
        + " must be able to "
        + what
        + " the program: "
        + program.file()
        + ", of mode "
        + Integer.toOctalString(mode & 07777)
        + " and user "
        + Owners.owner(program.real());
  }
}
