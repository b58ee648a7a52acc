package dev.postern.fastcgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.Refusals;
import dev.postern.fastcgi.client.FastCgiDialect;
import dev.postern.fastcgi.client.KeptServers;
import dev.postern.fastcgi.client.ServerAddress;
import dev.postern.fastcgi.client.ServerTarget;
import dev.postern.fastcgi.client.Upstreams;
import dev.postern.hosting.DirectorySlash;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.Permits;
import dev.postern.hosting.ProgramHost;
import dev.postern.hosting.RequestRules;
import dev.postern.internal.Escapes;
import dev.postern.process.ProgramText;
import dev.postern.process.Pumps;
import dev.postern.program.Program;
import dev.postern.program.RequestPath;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A FastCGI server as an application, for PHP above all. Each call is one request to the server, in
 * the responder role. The server runs elsewhere, at one or several addresses, or is a program that
 * this application starts and keeps.
 *
 * <p>The rules for hosted programs hold here too: the same checks of requests and responses,
 * limits, time-outs, statuses and ids. A response whose connection ends without END_REQUEST is
 * incomplete. Before the commit it is a 502, later it is cut. What the server sends as standard
 * error goes to {@code postern.errors}. Its application status goes into the {@link
 * dev.postern.Outcome} as an exit.
 *
 * <p>Thread-safe.
 */
public final class FastCgiApplication implements Application, AutoCloseable {
  private static final String DEFAULT_INDEX = "index.php";
  private static final String DEFAULT_EXTENSION = ".php";
  private static final int DEFAULT_SERVERS =
      Math.max(2, 2 * Runtime.getRuntime().availableProcessors());

  private final ProgramHost host;
  private final Upstreams upstreams;
  private final FastCgiDialect dialect = new FastCgiDialect();
  private final List<Permits> places;
  private final Path name;
  private final @Nullable Path root;
  private final boolean localRoot;
  private final String index;
  private final String extension;
  private final @Nullable String front;

  private FastCgiApplication(Builder builder) {
    HostOptions options = builder.hostOptions();
    this.host = new ProgramHost(options);
    this.root = builder.root;
    this.index = builder.index == null ? DEFAULT_INDEX : builder.index;
    this.extension = builder.extension == null ? DEFAULT_EXTENSION : builder.extension;
    this.front = builder.front;
    if (builder.command.isEmpty()) {
      this.upstreams =
          Upstreams.of(builder.addresses, builder.keepConnections, builder.connectTimeout);
      this.name = Path.of(builder.addresses.get(0).toString());
      this.places = List.of(options.places());
      this.localRoot =
          builder.addresses.stream().allMatch(ServerAddress::isLocal)
              && root != null
              && Files.isDirectory(root);
    } else {
      KeptServers.check();
      Path file = Path.of(builder.command.get(0));
      int servers = builder.servers == 0 ? DEFAULT_SERVERS : builder.servers;
      Path directory = root != null ? root : file.toAbsolutePath().getParent();
      this.upstreams =
          Upstreams.of(
              new KeptServers(
                  builder.command,
                  options.environment(),
                  directory == null ? Path.of("/") : directory,
                  servers),
              builder.connectTimeout);
      this.name = file;
      this.places = List.of(options.places().withMax(servers), options.places());
      this.localRoot = root != null;
    }
  }

  /** The server at that address, with all defaults: see {@link #builder(String)}. */
  public static FastCgiApplication of(String address) {
    return builder(address).build();
  }

  /**
   * Options for a server that runs already.
   *
   * @param address {@code HOST:PORT} or {@code unix:PATH}
   * @throws IllegalArgumentException when it is neither
   */
  public static Builder builder(String address) {
    return new Builder(List.of()).address(address);
  }

