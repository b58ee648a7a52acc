package dev.postern.servlet;

import dev.postern.Application;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletException;
import org.jspecify.annotations.Nullable;

/** Finds the application of a gateway, and the name of its container. */
final class Applications {
  /** The name of the init parameter that names the application's class. */
  static final String APPLICATION = "application";

  private Applications() {}

  /** The application that was given in Java, or else one of the class that the parameter names. */
  static Application of(@Nullable Application given, InitParameters parameters)
      throws ServletException {
    if (given == null) {
      return named(parameters);
    }
    if (parameters.has(APPLICATION)) {
      throw InitParameters.refused(
          APPLICATION, "must be left out: there is one already", parameters.text(APPLICATION));
    }
    return given;
  }

  static Application named(InitParameters parameters) throws ServletException {
    Application named =
        "".equals(parameters.peek(APPLICATION))
            ? null
            : parameters.instance(APPLICATION, Application.class, "an Application");
    if (named == null) {
      throw new ServletException(
          "init parameter " + APPLICATION + " must name an Application: none is given");
    }
    return named;
  }

  /**
   * {@code product "/" version} (RFC 3875 4.1.17), made from a text like "Apache Tomcat/11.0.1".
   */
  static String software(@Nullable String serverInfo) {
    StringBuilder product = new StringBuilder();
    for (String word : (serverInfo == null ? "" : serverInfo).split("[^\\w.+-]+", -1)) {
      if (!word.isEmpty() && Character.isDigit(word.charAt(0))) {
        return product.isEmpty() ? "Postern" : product + "/" + word;
      }
      if (word.matches("\\w.*")) {
        product.append(product.isEmpty() ? "" : "-").append(word);
      }
    }
    return product.isEmpty() ? "Postern" : product.toString();
  }
}
