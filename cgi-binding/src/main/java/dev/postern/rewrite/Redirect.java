package dev.postern.rewrite;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a method of a shim, and names the members of the JDK that it replaces in rewritten code,
 * such as {@code java/lang/System.exit}. The method takes the same arguments, after the receiver if
 * there is one, and then the program's instance. {@code super java/lang/Throwable.printStackTrace}
 * is a call by {@code super}, which other virtual members do not include.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Redirect {
  /** The kind of a member. */
  enum Kind {
    STATIC,
    VIRTUAL,
    FIELD
  }

  /** The members. */
  String[] value();

  /** The kind of the members. */
  Kind kind() default Kind.STATIC;
}