  /**
   * Options for servers that the application starts and keeps, such as {@code
   * List.of("/usr/bin/php-cgi")}: {@link Builder#servers} processes of that command. Each gets a
   * listening Unix socket as its standard input (FastCGI 1.0, 2.2), in a directory that only this
   * process's user may enter. A server that has ended is started again. If a request ends before
   * its response, because of a time-out or because the client has left, its server is ended too.
   * All servers end by {@link FastCgiApplication#close}, and with this JVM. If it is killed, that
   * needs {@code setpriv} of util-linux, and processes that a server has started itself live on.
   * The sockets need Perl or Python in {@code /usr/bin}.
   *
   * @param command an absolute path and its arguments
   * @throws IllegalArgumentException when the command is empty or its first word is no absolute
   *     path
   */
  public static Builder builder(List<String> command) {
    return new Builder(Program.command(command));
  }

  /**
   * Sends the request, and starts the response when the server has sent its header block. Blocks
   * until then.
   *
   * @throws GatewayException when the request is refused, no server can be reached (503), or the
   *     server fails (502, 503, 504)
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    ScriptPath script = null;
    try {
      RequestRules.check(environ, host.options());
      if (root != null) {
        String path = RequestPath.bytes(environ, "PATH_INFO");
        if (path.isEmpty()) {
          return DirectorySlash.redirect(environ, startResponse);
        }
        script = script(path, root);
      }
    } catch (GatewayException e) {
      throw host.counters().counted(e);
    }
    if (script == null || root == null) {
      return run(environ, null, name, startResponse);
    }
    Environ mounted = environ.copy();
    mounted.put("SCRIPT_NAME", RequestPath.bytes(environ, "SCRIPT_NAME") + script.script());
    mounted.put("PATH_INFO", script.pathInfo());
    return run(mounted, script.file(root), program(script), startResponse);
  }

  private ScriptPath script(String path, Path directory) throws GatewayException {
    ScriptPath script = ScriptPath.of(path, extension, index, front);
    // A file below the root has one name. With a second slash at its start, the rest of the name
    // would be an absolute path, which leaves the root.
    if (script == null || script.script().contains("//")) {
      throw ScriptPath.none(path);
    }
    if (localRoot) {
      script.checkFile(directory);
    }
    return script;
  }

  /** The script for logs. */
  private Path program(ScriptPath script) {
    try {
      return Path.of(root + script.script());
    } catch (InvalidPathException e) {
      // The locale has no such chars, or the name has a NUL.
      return Path.of(root + Escapes.escape(script.script()));
    }
  }

  private Body run(
      Environ environ, @Nullable String file, Path program, StartResponse startResponse)
      throws Exception {
    return host.run(
        host.watch(program, environ),
        () -> new ServerTarget(upstreams, dialect, host.options(), places, program, file),
        environ,
        startResponse);
  }

  /**
   * Closes idle connections, and ends the servers that this application started and the threads
   * that are kept for the next request. {@code ServletGateway.destroy} calls it. May be called more
   * than once. Kept servers are not started again: a later request is a 503.
   */
  @Override
  public void close() {
    upstreams.close();
    Pumps.endIdle();
  }

  /** What was refused or dropped so far, by rule. */
  public Refusals refusals() {
    return Refusals.of(host.counters().snapshot());
  }

  /** The application with the address or the program of its server. */
  @Override
  public String toString() {
    return "FastCgiApplication.of(" + name + ")";
  }

  /** Options of a FastCGI server. Not thread-safe. */
  public static final class Builder extends HostBuilder<Builder> {
    private final List<String> command;
    private final List<ServerAddress> addresses = new ArrayList<>();

    /** 0 for the default. */
    private int servers;

    private int keepConnections;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private @Nullable Path root;
    private @Nullable String index;
    private @Nullable String extension;
    private @Nullable String front;

    private Builder(List<String> command) {
      this.command = command;
    }

    /**
     * Adds another server that can answer. A request goes to the server with the fewest requests of
     * this application, and to the next one if that server cannot be reached. A request that was
     * sent is sent again only if the server sent nothing back, or refused it because it is
     * overloaded, and only for the methods GET, HEAD and OPTIONS.
     *
     * @param address {@code HOST:PORT} or {@code unix:PATH}
     * @throws IllegalArgumentException when it is neither
     * @throws IllegalStateException for servers that the application starts itself
     */
    public Builder address(String address) {
      if (!command.isEmpty()) {
        throw new IllegalStateException("servers that are kept must have no other address");
      }
      addresses.add(ServerAddress.of(address));
      return this;
    }

