/**
 * A Postern application as a servlet or a filter: {@code ServletGateway}, {@code FilterGateway}.
 */
@SuppressWarnings("module") // The module that init is exported to is compiled after this one.
module dev.postern.servlet {
  requires transitive dev.postern;
  requires transitive jakarta.servlet;
  requires static transitive org.jspecify;

  exports dev.postern.servlet;
  exports dev.postern.servlet.init to
      dev.postern.cgi.servlet;
}
