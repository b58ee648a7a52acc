package dev.postern.program;

import dev.postern.GatewayException;
import dev.postern.process.ProgramText;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A program and the command that runs it.
 *
 * @param file the program by the name that the path or the configuration gives it; SCRIPT_FILENAME,
 *     and the usual working directory, come from this name
 * @param command the command to start; its first word is an absolute path
 * @param real the file behind {@code file}, which may be a link to it
 * @param interpreted whether the file is only read, by a configured interpreter or by this JVM
 */
public record Program(Path file, List<String> command, Path real, boolean interpreted) {
  /** How the line begins that names the installation of a CGI executable. */
  public static final String INSTALLED = "# postern: ";

  /** Where this line begins at the latest, after the name of the application's class. */
  private static final int HEAD = 4096;

  /** A program that runs itself, and whose name is no link. */
  public Program(Path file, List<String> command) {
    this(file, command, file, false);
  }

  /**
   * A command of the configuration.
   *
   * @throws IllegalArgumentException when its first word is no absolute path
   */
  public static List<String> command(List<String> words) {
    if (words.isEmpty() || !Path.of(words.get(0)).isAbsolute()) {
      throw new IllegalArgumentException("command must start with an absolute path: " + words);
    }
    return List.copyOf(words);
  }

  /**
   * Checks whether a program that the configuration names can run. A failure is not the client's
   * fault.
   *
   * @throws GatewayException with status 500, or 403 for a program that must not run because of its
   *     modes or owner
   */
  public void checkConfigured(ModeRules rules) throws GatewayException {
    checkConfiguredModes(rules);
    checkIsProgram();
  }

  /**
   * The part of {@link #checkConfigured} that checks only modes and owners.
   *
   * @throws GatewayException with status 500 if there is no file, otherwise 403
   */
  public void checkConfiguredModes(ModeRules rules) throws GatewayException {
    if (!Files.isRegularFile(file)) {
      throw Refusal.of(500, "no-program", "program must be a file: " + file);
    }
    Path directory = file.getParent();
    behindLinks().checkMayRun(directory == null ? file : directory, rules);
  }

  private Program behindLinks() {
    try {
      return new Program(file, command, file.toRealPath(), interpreted);
    } catch (IOException e) {
      // A directory above the file cannot be read. The checks of modes follow links themselves
      // then.
      return this;
    }
  }

  /**
   * Refuses a program that must not run.
   *
   * @param top the directory that was configured; a directory above it is only refused if others
   *     can replace what is in it
   * @throws GatewayException with status 403
   */
  public void checkMayRun(Path top, ModeRules rules) throws GatewayException {
    rules.check(this, top);
  }

  /**
   * Checks whether the kernel will run the file.
   *
   * @throws GatewayException with status 500
   */
  public void checkIsProgram() throws GatewayException {
    ProgramFormat.check(real);
  }

  /**
   * Checks whether the interpreter of this program can run.
   *
   * @param interpreter bytes, one char each
   * @throws GatewayException with status 500
   */
  public void checkInterpreter(String interpreter) throws GatewayException {
    ProgramFormat.checkInterpreter(real, interpreter);
  }

  /**
   * Whether {@code postern install} has written the file. Such a program ends with 0 only after a
   * whole response.
   */
  public boolean isInstalled() {
    try (InputStream in = Files.newInputStream(real)) {
      String head = new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
      return head.startsWith("#!") && head.contains("\n" + INSTALLED);
    } catch (IOException e) {
      // An executable that was installed can be read by everybody.
      return false;
    }
  }

  /**
   * Refuses a name of the file or directory whose bytes the JDK would change in a command.
   *
   * @throws GatewayException with status 500
   */
  public void checkNames(Path directory) throws GatewayException {
    for (Path path : List.of(file, directory)) {
      if (!ProgramText.canName(ProgramText.toBytes(path))) {
        throw Refusal.of(
            500, "not-encodable", "program must have a name that can be started: " + path);
      }
    }
  }
}
