/**
 * The gateway interface for Java: the contract between a gateway and an application, and the engine
 * that every gateway runs. Depends on nothing but {@code java.base}; the JSpecify annotations are
 * needed at compile time only.
 */
@SuppressWarnings("module") // The siblings are compiled after this module.
module dev.postern {
  requires static transitive org.jspecify;

  exports dev.postern;
  exports dev.postern.internal to
      dev.postern.cgi,
      dev.postern.fastcgi,
      dev.postern.launcher,
      dev.postern.servlet,
      dev.postern.testing,
      dev.postern.web;
}
