package dev.postern.testing;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Lint;
import dev.postern.LintException;
import dev.postern.Outcome;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Runs an application in memory, for unit tests. A request goes in, and a response comes out. If
 * the application broke a rule, a {@link LintException} says so. The engine in between is the real
 * one.
 *
 * <pre>{@code
 * InMemoryGateway gateway = InMemoryGateway.of(new Hello());
 * TestResponse response = gateway.run(TestRequest.get("/hello?name=x").withHeader("Accept", "text/plain"));
 * assertThat(response.status()).isEqualTo(200);
 * assertThat(response.text()).isEqualTo("Hello x\n");
 * }</pre>
 *
 * <p>The gateway makes variables from the request as RFC 3875 4.1 says. Paths are percent-decoded,
 * headers become {@code HTTP_*}, and {@code Host} becomes SERVER_NAME and SERVER_PORT. Without a
 * {@code Host} the server is {@code localhost}.
 *
 * <p>Immutable, thread-safe.
 */
public final class InMemoryGateway {
  private final Application application;
  private final String scriptName;
  private final String scheme;
  private final Map<String, String> variables;
  private final boolean linted;

  private InMemoryGateway(Builder builder) {
    this.application = builder.application;
    this.scriptName = builder.scriptName;
    this.scheme = builder.scheme;
    this.variables = Map.copyOf(builder.variables);
    this.linted = builder.linted;
  }

  /** Returns a gateway at the root of {@code http://localhost}, with {@link Lint}. */
  public static InMemoryGateway of(Application application) {
    return builder(application).build();
  }

  /** Returns a builder with the options of a gateway. */
  public static Builder builder(Application application) {
    return new Builder(requireNonNull(application, "application"));
  }

  /**
   * Runs one request on this thread, to the end of its {@code onFinish} hooks. If the application
   * throws, the exception becomes a response, as in every gateway; see {@link TestResponse#log} and
   * {@link TestResponse#outcome}.
   *
   * @throws LintException when the application broke rules of SPEC.md, whatever the response was
   * @throws IllegalArgumentException when the request's target is no path, with or without a query
   */
  public TestResponse run(TestRequest request) {
    List<LintException> reports = new ArrayList<>();
    byte[] body = request.body();
    InputStream input =
        body == null ? InputStream.nullInputStream() : new ByteArrayInputStream(body);
    StringWriter log = new StringWriter();
    Environ environ = environ(request, input, log);
    RecordingSink sink = new RecordingSink();
    Application checked = linted ? Lint.reporting(reports::add).wrap(application) : application;
    Outcome outcome = Exchange.of(environ, sink).run(checked);
    if (!reports.isEmpty()) {
      throw reports.get(0);
    }
    return sink.response(outcome, log.toString());
  }

  /**
   * Returns a client for {@link GatewayContract}, and for tests that read a response while it
   * comes. Each of its requests runs on a thread of its own. This client has no Lint, as the
   * contract's application brings its own.
   */
  public GatewayClient client() {
    return new InMemoryClient(application, this::environ, UnaryOperator.identity());
  }

  private Environ environ(TestRequest request, InputStream input, StringWriter log) {
    Map<String, String> all = RequestVariables.of(request, scriptName, scheme);
    all.putAll(variables);
    return Environ.builder(all)
        .input(input)
        .errors(new PrintWriter(log, true))
        .scheme(scheme)
        .build();
  }

  @Override
  public String toString() {
    return "InMemoryGateway.of(" + application + ")";
  }

  /** Options of a gateway. Not thread-safe. */
  public static final class Builder {
    private final Application application;
    private String scriptName = "";
    private String scheme = "http";
    private final Map<String, String> variables = new HashMap<>();
    private boolean linted = true;

    private Builder(Application application) {
      this.application = application;
    }

    /** Sets SCRIPT_NAME, the path of the application, such as {@code /app}; by default "". */
    public Builder scriptName(String newScriptName) {
      scriptName = requireNonNull(newScriptName, "scriptName");
      return this;
    }

    /** Sets the scheme: {@code http}, the default, or {@code https}. */
    public Builder scheme(String newScheme) {
      scheme = requireNonNull(newScheme, "scheme");
      return this;
    }

    /**
     * Sets a CGI variable that is not in a request, such as REMOTE_USER, with a byte in each char.
     * It replaces a variable that the request makes.
     */
    public Builder variable(String name, String value) {
      variables.put(requireNonNull(name, "name"), requireNonNull(value, "value"));
      return this;
    }

    /** Leaves {@link Lint} out, for tests of what a gateway makes of a broken application. */
    public Builder unlinted() {
      linted = false;
      return this;
    }

    /** Returns the gateway. */
    public InMemoryGateway build() {
      return new InMemoryGateway(this);
    }
  }
}
