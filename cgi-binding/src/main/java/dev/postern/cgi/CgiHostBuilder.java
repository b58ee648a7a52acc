package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.process.HostedProcess;
import dev.postern.process.Starter;
import dev.postern.program.ModeRules;
import dev.postern.system.OtherUser;
import dev.postern.system.Owners;
import dev.postern.warm.Delegation;
import java.io.IOException;
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
 * The options that {@link CgiApplication} and {@link CgiDirectory} share. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract sealed class CgiHostBuilder<B extends CgiHostBuilder<B>>
    permits CgiApplication.Builder, CgiDirectory.Builder {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private @Nullable Path documentRoot;
  private @Nullable Path workingDirectory;
  private Duration headerTimeout = Duration.ofSeconds(30);
  private Duration idleTimeout = Duration.ofSeconds(60);
  private Duration afterOutput = Duration.ofSeconds(60);
  private @Nullable Duration totalTimeout;
  private long maxBody = 64L << 20;
  private long maxSpool = 512L << 20;
  private @Nullable ProcessLimit limit;
  private int programLimit;
  private Isolation isolation = Isolation.none();
  private Starter starter = HostedProcess::start;
  private IsolationLevel required = IsolationLevel.L0;
  private Delegation<WorkerGroup> delegation = new Delegation<>();
  private @Nullable WorkerGroup workers;
  private boolean warm;
  private final List<Consumer<CgiRun>> listeners = new ArrayList<>();
  private @Nullable Set<String> methods;
  private @Nullable Application localRedirects;
  private boolean passAuthorization;
  private boolean shellFunctions;
  private boolean strictExit;
  private boolean strictOwnership;
  private boolean setId;
  private final Set<String> passed = new LinkedHashSet<>();
  private final Set<String> fileVariables = new LinkedHashSet<>();
  private boolean refuseRoot;
  private boolean lenientType;
  private boolean nph;
  private boolean encodedSlash;

  CgiHostBuilder() {}

  /**
   * Adds a variable to the environment of every program, as text. The environment is otherwise
   * built from empty: PATH is {@code /usr/local/bin:/usr/bin:/bin} unless given here, and nothing
   * of the JVM's own is passed on. {@code DOCUMENT_ROOT} is the same as {@link #documentRoot};
   * {@code PATH_TRANSLATED} holds where none is computed for the request.
   *
   * @throws IllegalArgumentException when the name is not {@code [A-Za-z_][A-Za-z0-9_]*}, is one
   *     that a request sets (RFC 3875 4.1, {@code HTTP_*} but {@code http_proxy}, {@code
   *     REDIRECT_*}) or differs from another in case alone; or the value holds a NUL, or text that
   *     the locale's charset lacks, or is no absolute path for {@code DOCUMENT_ROOT}
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
   * Passes a variable of the environ on to programs, such as {@code TENANT} or {@code
   * SSL_CLIENT_S_DN}, which a middleware or gateway has put there. It wins over {@link
   * #environment}. A variable of the environ that no rule knows and that is not named here is left
   * out, and counted as {@code variable}.
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
   * Gives programs their own file's path, which is SCRIPT_FILENAME, under another name too: those
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
   * Sets DOCUMENT_ROOT, and PATH_TRANSLATED below it (RFC 3875 4.1.6). Without one neither is set.
   */
  public B documentRoot(Path directory) {
    documentRoot = directory.toAbsolutePath().normalize();
    return self();
  }

  /** Where programs start; by default the directory of the program (RFC 3875 7.2). */
  public B workingDirectory(Path directory) {
    workingDirectory = directory.toAbsolutePath().normalize();
    return self();
  }

  /**
   * From the start of a program to its blank line; 30 s by default. The client is then told 504.
   * Time in which the program has taken all that the client has sent of the request's body, and the
   * client still sends, is the client's and does not count.
   */
  public B headerTimeout(Duration timeout) {
    headerTimeout = positive(timeout);
    return self();
  }

  /**
   * Between two reads of a program's output after its blank line; 60 s by default. The response is
   * then cut.
   */
  public B idleTimeout(Duration timeout) {
    idleTimeout = positive(timeout);
    return self();
  }

  /**
   * How long a program may work on when its answer is whole: it has sent its Content-Length, or
   * closed its output; 60 s by default. The client has its answer at once, and does not wait. The
   * program holds its place meanwhile. One that is ended after that time is logged, and counted as
   * {@code after-output}.
   */
  public B afterOutput(Duration time) {
    afterOutput = positive(time);
    return self();
  }

  /**
   * From the start of a program to the end of its response, however steadily it sends, and however
   * slowly the client takes it; without a limit by default. The client is told 504 before the blank
   * line, and the response is cut after it. A request's own {@link dev.postern.Environ#remaining()}
   * is heeded too, where it is less.
   */
  public B totalTimeout(Duration timeout) {
    totalTimeout = positive(timeout);
    return self();
  }

  /**
   * The largest request body in bytes; 64 MiB by default. A larger one is told 413, before a
   * program starts where that is known.
   */
  public B maxBody(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("maximum body must not be negative: " + bytes);
    }
    maxBody = bytes;
    return self();
  }

  /**
   * How many bytes of request bodies of unknown length all hosts of this JVM together may hold, in
   * memory and in files, for a request to add to them; 512 MiB by default. Beyond it a client is
   * told 503 {@code spool-full}. A body of known length is never spooled. Half of it is also for
   * output that slow clients have not taken, an eighth for that of one program; what finds no room
   * waits for its client.
   */
  public B maxSpool(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("maximum spool must not be negative: " + bytes);
    }
    maxSpool = bytes;
    return self();
  }

  /**
   * How many programs may run at once; by default 16 for each processor, 64 to 256, for each
   * application. A request waits 10 s for its place by default.
   */
  public B limit(ProcessLimit newLimit) {
    limit = requireNonNull(newLimit, "limit");
    return self();
  }

  /**
   * How many runs of any one program there may be at once, within {@link #limit}: hung runs of one
   * program then leave places to all others. A request waits for both places no longer than the
   * limit says. By default three quarters of the limit for a {@link CgiDirectory}, and all of it
   * for a {@link CgiApplication}.
   *
   * @throws IllegalArgumentException when it is less than 1
   */
  public B programLimit(int max) {
    if (max < 1) {
      throw new IllegalArgumentException("program limit must be at least 1: " + max);
    }
    programLimit = max;
    return self();
  }

  /** How programs are kept apart; by default each has a session of its own, and no more. */
  public B isolation(Isolation newIsolation) {
    isolation = requireNonNull(newIsolation, "isolation");
    return self();
  }

  /**
   * Makes {@code build} fail with an {@link IllegalStateException} where programs would be kept
   * apart less than that, instead of running them all the same. Levels are compared by their order;
   * a higher one is not the sum of those below: {@link Isolation.Builder#namespaces} alone is
   * enough for {@link IsolationLevel#L3}, with no control group. Ask for each part that you need.
   */
  public B requireLevel(IsolationLevel level) {
    required = requireNonNull(level, "level");
    return self();
  }

  /**
   * Has that group run the programs, where it can: scripts of Perl and Python. Whoever built the
   * group closes it.
   */
  public B workers(WorkerGroup group) {
    workers = requireNonNull(group, "group");
    return self();
  }

  /**
   * Has a group of its own, with all defaults, run the programs that no other group was given. It
   * is closed with the application.
   */
  public B warm() {
    warm = true;
    return self();
  }

  /** The next rule, which holds where none before it does. */
  final void delegateTo(String glob, WorkerGroup group) {
    delegation = delegation.with(glob, requireNonNull(group, "group"));
  }

  /**
   * Tells {@code listener} how each run went: once for each request for which a program was chosen,
   * also where it was refused before the program started; when the program has ended and its place
   * is free again. That is on the request's thread, but on another one for a program that works on
   * after its answer ({@link #afterOutput}). Several may be added. What one throws goes to {@code
   * postern.errors}. The same is in the event {@code dev.postern.ProgramRun} of JDK Flight
   * Recorder.
   */
  public B onRun(Consumer<CgiRun> listener) {
    listeners.add(requireNonNull(listener, "listener"));
    return self();
  }

  /**
   * The only request methods that are served, byte by byte; all others are told 405. By default all
   * but TRACE and CONNECT are (RFC 3875 4.3.4).
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
   * Has local redirects (RFC 3875 6.2.2) answered by that application: it is called on the same
   * thread with method GET, without a body, with SCRIPT_NAME empty and the whole path in PATH_INFO,
   * at most 5 times for a request. It is where access rules are to be checked again; nothing but
   * the path and query of the program's answer is used. By default the client is redirected, by a
   * 302.
   */
  public B localRedirects(Application application) {
    localRedirects = requireNonNull(application, "application");
    return self();
  }

  /**
   * Gives programs the client's Authorization as HTTP_AUTHORIZATION, which others on the machine
   * may be able to read (RFC 3875 9.2).
   */
  public B passAuthorization() {
    passAuthorization = true;
    return self();
  }

  /**
   * Passes values that start with <code>() {</code>, which versions of bash before 2014 would run
   * (CVE-2014-6271). By default that is a 400.
   */
  public B passShellFunctions() {
    shellFunctions = true;
    return self();
  }

  /**
   * Cuts the response of a program that ends with a status other than 0. By default it is
   * delivered, and the outcome tells.
   */
  public B strictExit() {
    strictExit = true;
    return self();
  }

  /**
   * Refuses, with 403, programs and directories of programs that are owned by others than this
   * process's user and root, or that a group may write to. By default only what everybody may write
   * to is refused.
   */
  public B strictOwnership() {
    strictOwnership = true;
    return self();
  }

  /**
   * Runs programs that are set-uid or set-gid, which are refused with 403 by default. Such a
   * program has rights that this process may not have: it then cannot be ended when its time is
   * over, but only loses its standard streams.
   */
  public B allowSetId() {
    setId = true;
    return self();
  }

  /**
   * Makes {@code build} fail in a process of user 0 whose programs do not run as {@linkplain
   * Isolation.Builder#user another user}. By default that is one warning in the log.
   */
  public B refuseRoot() {
    refuseRoot = true;
    return self();
  }

  /**
   * Lets the output of every program begin with a status line, {@code HTTP/1.x NNN …}, which is
   * taken as its Status. By default only a program whose file name starts with {@code nph-} may
   * (RFC 3875 5); every other rule for its output holds.
   */
  public B nph() {
    nph = true;
    return self();
  }

  /**
   * Sends a body without Content-Type as {@code application/octet-stream} with {@code nosniff}. By
   * default that is a 502.
   */
  public B lenientType() {
    lenientType = true;
    return self();
  }

  /**
   * Admits {@code %2F} in a path, which a program cannot tell from a slash. By default that is a
   * 400.
   */
  public B allowEncodedSlash() {
    encodedSlash = true;
    return self();
  }

  abstract B self();

  /** The directory of the programs, which they are shown. */
  abstract Path programDirectory();

  /** For tests. */
  B starter(Starter newStarter) {
    starter = newStarter;
    return self();
  }

  /** {@link #programLimit} unless given; 0 for none. */
  int standardProgramLimit(int limitMax) {
    return 0;
  }

  /**
   * What was configured.
   *
   * @throws IllegalStateException in a process of root that was to be refused, and for workers of
   *     programs in namespaces
   */
  HostOptions options() {
    OtherUser user = isolation.user();
    if (user == null) {
      Owners.checkRoot(Owners.current(), refuseRoot);
    }
    isolation.checkVisible(workingDirectory == null ? programDirectory() : workingDirectory);
    isolation.checkVisible(programDirectory());
    if (isolation.level().compareTo(required) < 0) {
      throw new IllegalStateException(
          "isolation must be at least " + required + ": " + isolation.level() + " [isolation]");
    }
    boolean delegates = warm || workers != null || !delegation.isEmpty();
    if (delegates) {
      isolation.checkWorkers();
    }
    WorkerGroup ownGroup = warm && workers == null ? WorkerGroup.builder("warm").build() : null;
    WorkerGroup rest = workers != null ? workers : ownGroup;
    ProcessLimit places = limit == null ? ProcessLimit.standard() : limit;
    return new HostOptions(
        Collections.unmodifiableMap(new LinkedHashMap<>(environment)),
        documentRoot,
        workingDirectory,
        headerTimeout,
        idleTimeout,
        afterOutput,
        totalTimeout,
        maxBody,
        maxSpool,
        places,
        programLimit == 0 ? standardProgramLimit(places.max()) : programLimit,
        isolation,
        starter,
        rest == null ? delegation : delegation.withRest(rest),
        realDirectory(),
        ownGroup,
        List.copyOf(listeners),
        methods,
        localRedirects,
        passAuthorization,
        shellFunctions,
        strictExit,
        new ModeRules(strictOwnership, setId, user == null ? Owners.current() : user.uid()),
        Set.copyOf(passed),
        Set.copyOf(fileVariables),
        lenientType,
        nph,
        encodedSlash);
  }

  /** Programs of a directory are named by its real path. */
  private Path realDirectory() {
    try {
      return programDirectory().toRealPath();
    } catch (IOException e) {
      return programDirectory();
    }
  }

  private static Duration positive(Duration timeout) {
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must be positive: " + timeout);
    }
    return timeout;
  }
}
