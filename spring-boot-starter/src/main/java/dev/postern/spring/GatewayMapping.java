package dev.postern.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Serves a bean of type {@link dev.postern.Application} at paths of the web application. Put it on
 * the bean's class, or on the method that makes the bean. The bean's context closes the bean, as it
 * closes all beans.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface GatewayMapping {
  /** Patterns of the Servlet API: {@code /x/*} for a path and all below it. */
  String[] value();

  /**
   * Whether requests may give the container's thread back and run on a virtual thread (Java 21);
   * false by default.
   */
  boolean virtualThreads() default false;
}
