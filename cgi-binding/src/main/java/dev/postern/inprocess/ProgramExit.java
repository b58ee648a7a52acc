package dev.postern.inprocess;

/**
 * Thrown in the threads of a program that has ended, so that nothing more of it runs. This is an
 * Error because the JVM would wrap anything else that leaves a static initializer.
 */
final class ProgramExit extends Error {
  private static final long serialVersionUID = 1;

  ProgramExit() {
    super("program has ended", null, false, false);
  }
}
