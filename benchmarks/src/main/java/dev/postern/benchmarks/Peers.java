package dev.postern.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The servers that are compared. Each is set up for speed as its manual recommends. */
final class Peers {
  static final String OURS = "postern";
  static final String PORTABLE = "postern17";

  private static final String GIT = "/usr/lib/git-core/git-http-backend";

  static final List<Peer> ALL =
      List.of(
          new Postern(OURS, "Postern, JDK 25"),
          new Postern(PORTABLE, "Postern, JDK 17"),
          new Go(),
          new Lighttpd(),
          new Nginx(),
          new Apache(),
          new Tomcat());

  /**
   * The servers that can be the best of the others. Tomcat sleeps half a second in each request, so
   * it is not among them.
   */
  static final List<String> RIVALS = List.of("go", "lighttpd", "nginx", "apache");

  private Peers() {}

  static Optional<Peer> named(String name) {
    return ALL.stream().filter(peer -> peer.name().equals(name)).findFirst();
  }

  static boolean isOurs(Peer peer) {
    return peer instanceof Postern;
  }

  /**
   * Returns the variables for {@code git http-backend}. The repository may belong to another user,
   * so git must be told that it is safe.
   */
  private static Map<String, String> gitEnvironment(Peer.Setting setting) {
    return Map.of(
        "GIT_PROJECT_ROOT", setting.fixtures().repositories().toString(),
        "GIT_HTTP_EXPORT_ALL", "1",
        "GIT_CONFIG_COUNT", "1",
        "GIT_CONFIG_KEY_0", "safe.directory",
        "GIT_CONFIG_VALUE_0", "*");
  }

  /**
   * Returns the start of a JVM's command: a small heap that is enough for each server, and a log
   * for {@link JvmCosts}.
   */
  private static List<String> jvm(Peer peer, Peer.Setting setting) throws IOException {
    Path home = peer.jdk(setting);
    if (home == null) {
      throw new IOException("no JDK for " + peer.name());
    }
    return List.of(
        home.resolve("bin/java").toString(), "-Xmx64m", "-Xlog:gc:file=" + JvmCosts.GC_LOG);
  }

  private static List<Peer.Command> single(String... words) {
    return List.of(new Peer.Command(List.of(words), Map.of()));
  }

  private static String path(Peer.Setting setting, String program) {
    Path found = setting.tools().find(program);
    if (found == null) {
      throw new IllegalStateException(program + " must be installed");
    }
    return found.toString();
  }

  /**
   * The {@code postern serve} of the launcher. Each program has its own mount, as each has its own
   * handler in Go.
   */
  private record Postern(String name, String title) implements Peer {
    @Override
    public List<String> needs() {
      return List.of();
    }

    @Override
    public @Nullable Path jdk(Setting setting) {
      return name.equals(PORTABLE) ? setting.jdk17() : setting.jdk25();
    }

    @Override
    public boolean isJvm() {
      return true;
    }

    @Override
    public List<Command> commands(Setting setting, Path directory, int port) throws IOException {
      List<String> words = new ArrayList<>(jvm(this, setting));
      if (!name.equals(PORTABLE)) {
        // The postern script passes this flag, too.
        words.add("--enable-native-access=ALL-UNNAMED");
      }
      words.addAll(List.of("-cp", setting.launcher().toString(), "dev.postern.launcher.Main"));
      words.addAll(List.of("serve", "--port", Integer.toString(port)));
      try (var programs = Files.newDirectoryStream(setting.fixtures().programs())) {
        for (Path program : programs) {
          words.addAll(List.of("--cgi", "/cgi/" + program.getFileName() + "=" + program));
        }
      }
      if (Files.exists(Path.of(GIT))) {
        words.addAll(List.of("--cgi", "/git=" + GIT));
      }
      gitEnvironment(setting)
          .forEach((key, value) -> words.addAll(List.of("--env", key + "=" + value)));
      return List.of(new Command(words, Map.of()));
    }
  }

  /** {@code net/http/cgi}, a handler for each program. */
  private record Go() implements Peer {
    @Override
    public String name() {
      return "go";
    }

    @Override
    public String title() {
      return "Go net/http/cgi";
    }

    @Override
    public List<String> needs() {
      return List.of("go");
    }

