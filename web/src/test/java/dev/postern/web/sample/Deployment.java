package dev.postern.web.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.cgi.install.CgiExecutable;
import dev.postern.web.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.CodeSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.commons.fileupload2.core.FileItemInput;
import org.apache.commons.io.IOUtils;

/**
 * One way to serve the guest book at {@code /book/} of a port, by servers of their own processes.
 */
final class Deployment implements AutoCloseable {
  /** The ways. */
  enum Kind {
    /** A servlet in Jetty. */
    SERVLET,
    /** A FastCGI server behind nginx. */
    FASTCGI,
    /** An installed CGI executable under Apache. */
    CGI
  }

  private static final int PORTS_TRIED = 8;
  private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin/java").toString();

  /** The largest upload of the tests is three times as large. */
  private static final String SMALL_HEAP = "-Xmx64m";

  private final Path directory;
  private final Deque<Process> processes = new ArrayDeque<>();
  private int port;

  private Deployment() throws IOException {
    // Short enough for a socket, and readable for servers that leave root behind.
    directory = Files.createTempDirectory("postern-book");
    open(directory, "rwxr-xr-x");
    open(Files.createDirectory(data()), "rwxrwxrwx");
    open(Files.createDirectory(directory.resolve("run")), "rwxrwxrwx");
  }

  static Deployment start(Kind kind) throws Exception {
    Deployment deployment = new Deployment();
    try {
      switch (kind) {
        case SERVLET -> deployment.port = Integer.parseInt(deployment.server("servlet"));
        case FASTCGI -> {
          deployment.server("fastcgi", deployment.directory + "/book.sock");
          deployment.front(deployment::nginx);
        }
        case CGI -> {
          deployment.install();
          deployment.front(deployment::apache);
        }
      }
      return deployment;
    } catch (Throwable e) {
      deployment.close();
      throw e;
    }
  }

  /** Where the guest book keeps all that it knows. */
  Path data() {
    return directory.resolve("data");
  }

  String url() {
    return "http://127.0.0.1:" + port + "/book/";
  }

  // ---- the application ----

