package dev.postern.launcher;

import picocli.CommandLine;

/** The words of the command and their options, for tools that document them. */
public final class CommandWords {
  private CommandWords() {}

  /** Returns the command with all of its words. */
  public static CommandLine commandLine() {
    return PosternCommand.whole();
  }
}