    @Override
    public List<Command> commands(Setting setting, Path directory, int port)
        throws IOException, InterruptedException {
      Path source = directory.resolve("main.go");
      try (InputStream in = Peers.class.getResourceAsStream("main.go")) {
        Files.write(source, in.readAllBytes());
      }
      String program = directory.resolve("server").toString();
      setting.tools().run(directory, List.of("go", "build", "-o", program, source.toString()));
      List<String> words =
          new ArrayList<>(
              List.of(program, "127.0.0.1:" + port, setting.fixtures().programs().toString(), GIT));
      gitEnvironment(setting).forEach((key, value) -> words.add(key + "=" + value));
      return List.of(new Command(words, Map.of()));
    }
  }

  /** mod_cgi of lighttpd. It streams responses here, which is not its default. */
  private record Lighttpd() implements Peer {
    @Override
    public String name() {
      return "lighttpd";
    }

    @Override
    public String title() {
      return "lighttpd mod_cgi";
    }

    @Override
    public List<String> needs() {
      return List.of("lighttpd");
    }

    @Override
    public List<Command> commands(Setting setting, Path directory, int port) throws IOException {
      StringBuilder variables = new StringBuilder();
      gitEnvironment(setting)
          .forEach((key, value) -> variables.append("\"%s\" => \"%s\",".formatted(key, value)));
      Path configuration =
          Files.writeString(
              directory.resolve("lighttpd.conf"),
              """
              server.modules = ("mod_alias", "mod_cgi", "mod_setenv")
              server.document-root = "%1$s"
              server.bind = "127.0.0.1"
              server.port = %2$d
              server.errorlog = "%1$s/error.log"
              server.upload-dirs = ("%1$s")
              server.stream-response-body = 1
              server.stream-request-body = 1
              setenv.set-environment = (%5$s)
              alias.url = ("/cgi/" => "%3$s/", "/git" => "%4$s")
              # Once more without what is below the program.
              $HTTP["url"] =~ "^/(cgi/|git(/|$))" { cgi.assign = ("" => "") }
              """
                  .formatted(directory, port, setting.fixtures().programs(), GIT, variables));
      return single(path(setting, "lighttpd"), "-D", "-f", configuration.toString());
    }
  }

  /** nginx in front of 8 processes of fcgiwrap, which starts the programs. */
  private record Nginx() implements Peer {
    /**
     * Each location includes these. nginx inherits no parameter into a location that sets one
     * itself.
     */
    private static final String PARAMETERS =
        """
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param QUERY_STRING $query_string;
        fastcgi_param CONTENT_TYPE $content_type;
        fastcgi_param CONTENT_LENGTH $content_length;
        fastcgi_param REQUEST_URI $request_uri;
        fastcgi_param SERVER_PROTOCOL $server_protocol;
        fastcgi_param SERVER_NAME $server_name;
        fastcgi_param SERVER_PORT $server_port;
        fastcgi_param REMOTE_ADDR $remote_addr;
        fastcgi_param REDIRECT_STATUS 200;
        fastcgi_param PATH /usr/local/bin:/usr/bin:/bin;
        """;

    @Override
    public String name() {
      return "nginx";
    }

    @Override
    public String title() {
      return "nginx + fcgiwrap";
    }

    @Override
    public List<String> needs() {
      return List.of("nginx", "fcgiwrap");
    }

