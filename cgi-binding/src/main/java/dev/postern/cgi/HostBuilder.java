package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.hosting.EnvironmentRules;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.RunRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The options of everything that hosts programs: {@link CgiApplication}, {@link CgiDirectory}, and
 * the applications of other modules whose requests a FastCGI or SCGI server answers. For those,
 * read "server" where an option says "program". A method throws an {@link IllegalArgumentException}
 * for a time that is not above 0, and for a negative number of bytes. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract class HostBuilder<B extends HostBuilder<B>> {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private @Nullable Path documentRoot;
  private Duration headerTimeout = Duration.ofSeconds(30);
  private Duration idleTimeout = Duration.ofSeconds(60);
  private Duration afterOutput = Duration.ofSeconds(60);
  private @Nullable Duration totalTimeout;
  private long maxBody = 64L << 20;
  private long maxSpool = 512L << 20;
  private @Nullable ProcessLimit limit;
  private final List<Consumer<RunRecord>> listeners = new ArrayList<>();
  private @Nullable Set<String> methods;
  private @Nullable Application localRedirects;
  private boolean passAuthorization;
  private boolean shellFunctions;
  private boolean strictExit;
  private final Set<String> passed = new LinkedHashSet<>();
  private final Set<String> fileVariables = new LinkedHashSet<>();
  private boolean lenientType;
  private boolean encodedSlash;
  private long kept;

  /** For the builders of this project's modules. */
  protected HostBuilder() {}

  /**
   * Adds a variable to the environment of every program, as text. The environment is otherwise
   * built from empty. PATH is {@code /usr/local/bin:/usr/bin:/bin} unless it is given here, and a
   * program gets none of the JVM's own variables. {@code DOCUMENT_ROOT} is the same as {@link
   * #documentRoot}. A {@code PATH_TRANSLATED} that is given here only counts for a request for
   * which none is computed.
   *
   * @throws IllegalArgumentException when the name is not {@code [A-Za-z_][A-Za-z0-9_]*}, is one
   *     that a request sets (RFC 3875 4.1, {@code HTTP_*} but {@code http_proxy}, {@code
   *     REDIRECT_*}), or differs from another name in case alone; when the value holds a NUL, or
   *     text that the locale's charset lacks; or when {@code DOCUMENT_ROOT} is no absolute path
   */
  public B environment(String name, String value) {
    EnvironmentRules.checkConfigured(name, requireNonNull(value, "value"), environment.keySet());
    if (!name.equals("DOCUMENT_ROOT")) {
      environment.put(name, value);
    } else if (Path.of(value).isAbsolute()) {
      documentRoot(Path.of(value));
    } else {
      throw new IllegalArgumentException("DOCUMENT_ROOT must be an absolute path: " + value);
    }
    return self();
  }

  /**
   * Passes a variable of the environ on to programs. A middleware or gateway has put it there, such
   * as {@code TENANT} or {@code SSL_CLIENT_S_DN}. It wins over {@link #environment}. A program does
   * not get a variable of the environ that no rule knows and that is not named here. Each such
   * variable is counted as {@code variable}.
   *
   * @throws IllegalArgumentException when the name is not {@code [A-Za-z_][A-Za-z0-9_]*}, or one
   *     that is passed on by a rule of its own, such as {@code REMOTE_USER} and {@code HTTP_*}
   */
  public B passVariable(String name) {
    EnvironmentRules.checkPassed(name);
    passed.add(name);
    return self();
  }

  /**
   * Gives programs the path of their own file under another name besides SCRIPT_FILENAME. Programs
   * that were written for Tomcat's CGIServlet read {@code X_TOMCAT_SCRIPT_PATH}.
   *
   * @throws IllegalArgumentException when the name is not {@code [A-Za-z_][A-Za-z0-9_]*}, or one
   *     that is passed on by a rule of its own
   */
  public B fileVariable(String name) {
    EnvironmentRules.checkPassed(name);
    fileVariables.add(name);
    return self();
  }

  /**
   * Sets DOCUMENT_ROOT, and PATH_TRANSLATED below it (RFC 3875 4.1.6). By default neither is set.
   */
  public B documentRoot(Path directory) {
    documentRoot = directory.toAbsolutePath().normalize();
    return self();
  }

  /**
   * The time from the start of a program to its blank line; 30 s by default. When it is over, the
   * host ends the program and answers 504. The clock stops while the client still sends the
   * request's body and the program has read all that has come of it. It begins again at zero when
   * there are bytes that the program has not read.
   */
  public B headerTimeout(Duration timeout) {
    headerTimeout = positive(timeout);
    return self();
  }

  /**
   * The time between two reads of a program's output, after its blank line; 60 s by default. When
   * it is over, the host ends the program and cuts the response.
   */
  public B idleTimeout(Duration timeout) {
    idleTimeout = positive(timeout);
    return self();
  }

  /**
   * How long a program may work on after its answer; 60 s by default. The answer is whole when the
   * program has sent as many bytes as its Content-Length says, or has closed its output. The client
   * gets it at once and does not wait. The program keeps its place meanwhile. When the time is
   * over, the host ends the program, logs that, and counts it as {@code after-output}.
   */
  public B afterOutput(Duration time) {
    afterOutput = positive(time);
    return self();
  }

  /**
   * The time from the start of a program to the end of its response, however steadily the program
   * sends and however slowly the client takes; no limit by default. When it is over, the host ends
   * the program. Before the blank line the client gets a 504; after it the response is cut. If the
   * request has less time than this, {@link dev.postern.Environ#remaining()} counts.
   */
  public B totalTimeout(Duration timeout) {
    totalTimeout = positive(timeout);
    return self();
  }

  /**
   * The largest request body in bytes; 64 MiB by default. The answer to a larger one is 413. If the
   * request says its length, no program is started for it.
   */
  public B maxBody(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("maximum body must not be negative: " + bytes);
    }
    maxBody = bytes;
    return self();
  }

  /**
   * How many bytes all spools of this JVM may hold together, in memory and in files; 512 MiB by
   * default. A spool holds a request body of unknown length, or output that a slow client has not
   * taken. A body that finds no room is answered with 503 {@code spool-full}. A body of known
   * length is never spooled. Output may take half of this number, and that of one program an
   * eighth; a program whose output finds no room waits for its client.
   */
  public B maxSpool(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("maximum spool must not be negative: " + bytes);
    }
    maxSpool = bytes;
    return self();
  }

  /**
   * How many programs may run at once. By default each application has a limit of its own: 16
   * programs for each processor, but at least 64 and at most 256. A request waits for its place, by
   * default 10 s at most.
   */
  public B limit(ProcessLimit newLimit) {
    limit = requireNonNull(newLimit, "limit");
    return self();
  }

  /**
   * Adds a listener, which the host tells how each run went. The host calls it once for each
   * request for which it has chosen a program, even if it then refused the request before the
   * program started. It calls when the program has ended and its place is free again: on the
   * request's thread, or on another one if the program has worked on after its answer ({@link
   * #afterOutput}). Several listeners may be added. What a listener throws goes to {@code
   * postern.errors}. The same facts are in the event {@code dev.postern.ProgramRun} of JDK Flight
   * Recorder.
   */
  public B onRun(Consumer<CgiRun> listener) {
    requireNonNull(listener, "listener");
    listeners.add(run -> listener.accept(new CgiRun(run)));
    return self();
  }

  /**
   * Keeps what each run was given and what it wrote, for the listeners of {@link #onRun}: see
   * {@link CgiRun#kept}. By default nothing is kept. It is meant for debugging, as each run then
   * holds its bytes in memory to its end.
   *
   * @param bytes of the request's body, and as many of the output
   * @throws IllegalArgumentException when it is less than 1
   */
  public B keepRuns(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("kept bytes must be at least 1: " + bytes);
    }
    kept = bytes;
    return self();
  }

  /**
   * The only request methods that are served, compared byte by byte. Any other one is answered with
   * 405. By default all methods are served but TRACE and CONNECT (RFC 3875 4.3.4).
   *
   * @throws IllegalArgumentException when there is none
   */
  public B methods(Collection<String> allowed) {
    if (allowed.isEmpty()) {
      throw new IllegalArgumentException("methods must be at least one");
    }
    methods = Collections.unmodifiableSet(new LinkedHashSet<>(allowed));
    return self();
  }

  /**
   * Names the application that answers local redirects (RFC 3875 6.2.2). By default the client is
   * redirected, by a 302. The host calls the application on the request's thread, at most 5 times
   * for a request: with the method GET, without a body, with an empty SCRIPT_NAME and the whole
   * path in PATH_INFO. Of the program's answer it uses only the path and the query. The path may be
   * one that the client must not see, so this application has to check access rules again. A
   * program that works on after its redirect keeps its place, and the program of the target needs
   * another one.
   */
  public B localRedirects(Application application) {
    localRedirects = requireNonNull(application, "application");
    return self();
  }

  /**
   * Gives programs the client's Authorization as HTTP_AUTHORIZATION. Other users of the machine may
   * be able to read it there (RFC 3875 9.2).
   */
  public B passAuthorization() {
    passAuthorization = true;
    return self();
  }

  /**
   * Passes values that start with <code>() {</code>. Versions of bash before 2014 would run them
   * (CVE-2014-6271). By default such a request is a 400.
   */
  public B passShellFunctions() {
    shellFunctions = true;
    return self();
  }

  /**
   * Cuts the response of a program that exits with another status than 0, unless the client has as
   * many bytes as its Content-Length says, and that is more than 0. By default the response is
   * delivered, and the outcome and the log tell the status. CGI executables that {@code postern
   * install} has written are always treated in this way, because their status tells whether the
   * response was whole.
   */
  public B strictExit() {
    strictExit = true;
    return self();
  }

  /**
   * Sends a body without Content-Type as {@code application/octet-stream} with {@code nosniff}. By
   * default such a response is a 502.
   */
  public B lenientType() {
    lenientType = true;
    return self();
  }

  /**
   * Admits {@code %2F} in a path. A program cannot tell it from a slash. By default such a path is
   * a 400.
   */
  public B allowEncodedSlash() {
    encodedSlash = true;
    return self();
  }

  /** This builder. */
  protected abstract B self();

  /** The document root if none is configured; null for none. */
  protected @Nullable Path defaultDocumentRoot() {
    return null;
  }

  /** What was configured, for the host itself. */
  @SuppressWarnings("exports") // Only modules of this project use it.
  protected HostOptions options() {
    ProcessLimit places = limit == null ? ProcessLimit.standard() : limit;
    return new HostOptions(
        Collections.unmodifiableMap(new LinkedHashMap<>(environment)),
        documentRoot == null ? defaultDocumentRoot() : documentRoot,
        headerTimeout,
        idleTimeout,
        afterOutput,
        totalTimeout,
        maxBody,
        maxSpool,
        places.permits(),
        List.copyOf(listeners),
        methods,
        localRedirects,
        passAuthorization,
        shellFunctions,
        strictExit,
        Set.copyOf(passed),
        Set.copyOf(fileVariables),
        lenientType,
        encodedSlash,
        kept);
  }

  private static Duration positive(Duration timeout) {
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must be positive: " + timeout);
    }
    return timeout;
  }
}
