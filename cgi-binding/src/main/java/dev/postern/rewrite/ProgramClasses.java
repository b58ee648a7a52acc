package dev.postern.rewrite;

import org.jspecify.annotations.Nullable;
import org.objectweb.asm.tree.ClassNode;

/** The program whose classes are rewritten, and how. Thread-safe. */
public interface ProgramClasses {
  /** A class of the program as it was found, without its code; null for all others. */
  @Nullable ClassNode head(@Nullable String internalName);

  /** The full name of its main class. */
  String main();

  /** What its calls become. */
  CallTable table();

  /** Whether statics are to be initialized again for each request. */
  boolean resets();

  /** Whether loops can be stopped. */
  boolean polls();

  /** Whether it may set what holds for all of the JVM. */
  boolean jvmWide();

  /** Whether calls by reflection are left alone. */
  boolean directReflection();

  /** Something cannot be initialized again: the program is loaded anew for each request. */
  void fallBack(String why);

  /** What was seen. */
  Findings findings();
}
