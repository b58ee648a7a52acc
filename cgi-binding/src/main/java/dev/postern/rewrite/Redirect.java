package dev.postern.rewrite;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a method of a shim: the members of the JDK that rewritten code reaches by it, as {@code
 * java/lang/System.exit}. It takes what they take, their receiver first, and the program's instance
 * last.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Redirect {
  /** What a member is. */
  enum Kind {
    STATIC,
    VIRTUAL,
    FIELD
  }

  /** The members. */
  String[] value();

  /** What they are. */
  Kind kind() default Kind.STATIC;
}