    /**
     * How many servers of a command are kept; by default two for each processor. Each of them
     * answers one request at a time. A request waits for a free server as long as {@link #limit}
     * says.
     *
     * @throws IllegalArgumentException when it is less than 1
     */
    public Builder servers(int count) {
      if (count < 1) {
        throw new IllegalArgumentException("servers must be at least 1: " + count);
      }
      servers = count;
      return this;
    }

    /**
     * How many idle connections to each address are kept for the next request, for up to 60 s; 0 by
     * default. A server such as php-fpm binds a process to each connection. So keep fewer
     * connections than it has processes, and only if nobody else needs them. A server that the
     * application starts itself always has one connection.
     *
     * @throws IllegalArgumentException when it is negative
     */
    public Builder keepConnections(int count) {
      if (count < 0) {
        throw new IllegalArgumentException("connections must not be negative: " + count);
      }
      keepConnections = count;
      return this;
    }

    /**
     * How long a server may take to accept a connection; 5 s by default. Then the next server is
     * tried. A server that the application starts itself has 10 s from its start on.
     */
    public Builder connectTimeout(Duration timeout) {
      if (timeout.isZero() || timeout.isNegative()) {
        throw new IllegalArgumentException("timeout must be positive: " + timeout);
      }
      connectTimeout = timeout;
      return this;
    }

    /**
     * The directory of the scripts, by its path on the server's machine. With it, SCRIPT_FILENAME
     * is a file below it. SCRIPT_NAME ends with the first segment of the path that ends in {@link
     * #extension}, and the rest is PATH_INFO. DOCUMENT_ROOT is this directory, unless {@link
     * #documentRoot} is given. If the directory exists here and every address is on this machine, a
     * script that is no file is a 404. Without a root the server finds out by itself what a path
     * means.
     */
    public Builder root(Path directory) {
      root = directory.toAbsolutePath().normalize();
      return this;
    }

    /**
     * The script that answers for a path that ends in a slash, or only for {@code /} if there is a
     * {@link #frontController}; {@code index.php} by default.
     */
    public Builder index(String fileName) {
      if (fileName.isEmpty() || fileName.indexOf('/') >= 0) {
        throw new IllegalArgumentException("index must be a file name: " + fileName);
      }
      index = requireNonNull(ProgramText.toBytes(fileName), "index");
      return this;
    }

    /** The end of the names of scripts; {@code .php} by default. */
    public Builder extension(String suffix) {
      if (suffix.length() < 2 || !suffix.startsWith(".") || suffix.indexOf('/') >= 0) {
        throw new IllegalArgumentException("extension must start with a dot: " + suffix);
      }
      extension = requireNonNull(ProgramText.toBytes(suffix), "extension");
      return this;
    }

    /**
     * The script that answers for every path that names no script, except {@code /}. This is a
     * front controller such as {@code /index.php}, which reads REQUEST_URI. By default such a path
     * is a 404.
     */
    public Builder frontController(String script) {
      if (script.length() < 2 || !script.startsWith("/")) {
        throw new IllegalArgumentException("front controller must start with a slash: " + script);
      }
      front = requireNonNull(ProgramText.toBytes(script), "front controller");
      return this;
    }

    /**
     * The application. It connects to nothing and starts nothing before the first request.
     *
     * @throws IllegalStateException when an option was set that these servers do not have: an
     *     index, an extension or a front controller without a root, a number of servers without a
     *     command, or kept connections with one
     */
    public FastCgiApplication build() {
      if (root == null && (index != null || extension != null || front != null)) {
        throw new IllegalStateException("index, extension and front controller must have a root");
      }
      if (command.isEmpty() && servers > 0) {
        throw new IllegalStateException("number of servers must be that of a command");
      }
      if (!command.isEmpty() && keepConnections > 0) {
        throw new IllegalStateException("servers that are kept must have one connection each");
      }
      return new FastCgiApplication(this);
    }

    @Override
    protected @Nullable Path defaultDocumentRoot() {
      return root;
    }

    private HostOptions hostOptions() {
      return options();
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
