package dev.postern.rewrite;

import org.jspecify.annotations.Nullable;
import org.objectweb.asm.tree.ClassNode;

/** The program whose classes are rewritten, and how. Thread-safe. */
public interface ProgramClasses {
  /** A class of the program before it is rewritten, without its code; null for any other class. */
  @Nullable ClassNode head(@Nullable String internalName);

  /** The full name of the program's main class. */
  String main();

  /** The shims that replace its calls. */
  CallTable table();

  /** Whether statics are to be initialized again for each request. */
  boolean resets();

  /** Whether loops can be stopped. */
  boolean polls();

  /** Whether the program may set what holds for the whole JVM. */
  boolean jvmWide();

  /** Whether calls by reflection are left alone. */
  boolean directReflection();

  /**
   * Called when something cannot be initialized again. From then on each request loads the program
   * anew.
   */
  void fallBack(String why);

  /** What was found in the classes. */
  Findings findings();
}
