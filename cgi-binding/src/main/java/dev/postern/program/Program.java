package dev.postern.program;

import dev.postern.GatewayException;
import dev.postern.process.ProgramText;
import dev.postern.system.FileNames;
import dev.postern.system.Owners;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A program and the command that runs it.
 *
 * @param file the program: SCRIPT_FILENAME
 * @param command what is started; its first word is an absolute path
 */
public record Program(Path file, List<String> command) {
  private static final int SET_ID = 06000;
  private static final int GROUP_WRITABLE = 020;
  private static final int WORLD_WRITABLE = 02;

  /** How much of a script the kernel looks at for its interpreter. */
  private static final int FIRST_LINE = 256;

  private static final boolean LINUX = System.getProperty("os.name", "").startsWith("Linux");

  /**
   * Looks whether a program that the configuration names can run; whatever is wrong is our fault.
   *
   * @throws GatewayException with status 500, or 403 for what may not run for safety's sake
   */
  public void checkConfigured(boolean strict) throws GatewayException {
    if (!Files.isRegularFile(file)) {
      throw Refusal.of(500, "no-program", "program must be a file: " + file);
    }
    Path directory = file.getParent();
    checkMayRun(directory == null ? file : directory, strict);
    checkIsProgram();
  }

  /**
   * Refuses what must not run: without the execute bit, with a set-id bit, or open to be changed by
   * everybody, as each directory is from {@code top} down (suEXEC rules 14, 16 to 18).
   *
   * @param strict also by a group, or by another owner
   * @throws GatewayException with status 403
   */
  public void checkMayRun(Path top, boolean strict) throws GatewayException {
    if (!Files.isExecutable(file)) {
      throw Refusal.of(403, "not-executable", "program must be executable: " + file);
    }
    int mode = Owners.mode(file);
    if ((mode & SET_ID) != 0) {
      throw Refusal.of(403, "set-id", "program must not be set-uid or set-gid: " + file);
    }
    checkOwner(file, mode, strict);
    Path directory = file.getParent();
    while (directory != null && directory.startsWith(top)) {
      checkOwner(directory, Owners.mode(directory), strict);
      directory = directory.getParent();
    }
  }

  private static void checkOwner(Path path, int mode, boolean strict) throws GatewayException {
    if ((mode & WORLD_WRITABLE) != 0) {
      throw Refusal.of(
          403, "world-writable", "program and directory must not be world-writable: " + path);
    }
    if (!strict) {
      return;
    }
    if ((mode & GROUP_WRITABLE) != 0) {
      throw Refusal.of(
          403, "group-writable", "program and directory must not be group-writable: " + path);
    }
    int owner = Owners.owner(path);
    if (owner != Owners.current() && owner != Owners.ROOT) {
      throw Refusal.of(
          403, "owner", "program and directory must be owned by our user or root: " + path);
    }
  }

  /**
   * The kernel runs only what starts with {@code #!} or is ELF; the C library hands all else to
   * /bin/sh, and takes an empty file for a program that succeeds. So this is looked at first.
   *
   * @throws GatewayException with status 500
   */
  public void checkIsProgram() throws GatewayException {
    byte[] start = new byte[FIRST_LINE];
    try (InputStream in = Files.newInputStream(file)) {
      start = Arrays.copyOf(start, in.readNBytes(start, 0, start.length));
    } catch (IOException e) {
      // Execute permission without read permission is legal for a binary.
      return;
    }
    if (start.length >= 4
        && start[0] == 0x7F
        && start[1] == 'E'
        && start[2] == 'L'
        && start[3] == 'F') {
      return;
    }
    if (start.length >= 3 && start[0] == '#' && start[1] == '!') {
      checkInterpreter(interpreter(start));
    } else if (LINUX) {
      throw Refusal.of(500, "not-a-program", "program must be ELF or start with #!: " + file);
    }
  }

  /**
   * Looks whether a file that runs this program can run itself.
   *
   * @throws GatewayException with status 500
   */
  public void checkInterpreter(String interpreter) throws GatewayException {
    String name = FileNames.ofBytes(interpreter);
    if (name == null
        || !name.startsWith("/")
        || name.indexOf('\0') >= 0
        || !Files.isRegularFile(Path.of(name))
        || !Files.isExecutable(Path.of(name))) {
      throw Refusal.of(500, "bad-interpreter", "interpreter must be an executable file: " + file);
    }
  }

  /**
   * Refuses names that the JDK would write into a command differently than the disk has them.
   *
   * @throws GatewayException with status 500
   */
  public void checkNames(Path directory) throws GatewayException {
    for (Path path : List.of(file, directory)) {
      String bytes = ProgramText.toBytes(path);
      if (!bytes.equals(ProgramText.toBytes(path.toString())) || !ProgramText.canCarry(bytes)) {
        throw Refusal.of(
            500, "not-encodable", "program must have a name that the locale can tell: " + path);
      }
    }
  }

  /** As the kernel reads it: up to a space, a tab or the line's end. A CR is part of the name. */
  private static String interpreter(byte[] start) {
    int from = 2;
    while (from < start.length && (start[from] == ' ' || start[from] == '\t')) {
      from++;
    }
    int to = from;
    while (to < start.length && start[to] != ' ' && start[to] != '\t' && start[to] != '\n') {
      to++;
    }
    return new String(start, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
