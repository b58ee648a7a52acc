package dev.postern.inprocess;

/**
 * The calls into a program's {@link Own}, which its loader has defined. With this interface they
 * need no reflection. Confined to this package.
 */
public interface Launcher {
  /** Runs the program's main method. */
  void runMain(String[] arguments) throws Throwable;

  /**
   * Ends the state of a request. After this, classes that can be reset count as not initialized.
   */
  void next();

  /** From now on every backward jump of the program ends it. This cannot be undone. */
  void stop();

  /**
   * Registers the JDBC drivers on the program's class path. The JDK does this only once in a JVM.
   */
  void drivers();

  /** The services of that type that the program's loader finds. */
  Iterable<?> services(Class<?> type);

  /** Removes a JDBC driver. Only a class of the program's loader may do so. */
  void deregister(Object driver) throws ReflectiveOperationException;
}
