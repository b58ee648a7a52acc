package dev.postern.cgi;

import dev.postern.GatewayException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A program and the command that runs it.
 *
 * @param file the program: SCRIPT_FILENAME
 * @param command what is started; its first word is an absolute path
 */
record Program(Path file, List<String> command) {
  private static final int SET_ID = 06000;
  private static final int WORLD_WRITABLE = 02;

  /**
   * Looks whether a program that the configuration names can run; whatever is wrong is our fault.
   *
   * @throws GatewayException with status 500, or 403 for what may not run for safety's sake
   */
  void checkConfigured() throws GatewayException {
    if (!Files.isRegularFile(file)) {
      throw new GatewayException(500, "program must be a file: " + file + " [no-program]");
    }
    checkMayRun();
    checkIsProgram();
  }

  /**
   * Refuses what must not run: without the execute bit, with a set-id bit, open to be changed by
   * everybody (suEXEC rules 14, 16, 17).
   *
   * @throws GatewayException with status 403
   */
  void checkMayRun() throws GatewayException {
    if (!Files.isExecutable(file)) {
      throw new GatewayException(403, "program must be executable: " + file + " [not-executable]");
    }
    int mode = mode(file);
    if ((mode & SET_ID) != 0) {
      throw new GatewayException(
          403, "program must not be set-uid or set-gid: " + file + " [set-id]");
    }
    if ((mode & WORLD_WRITABLE) != 0) {
      throw new GatewayException(
          403, "program must not be world-writable: " + file + " [world-writable]");
    }
    Path directory = file.getParent();
    if (directory != null && (mode(directory) & WORLD_WRITABLE) != 0) {
      throw new GatewayException(
          403,
          "directory of a program must not be world-writable: " + directory + " [world-writable]");
    }
  }

  /**
   * The kernel runs only what starts with {@code #!} or is ELF; the C library hands all else to
   * /bin/sh, and takes an empty file for a program that succeeds. So this is looked at first.
   *
   * @throws GatewayException with status 500
   */
  void checkIsProgram() throws GatewayException {
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(256);
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
    if (start.length < 3 || start[0] != '#' || start[1] != '!') {
      if (isLinux()) {
        throw new GatewayException(
            500, "program must be ELF or start with #!: " + file + " [not-a-program]");
      }
      return;
    }
    String interpreter = interpreter(start);
    if (!interpreter.startsWith("/") || !Files.isExecutable(Path.of(interpreter))) {
      throw new GatewayException(
          500, "interpreter must be an executable file: " + file + " [bad-interpreter]");
    }
  }

  private static String interpreter(byte[] start) {
    int from = 2;
    while (from < start.length && (start[from] == ' ' || start[from] == '\t')) {
      from++;
    }
    int to = from;
    while (to < start.length && start[to] > ' ') {
      to++;
    }
    return new String(start, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private static boolean isLinux() {
    return System.getProperty("os.name", "").startsWith("Linux");
  }

  /** The mode bits; 0 where the file system has none. */
  private static int mode(Path path) {
    try {
      Map<String, Object> attributes = Files.readAttributes(path, "unix:mode", new LinkOption[0]);
      return attributes.get("mode") instanceof Integer mode ? mode : 0;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return 0;
    }
  }
}
