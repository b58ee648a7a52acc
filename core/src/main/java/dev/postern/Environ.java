package dev.postern;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.AbstractMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One request, as a map of CGI variables (RFC 3875 4.1) and extensions. An application reads the
 * map; a middleware may add to it.
 *
 * <p><b>Variables</b> have keys without a dot. The value is a {@code String} that holds bytes, one
 * char for each byte (ISO-8859-1), as PEP 3333 says. So no byte is lost between the client and the
 * application. {@link #scriptName} and {@link #pathInfo} decode these bytes to text. {@code
 * SCRIPT_NAME}, {@code PATH_INFO} and {@code QUERY_STRING} are always in the map and may be empty.
 * A variable that the request does not have is not in the map; no value is null.
 *
 * <p><b>Extensions</b> have keys with a dot and values of any type. Every request has {@code
 * postern.version}, {@code postern.url_scheme}, {@code postern.input}, {@code postern.errors},
 * {@code postern.multithread}, {@code postern.multiprocess} and {@code postern.run_once}.
 *
 * <p><b>Changes.</b> Add extensions in place. Change variables on a {@link #copy()} only, because
 * the caller still reads the original. A copy shares the request's input, hooks and cancellation.
 *
 * <p><b>The end.</b> A container may use its request object again for the next client. Therefore an
 * environ throws an {@link IllegalStateException} once its exchange is over and the hooks of {@link
 * #onFinish} have run. {@link #snapshot()} keeps the values for longer.
 *
 * <p>Confined to the request's thread, except for {@link #isCancelled}, {@link #onCancel}, {@link
 * #remaining} and {@link #report}, which any thread may call.
 */
public final class Environ extends AbstractMap<String, Object> {
  /** The version of the gateway interface that {@code postern.version} names. */
  public static final String VERSION = "1.0";

  private static final PrintWriter STANDARD_ERROR =
      new PrintWriter(new OutputStreamWriter(System.err, StandardCharsets.UTF_8), true);

  private final Source source;
  private final Extensions extensions;
  private final Lifecycle lifecycle;

  /**
   * The values that were put. They hide those of the source. Once {@link #complete} is true, this
   * map holds all values but the shared extensions.
   */
  private @Nullable Map<String, Object> own;

  private boolean complete;

  private Environ(
      Source source,
      Extensions extensions,
      Lifecycle lifecycle,
      @Nullable Map<String, Object> own,
      boolean complete) {
    this.source = source;
    this.extensions = extensions;
    this.lifecycle = lifecycle;
    this.own = own;
    this.complete = complete;
  }

  /**
   * Gives the CGI variables of a request. A binding implements it. The environ calls it on the
   * request's thread.
   */
  public interface Source {
    /**
     * The variable of that name, bytes as chars; null when it is absent. Must give the same answer
     * each time.
     */
    @Nullable String variable(String name);

    /** The names of all variables. The environ ignores a name with a dot. */
    Set<String> names();
  }

  /** Options of an environ whose CGI variables come from {@code source}. For gateways. */
  public static Builder builder(Source source) {
    return new Builder(requireNonNull(source, "source"));
  }

  /**
   * Options of an environ with these CGI variables, bytes as chars. For gateways and tests.
   *
   * @throws IllegalArgumentException when a value holds chars beyond U+00FF, or a name has a dot
   */
  public static Builder builder(Map<String, String> variables) {
    for (Map.Entry<String, String> entry : variables.entrySet()) {
      if (entry.getKey().indexOf('.') >= 0) {
        throw new IllegalArgumentException(
            "CGI variable must have no dot in its name: " + Escapes.quote(entry.getKey()));
      }
      VariableNames.check(entry.getKey(), entry.getValue());
    }
    return new Builder(new MapSource(Map.copyOf(variables)));
  }

  // ---- the map ----

  @Override
  public @Nullable Object get(@Nullable Object key) {
    checkOpen();
    if (!(key instanceof String name)) {
      return null;
    }
    if (own != null) {
      Object value = own.get(name);
      if (value != null) {
        return value;
      }
    }
    if (Extensions.isShared(name)) {
      return extensions.shared(name);
    }
    if (complete) {
      return null;
    }
    return name.indexOf('.') >= 0 ? extensions.get(name) : sourced(name);
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return get(key) != null;
  }

  /**
   * Sets a value. A key with a dot is an extension; it must be lower-case. All copies of a request
   * share its extensions, except for those whose key starts with {@code postern.}. Such a key, and
   * a variable, is set in this copy alone.
   *
   * @throws IllegalArgumentException if the key is a variable's and is empty or holds {@code =} or
   *     control characters; if the value of a variable is anything else than a String of chars up
   *     to U+00FF; if an extension's key is not lower-case; or if the value of a {@code postern.}
   *     key has another type than the interface says
   */
  @Override
  public @Nullable Object put(String key, Object value) {
    VariableNames.check(key, value);
    Object previous = get(key);
    if (Extensions.isShared(key)) {
      extensions.shared().put(key, value);
      return previous;
    }
    if (own == null) {
      own = new HashMap<>();
    }
    own.put(key, value);
    return previous;
  }

  /**
   * Removes a variable or an extension.
   *
   * @throws IllegalArgumentException when it is one that every request has
   */
  @Override
  public @Nullable Object remove(@Nullable Object key) {
    checkOpen();
    if (!(key instanceof String name)) {
      return null;
    }
    VariableNames.checkRemovable(name);
    return Extensions.isShared(name) ? extensions.shared().remove(name) : all().remove(name);
  }

  /**
   * Not supported: there are entries that every request has.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public void clear() {
    throw new UnsupportedOperationException("environ must keep what every request has");
  }

  /** The entries; setting and removing follow the rules of {@link #put} and {@link #remove}. */
  @Override
  public Set<Entry<String, Object>> entrySet() {
    checkOpen();
    return new EnvironEntries(all(), extensions.shared());
  }

  /** Visits what {@link #entrySet} has, without an object for each entry. */
  @Override
  public void forEach(BiConsumer<? super String, ? super Object> action) {
    checkOpen();
    all().forEach(action);
    extensions.shared().forEach(action);
  }

  // ---- typed readers ----

  /**
   * The CGI variable of that name, bytes as chars, or null when it is absent or the name is an
   * extension's.
   */
  public @Nullable String variable(String name) {
    return get(name) instanceof String value && name.indexOf('.') < 0 ? value : null;
  }

  /** REQUEST_METHOD: case-sensitive (RFC 3875 4.1.12). */
  public String method() {
    return text("REQUEST_METHOD");
  }

  /**
   * SCRIPT_NAME: the path up to this application, decoded as UTF-8 with U+FFFD for malformed bytes;
   * maybe "".
   */
  public String scriptName() {
    return decoded(text("SCRIPT_NAME"));
  }

  /**
   * PATH_INFO: the path below this application, decoded as UTF-8 with U+FFFD for malformed bytes;
   * maybe "". Two different paths can decode to the same text. So never decide about access by this
   * text.
   */
  public String pathInfo() {
    return decoded(text("PATH_INFO"));
  }

  /** QUERY_STRING: still percent-encoded; maybe "". */
  public String queryString() {
    return text("QUERY_STRING");
  }

  /**
   * The value of a request header, bytes as chars, or null if the request has none of that name.
   * Repeated headers are one value, joined by a comma and a blank, those of {@code Cookie} by a
   * semicolon and a blank. Always null for a name with other characters than {@code A-Za-z0-9-}:
   * gateways make no variable of such a header (RFC 9110 17.10).
   */
  public @Nullable String header(String name) {
    String variable = VariableNames.ofHeader(name);
    return variable == null ? null : variable(variable);
  }

  /** CONTENT_TYPE, or null. */
  public @Nullable String contentType() {
    return variable("CONTENT_TYPE");
  }

  /**
   * CONTENT_LENGTH in bytes, or -1 when it is absent or empty. A gateway refuses a request with a
   * malformed one before it calls the application.
   */
  public long contentLength() {
    String digits = variable("CONTENT_LENGTH");
    return digits == null ? -1 : Text.parseLength(digits);
  }

  /**
   * The request's body. The stream ends where the body ends. It throws an {@link
   * java.io.EOFException} if the body is shorter than CONTENT_LENGTH, and a {@link
   * GatewayException} if the connection breaks or stalls. If the application throws one of these,
   * or an exception that has one of them as its cause, then the client gets a 400, or a 408 if it
   * was too slow, because the client is at fault. You need not close the stream.
   */
  public InputStream input() {
    return (InputStream) requireNonNull(get("postern.input"), "postern.input");
  }

  /**
   * The server's log. It takes any text, and no text in it reaches the client. You need not close
   * it.
   */
  public PrintWriter errors() {
    return (PrintWriter) requireNonNull(get("postern.errors"), "postern.errors");
  }

  /** {@code http} or {@code https}, as the client used it. */
  public String scheme() {
    return (String) requireNonNull(get("postern.url_scheme"), "postern.url_scheme");
  }

  /** REMOTE_ADDR: the address of the client's end of the connection, or null when unknown. */
  public @Nullable String remoteAddr() {
    return variable("REMOTE_ADDR");
  }

  /** REMOTE_USER: whom the server has authenticated, bytes as chars; or null. */
  public @Nullable String remoteUser() {
    return variable("REMOTE_USER");
  }

  /** SERVER_NAME: the host that the request was sent to, IPv6 in brackets; "" when unknown. */
  public String serverName() {
    return text("SERVER_NAME");
  }

  /** SERVER_PORT, or -1 when it is unknown or no number. */
  public int serverPort() {
    String port = text("SERVER_PORT");
    long number = port.length() > 5 ? -1 : Text.parseLength(port);
    return (int) number;
  }

  /** SERVER_PROTOCOL, such as {@code HTTP/1.1}; "" when unknown. */
  public String protocol() {
    return text("SERVER_PROTOCOL");
  }

  /** The URL of this request, rebuilt as PEP 3333 (URL Reconstruction) and RFC 3875 3.3 say. */
  public String url() {
    return Urls.reconstruct(this);
  }

  // ---- cancellation and outcome ----

  /** Whether nobody waits for the response any more. Any thread. */
  public boolean isCancelled() {
    return lifecycle.isCancelled();
  }

  /**
   * Runs {@code hook} if the exchange is cancelled, on the thread that cancels the exchange. If the
   * exchange is cancelled already, the hook runs at once. If the exchange completes, the hook never
   * runs. A hook must not block. An exception of a hook is added to the cause of the cancellation
   * as a suppressed one. Any thread may call this.
   *
   * @return the registration of the hook. Close it to remove the hook, for example when the hook's
   *     resource is closed before the request ends
   */
  public Registration onCancel(Runnable hook) {
    return lifecycle.onCancel(requireNonNull(hook, "hook"));
  }

  /** A hook that was added. Thread-safe. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    /** Removes the hook, unless it runs already. May be called again. */
    @Override
    void close();
  }

  /**
   * The time that is left for the whole request, not below zero; null when there is no deadline.
   * Any thread.
   */
  public @Nullable Duration remaining() {
    return extensions.remaining();
  }

  /**
   * Calls {@code hook} with the outcome at the end of the exchange: on the request's thread, after
   * the body was closed, in the order in which hooks were added. Write an access log in such a
   * hook. A middleware cannot write it, because a middleware does not see the responses that the
   * engine itself makes, such as a 500.
   */
  public void onFinish(Consumer<Outcome> hook) {
    lifecycle.onFinish(requireNonNull(hook, "hook"));
  }

  /**
   * Adds a fact to {@link Outcome#facts}. {@code name} is lower-case and has a dot, such as {@code
   * cgi.exit}. Any thread.
   */
  public void report(String name, Object value) {
    if (!VariableNames.isExtension(name)) {
      throw new IllegalArgumentException(
          "name of a fact must be lower-case with a dot: " + Escapes.quote(name));
    }
    lifecycle.report(name, requireNonNull(value, "value"));
  }

  // ---- copies ----

  /**
   * An environ with the same values, for changing CGI variables. The copy shares input, hooks,
   * cancellation and deadline.
   */
  public Environ copy() {
    checkOpen();
    return new Environ(
        source, extensions, lifecycle, own == null ? null : new HashMap<>(own), complete);
  }

  /**
   * A copy of the present values, for code that needs them after the exchange. The snapshot shares
   * nothing with the request: its input is empty, and it is never cancelled.
   */
  public Environ snapshot() {
    checkOpen();
    Map<String, Object> values = new HashMap<>(all());
    values.put("postern.input", InputStream.nullInputStream());
    Source none = new MapSource(Map.of());
    return new Environ(none, extensions.detached(none), new Lifecycle(), values, true);
  }

  /**
   * A copy for an application at {@code prefix}. The copy has the prefix at the end of SCRIPT_NAME,
   * and no longer at the start of PATH_INFO. The prefix matches whole segments, by bytes: {@code
   * /a} matches {@code /a} and {@code /a/b}, and not {@code /ab}. The prefix "" matches all.
   *
   * @return null when PATH_INFO does not start with the prefix
   * @throws IllegalArgumentException when the prefix is neither empty nor starts with a slash
   */
  public @Nullable Environ mounted(String prefix) {
    String bytes = Urls.mountPoint(prefix);
    String path = text("PATH_INFO");
    if (!path.startsWith(bytes)
        || path.length() > bytes.length() && path.charAt(bytes.length()) != '/') {
      return null;
    }
    Environ mounted = copy();
    mounted.put("SCRIPT_NAME", text("SCRIPT_NAME") + bytes);
    mounted.put("PATH_INFO", path.substring(bytes.length()));
    return mounted;
  }

  /** Method and path only, as {@code Environ[GET "/app/x"]}: values may be secrets. */
  @Override
  public String toString() {
    if (lifecycle.hasEnded()) {
      return "Environ[ended]";
    }
    return "Environ["
        + text("REQUEST_METHOD")
        + " "
        + Escapes.quote(text("SCRIPT_NAME") + text("PATH_INFO"))
        + "]";
  }

  /**
   * Passes each variable to {@code action}, and keeps none of those that it asks the source for.
   * For Lint.
   */
  void forEachVariable(BiConsumer<String, @Nullable Object> action) {
    if (own != null) {
      own.forEach(
          (name, value) -> {
            if (name.indexOf('.') < 0) {
              action.accept(name, value);
            }
          });
    }
    if (!complete) {
      for (String name : source.names()) {
        if (own == null || !own.containsKey(name)) {
          action.accept(name, source.variable(name));
        }
      }
    }
  }

  /**
   * The sorted names of the variables that were set or removed in place after {@code earlier}, a
   * copy of this environ, was made. For Lint. This costs little if nothing was put.
   */
  Set<String> variablesChangedSince(Environ earlier) {
    Set<String> touched = new HashSet<>();
    if (own != null) {
      touched.addAll(own.keySet());
    }
    if (earlier.own != null) {
      touched.addAll(earlier.own.keySet());
    }
    if (complete && !earlier.complete) {
      touched.addAll(source.names());
    }
    Set<String> changed = new TreeSet<>();
    for (String name : touched) {
      if (name.indexOf('.') < 0 && !Objects.equals(get(name), earlier.get(name))) {
        changed.add(name);
      }
    }
    return changed;
  }

  /**
   * Ends the environ, because the exchange is over. A container may use its request object again,
   * so a binding could now look up a value of the next request.
   */
  void end() {
    lifecycle.end();
    extensions.end();
  }

  private void checkOpen() {
    if (lifecycle.hasEnded()) {
      throw new IllegalStateException(
          "environ must not be used after its exchange: keep a snapshot() of it");
    }
  }

  /**
   * Sets a value without a check; null removes the key. For the tests of Lint, which also checks
   * values that {@code put} would refuse.
   */
  void set(String key, @Nullable Object value) {
    if (value == null) {
      all().remove(key);
    } else {
      all().put(key, value);
    }
  }

  /** The exception that the reader of the request's body got because of the client, or null. */
  @Nullable IOException inputFailure() {
    return extensions.inputFailure();
  }

  Lifecycle lifecycle() {
    return lifecycle;
  }

  private String text(String name) {
    String value = variable(name);
    return value == null ? "" : value;
  }

  private static String decoded(String bytes) {
    for (int i = 0; i < bytes.length(); i++) {
      if (bytes.charAt(i) >= 0x80) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
      }
    }
    return bytes;
  }

  private @Nullable String sourced(String name) {
    String value = source.variable(name);
    return value == null && isAlwaysPresent(name) ? "" : value;
  }

  private static boolean isAlwaysPresent(String name) {
    return name.equals("PATH_INFO") || name.equals("SCRIPT_NAME") || name.equals("QUERY_STRING");
  }

  /** All entries but the shared extensions. The first call copies them from the source. */
  private Map<String, Object> all() {
    if (!complete || own == null) {
      Map<String, Object> all = new HashMap<>();
      all.put("SCRIPT_NAME", "");
      all.put("PATH_INFO", "");
      all.put("QUERY_STRING", "");
      for (String name : source.names()) {
        String value = source.variable(name);
        // A process may have environment variables with dots. They must not become extensions.
        if (value != null && name.indexOf('.') < 0) {
          all.put(name, value);
        }
      }
      extensions.putAll(all);
      if (own != null) {
        all.putAll(own);
      }
      own = all;
      complete = true;
    }
    return own;
  }

  /** Options of an environ. A gateway makes one for each request. Not thread-safe. */
  public static final class Builder {
    private final Source source;
    private InputStream input = InputStream.nullInputStream();
    private PrintWriter errors = STANDARD_ERROR;
    private String scheme = "http";
    private boolean multithread = true;
    private boolean multiprocess;
    private boolean runOnce;
    private @Nullable Duration deadline;
    private @Nullable LongSupplier nanoTime;

    private Builder(Source source) {
      this.source = source;
    }

    /**
     * The request's body, by default none. The environ reads it up to CONTENT_LENGTH, or to its end
     * if there is no CONTENT_LENGTH. The environ never closes it.
     */
    public Builder input(InputStream newInput) {
      input = requireNonNull(newInput, "input");
      return this;
    }

    /** Where errors go, by default standard error in UTF-8. The environ never closes it. */
    public Builder errors(PrintWriter newErrors) {
      errors = requireNonNull(newErrors, "errors");
      return this;
    }

    /** {@code http}, the default, or {@code https}. */
    public Builder scheme(String newScheme) {
      scheme = requireNonNull(newScheme, "scheme");
      return this;
    }

    /**
     * Whether the application may be called by several threads of this process at once; true by
     * default.
     */
    public Builder multithread(boolean newMultithread) {
      multithread = newMultithread;
      return this;
    }

    /** Whether another process may call an equal application at the same time; false by default. */
    public Builder multiprocess(boolean newMultiprocess) {
      multiprocess = newMultiprocess;
      return this;
    }

    /**
     * Whether the gateway expects to call the application only once in this process; false by
     * default.
     */
    public Builder runOnce(boolean newRunOnce) {
      runOnce = newRunOnce;
      return this;
    }

    /**
     * The time for the whole request, from {@link #build} on; none by default. The environ only
     * tells the application about it.
     */
    public Builder deadline(Duration newDeadline) {
      deadline = requireNonNull(newDeadline, "deadline");
      return this;
    }

    Builder nanoTime(LongSupplier newNanoTime) {
      nanoTime = newNanoTime;
      return this;
    }

    /** The environ. */
    public Environ build() {
      Extensions extensions =
          new Extensions(
              source,
              input,
              errors,
              scheme,
              multithread,
              multiprocess,
              runOnce,
              deadline,
              nanoTime);
      return new Environ(source, extensions, new Lifecycle(), null, false);
    }
  }

  /** Variables from a map. */
  private record MapSource(Map<String, String> variables) implements Source {
    @Override
    public @Nullable String variable(String name) {
      return variables.get(name);
    }

    @Override
    public Set<String> names() {
      return variables.keySet();
    }
  }
}
