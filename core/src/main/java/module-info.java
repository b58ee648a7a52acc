/**
 * The gateway interface for Java: the contract between a gateway and an application, and the engine
 * that every gateway runs. Depends on nothing but {@code java.base}; the JSpecify annotations are
 * needed at compile time only.
 */
module dev.postern {
  requires static transitive org.jspecify;

  exports dev.postern;
}
