/** A Postern application as a servlet: {@code ServletGateway}. */
module dev.postern.servlet {
  requires transitive dev.postern;
  requires transitive jakarta.servlet;
  requires static org.jspecify;

  exports dev.postern.servlet;
}
