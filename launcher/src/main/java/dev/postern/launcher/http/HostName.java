package dev.postern.launcher.http;

import dev.postern.internal.Text;
import org.eclipse.jetty.http.HostPortHttpField;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.util.HostPort;
import org.jspecify.annotations.Nullable;

/** The name of a host in lower case, as an application gets it. */
final class HostName {
  private HostName() {}

  /**
   * Returns a Host field. Its value stays as it was sent, but the URL of the request has the name
   * in lower case.
   */
  static HttpField field(@Nullable String value) {
    if (value == null || value.isEmpty()) {
      return new HostPortHttpField("");
    }
    String named = Text.lower(value);
    return named.equals(value) ? new HostPortHttpField(value) : new Field(value, named);
  }

  private static final class Field extends HostPortHttpField {
    private final HostPort named;

    Field(String value, String named) {
      super(value);
      this.named = new HostPort(named);
    }

    @Override
    public HostPort getHostPort() {
      return named;
    }

    @Override
    public String getHost() {
      return named.getHost();
    }

    @Override
    public int getPort() {
      return named.getPort();
    }
  }
}