  /** Starts {@link GuestBookServer}; what it prints when it is ready. */
  private String server(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(JAVA, SMALL_HEAP));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("-Dguestbook=" + data());
    command.addAll(List.of("-cp", classPath(), GuestBookServer.class.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    processes.push(process);
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = output.readLine();
    if (line == null || !line.startsWith("ready ")) {
      throw new IOException("server must say that it is ready: " + line);
    }
    return line.substring("ready ".length());
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** As {@code postern install} does. */
  private void install() throws IOException {
    Path executable = directory.resolve("book");
    CgiExecutable installer =
        CgiExecutable.builder(GuestBook.class.getName())
            .classPath(
                List.of(
                    place(GuestBook.class),
                    place(Request.class),
                    place(FileItemInput.class),
                    place(IOUtils.class)))
            .library(directory.resolve("lib"))
            .jvmOption(SMALL_HEAP)
            .jvmOption("-Dguestbook=" + data())
            .build();
    assertThat(installer.install(executable)).isEmpty();
    // The installation has called the application, as this user.
    delete(data());
    open(Files.createDirectory(data()), "rwxrwxrwx");
  }

  private static Path place(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    return Path.of(source.getLocation().getPath());
  }

  // ---- the web server in front ----

  /** Writes a configuration; the command that serves it. */
  private interface Front {
    List<String> command(int port) throws IOException;
  }

  /** Another program may take the port between our look and the server's bind: then once more. */
  private void front(Front front) throws Exception {
    Path log = directory.resolve("run/console.log");
    for (int attempt = 1; ; attempt++) {
      port = freePort();
      ProcessBuilder builder = new ProcessBuilder(front.command(port));
      builder.environment().clear();
      builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
      builder.environment().put("LC_ALL", "C");
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      Process process = builder.start();
      processes.push(process);
      if (awaitReady(process)) {
        return;
      }
      if (attempt == PORTS_TRIED) {
        throw new IOException("web server did not start:\n" + Files.readString(log));
      }
      end(processes.pop());
    }
  }

  /** The second configuration of docs/fastcgi.md, for an application that is not at the root. */
  private List<String> nginx(int free) throws IOException {
    String run = directory + "/run";
    StringBuilder text = new StringBuilder("daemon off;\nworker_processes 1;\n");
    text.append("user nobody nogroup;\npid " + run + "/nginx.pid;\n");
    text.append("events { worker_connections 128; }\nhttp {\naccess_log off;\n");
    for (String kind : List.of("client_body", "fastcgi", "proxy", "scgi", "uwsgi")) {
      text.append(kind + "_temp_path " + run + "/" + kind + ";\n");
    }
    // For the upload: nginx refuses more than 1 MB unless it is told.
    text.append("client_max_body_size 0;\n");
    text.append(
        documented("fastcgi_split_path_info")
            .replace("listen 80;", "listen 127.0.0.1:" + free + ";")
            .replace("/run/hello/hello.sock", directory + "/book.sock")
            .replace("/app", "/book"));
    Path file = Files.writeString(directory.resolve("nginx.conf"), text.append("}\n").toString());
    String log = run + "/nginx.log";
    return List.of(program("nginx"), "-e", log, "-p", run + "/", "-c", file.toString());
  }

  /** The only block of the page that has this text. */
  private static String documented(String text) throws IOException {
    for (String block : Files.readString(Path.of("..", "docs", "fastcgi.md")).split("```", -1)) {
      if (block.startsWith("nginx\n") && block.contains(text)) {
        return block.substring("nginx\n".length());
      }
    }
    throw new IOException("docs/fastcgi.md must have such a configuration: " + text);
  }

  private List<String> apache(int free) throws IOException {
    String run = directory + "/run";
    StringBuilder text = new StringBuilder();
    for (String module : List.of("mpm_event", "cgid", "authz_core", "alias")) {
      text.append("LoadModule " + module + "_module " + apacheModule(module) + "\n");
    }
    text.append("ServerRoot " + directory + "\nDefaultRuntimeDir " + run + "\n");
    text.append("PidFile " + run + "/apache.pid\nMutex file:" + run + "\n");
    text.append("ScriptSock " + run + "/cgid.sock\nErrorLog " + run + "/apache.log\n");
    text.append("Listen 127.0.0.1:" + free + "\nServerName localhost\n");
    text.append("User nobody\nGroup nogroup\nStartServers 1\n");
    text.append("DocumentRoot " + run + "\nScriptAlias /book " + directory + "/book\n");
    text.append("<Directory " + directory + ">\nRequire all granted\n</Directory>\n");
    Path file = Files.writeString(directory.resolve("apache.conf"), text);
    return List.of(program("apache2"), "-DFOREGROUND", "-f", file.toString());
  }

  private boolean awaitReady(Process process) throws Exception {
    long began = System.nanoTime();
    while (System.nanoTime() - began < READY_NANOS && process.isAlive()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return process.isAlive();
      } catch (IOException e) {
        TimeUnit.MILLISECONDS.sleep(10);
      }
    }
    return false;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static String program(String name) {
    Path file = Path.of("/usr/sbin", name);
    return Files.isExecutable(file) ? file.toString() : missing(file.toString());
  }

  private static String apacheModule(String name) {
    Path file = Path.of("/usr/lib/apache2/modules", "mod_" + name + ".so");
    return Files.isReadable(file) ? file.toString() : missing(file.toString());
  }

  private static String missing(String what) {
    String message = what + " is not installed";
    return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
  }

  // ---- the end ----

  @Override
  public void close() throws IOException {
    while (!processes.isEmpty()) {
      end(processes.pop());
    }
    delete(directory);
  }

  /** Ours end with their input; others with SIGTERM, and their children with them. */
  private static void end(Process process) throws IOException {
    process.getOutputStream().close();
    if (!process.info().command().orElse("").equals(JAVA)) {
      process.destroy();
    }
    try {
      if (process.waitFor(30, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private static void open(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
