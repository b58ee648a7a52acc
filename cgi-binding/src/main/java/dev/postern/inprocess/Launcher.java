package dev.postern.inprocess;

/**
 * What a program's loader has made of {@link Own}: calls without reflection. Confined to this
 * package.
 */
public interface Launcher {
  /** Runs the program's main method. */
  void runMain(String[] arguments) throws Throwable;

  /** Ends the state of a request: statics of classes that can be reset count as not initialized. */
  void next();

  /** Makes every backward jump of the program end it. There is no way back. */
  void stop();

  /** Registers the JDBC drivers on the program's class path, which the JDK does once in a JVM. */
  void drivers();

  /** Takes a JDBC driver out again, which only a class of the program's loader may. */
  void deregister(Object driver) throws ReflectiveOperationException;
}