    @Override
    public List<Command> commands(Setting setting, Path directory, int port) throws IOException {
      Path socket = directory.resolve("fcgiwrap.socket");
      StringBuilder parameters = new StringBuilder(PARAMETERS);
      gitEnvironment(setting)
          .forEach(
              (key, value) ->
                  parameters.append("fastcgi_param %s \"%s\";\n".formatted(key, value)));
      Files.writeString(directory.resolve("parameters"), parameters);
      Path configuration =
          Files.writeString(
              directory.resolve("nginx.conf"),
              """
              daemon off;
              user %5$s;
              worker_processes auto;
              pid %1$s/nginx.pid;
              error_log %1$s/error.log;
              events {}
              http {
                access_log off;
                client_body_temp_path %1$s/body;
                proxy_temp_path %1$s/proxy;
                fastcgi_temp_path %1$s/fastcgi;
                uwsgi_temp_path %1$s/uwsgi;
                scgi_temp_path %1$s/scgi;
                client_max_body_size 0;
                fastcgi_max_temp_file_size 0;
                server {
                  listen 127.0.0.1:%2$d;
                  location ~ ^/cgi/(?<program>[^/]+)(?<rest>/.*)?$ {
                    include %1$s/parameters;
                    fastcgi_param SCRIPT_FILENAME %3$s/$program;
                    fastcgi_param SCRIPT_NAME /cgi/$program;
                    fastcgi_param PATH_INFO $rest;
                    fastcgi_pass unix:%6$s;
                  }
                  location ~ ^/git(?<rest>/.*)$ {
                    include %1$s/parameters;
                    fastcgi_param SCRIPT_FILENAME %4$s;
                    fastcgi_param SCRIPT_NAME /git;
                    fastcgi_param PATH_INFO $rest;
                    fastcgi_pass unix:%6$s;
                  }
                }
              }
              """
                  .formatted(
                      directory,
                      port,
                      setting.fixtures().programs(),
                      GIT,
                      System.getProperty("user.name"),
                      socket));
      return List.of(
          new Command(
              List.of(path(setting, "fcgiwrap"), "-c", "8", "-s", "unix:" + socket), Map.of()),
          new Command(
              List.of(
                  path(setting, "nginx"),
                  "-p",
                  directory.toString(),
                  "-e",
                  directory + "/error.log",
                  "-c",
                  configuration.toString()),
              Map.of()));
    }
  }

  /** mod_cgid behind the event MPM. */
  private record Apache() implements Peer {
    @Override
    public String name() {
      return "apache";
    }

    @Override
    public String title() {
      return "Apache mod_cgid";
    }

    @Override
    public List<String> needs() {
      return List.of("apache2");
    }

    @Override
    public List<Command> commands(Setting setting, Path directory, int port) throws IOException {
      StringBuilder variables = new StringBuilder();
      gitEnvironment(setting)
          .forEach((key, value) -> variables.append("SetEnv %s \"%s\"\n".formatted(key, value)));
      String user =
          System.getProperty("user.name").equals("root") ? "User www-data\nGroup www-data\n" : "";
      Path configuration =
          Files.writeString(
              directory.resolve("apache.conf"),
              """
              ServerRoot %1$s
              DefaultRuntimeDir %1$s
              PidFile %1$s/apache.pid
              ErrorLog %1$s/error.log
              ServerName localhost
              Listen 127.0.0.1:%2$d
              LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
              LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
              LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
              LoadModule env_module /usr/lib/apache2/modules/mod_env.so
              LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
              %6$s
              ScriptSock %1$s/cgid.socket
              MaxKeepAliveRequests 0
              SetEnv REDIRECT_STATUS 200
              ScriptAlias /cgi/ %3$s/
              ScriptAlias /git %4$s
              %5$s
              """
                  .formatted(directory, port, setting.fixtures().programs(), GIT, variables, user));
      return single(path(setting, "apache2"), "-DFOREGROUND", "-f", configuration.toString());
    }
  }

  /** The CGIServlet of an embedded Tomcat 11, the one CGI host that Java had. */
  private record Tomcat() implements Peer {
    @Override
    public String name() {
      return "tomcat";
    }

    @Override
    public String title() {
      return "Tomcat CGIServlet";
    }

    @Override
    public List<String> needs() {
      return List.of();
    }

    @Override
    public @Nullable Path jdk(Setting setting) {
      return setting.jdk17() == null ? setting.jdk25() : setting.jdk17();
    }

    @Override
    public boolean isJvm() {
      return true;
    }

    /** A clone needs one program for all paths below a prefix. CGIServlet does not allow that. */
    @Override
    public boolean can(Case asked) {
      return asked.kind() != Case.Kind.CLONE;
    }

    @Override
    public List<Command> commands(Setting setting, Path directory, int port) throws IOException {
      List<String> words = new ArrayList<>(jvm(this, setting));
      words.addAll(
          List.of(
              "-cp",
              setting.benchmarks() + ":" + setting.benchmarks().resolveSibling("lib") + "/*",
              TomcatServer.class.getName(),
              Integer.toString(port),
              directory.toString(),
              setting.fixtures().programs().toString()));
      return List.of(new Command(words, Map.of()));
    }
  }
}
