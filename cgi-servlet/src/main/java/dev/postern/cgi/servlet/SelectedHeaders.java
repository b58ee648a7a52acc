package dev.postern.cgi.servlet;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiDirectory;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives programs only those request headers whose names, in capitals, an expression matches. The
 * directory leaves out what programs never get (RFC 3875 4.1.18, {@code Proxy}), whatever the
 * expression is. Thread-safe.
 */
final class SelectedHeaders implements Application, AutoCloseable {
  /**
   * This header stays for the directory, because it says which headers are of the connection alone.
   * No program gets it.
   */
  private static final String CONNECTION = "HTTP_CONNECTION";

  private final CgiDirectory programs;
  private final OwnedObjects owned;

  /** Null if all names match. */
  private final @Nullable Pattern names;

  private final boolean authorization;

  /** {@code owned} serve these programs alone, and are closed after them. */
  SelectedHeaders(CgiDirectory programs, OwnedObjects owned, Pattern names, boolean authorization) {
    this.programs = programs;
    this.owned = owned;
    this.names = names.pattern().equals(".*") ? null : names;
    this.authorization = authorization;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return programs.call(names == null ? environ : selected(environ, names), startResponse);
  }

  private Environ selected(Environ environ, Pattern expression) {
    Environ selected = environ.copy();
    for (String name : environ.keySet()) {
      if (name.startsWith("HTTP_") && !name.equals(CONNECTION) && !isWanted(name, expression)) {
        selected.remove(name);
      }
    }
    return selected;
  }

  private boolean isWanted(String variable, Pattern expression) {
    if (authorization && variable.equals("HTTP_AUTHORIZATION")) {
      return true;
    }
    String header = variable.substring("HTTP_".length()).replace('_', '-');
    return expression.matcher(header.toUpperCase(Locale.ROOT)).matches();
  }

  @Override
  public void close() {
    programs.close();
    owned.close();
  }

  @Override
  public String toString() {
    return programs.toString();
  }
}
