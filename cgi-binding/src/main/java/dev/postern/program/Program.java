package dev.postern.program;

import dev.postern.GatewayException;
import dev.postern.process.ProgramText;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A program and the command that runs it.
 *
 * @param file the program as it was named: SCRIPT_FILENAME, and where the working directory is
 * @param command what is started; its first word is an absolute path
 * @param real the file behind {@code file}, which may be a link to it
 * @param interpreted whether a configured interpreter runs the file, as the command says
 */
public record Program(Path file, List<String> command, Path real, boolean interpreted) {
  /** A program that runs itself, by a name that is no link. */
  public Program(Path file, List<String> command) {
    this(file, command, file, false);
  }

  /**
   * Looks whether a program that the configuration names can run; whatever is wrong is our fault.
   *
   * @throws GatewayException with status 500, or 403 for what may not run for safety's sake
   */
  public void checkConfigured(ModeRules rules) throws GatewayException {
    checkConfiguredModes(rules);
    checkIsProgram();
  }

  /**
   * The part of {@link #checkConfigured} that looks at modes and owners alone.
   *
   * @throws GatewayException with status 500 where there is no file, else 403
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
      // A directory above it cannot be read; the checks then follow the links themselves.
      return this;
    }
  }

  /**
   * Refuses what must not run.
   *
   * @param top the directory that was configured; of those above it only what lets others put
   *     another directory in its place is refused
   * @throws GatewayException with status 403
   */
  public void checkMayRun(Path top, ModeRules rules) throws GatewayException {
    rules.check(this, top);
  }

  /**
   * Looks whether the kernel will run the file.
   *
   * @throws GatewayException with status 500
   */
  public void checkIsProgram() throws GatewayException {
    ProgramFormat.check(real);
  }

  /**
   * Looks whether a file that runs this program can run itself.
   *
   * @param interpreter bytes, one char each
   * @throws GatewayException with status 500
   */
  public void checkInterpreter(String interpreter) throws GatewayException {
    ProgramFormat.checkInterpreter(real, interpreter);
  }

  /**
   * Refuses names that the JDK would write into a command differently than the disk has them.
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
