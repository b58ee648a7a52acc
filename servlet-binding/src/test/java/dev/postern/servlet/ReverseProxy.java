package dev.postern.servlet;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * nginx or Apache in front of a container, as behind something that speaks TLS with the client: it
 * passes on the host, {@code https} as the scheme, and the address of its own client. It names no
 * port: Jetty would write it into Host, also where it is 443.
 */
final class ReverseProxy implements AutoCloseable {
  static final String HOST = "www.example.test";

  /** Which server it is. */
  enum Kind {
    NGINX("/usr/sbin/nginx"),
    APACHE("/usr/sbin/apache2");

    private final Path program;

    Kind(String program) {
      this.program = Path.of(program);
    }
  }

  private static final String NGINX_CONFIGURATION =
      """
      daemon off;
      master_process off;
      pid @DIR@/pid;
      error_log @DIR@/error.log;
      events {}
      http {
        access_log off;
        client_body_temp_path @DIR@/body;
        proxy_temp_path @DIR@/proxy;
        fastcgi_temp_path @DIR@/fastcgi;
        uwsgi_temp_path @DIR@/uwsgi;
        scgi_temp_path @DIR@/scgi;
        server {
          listen 127.0.0.1:@PORT@;
          location / {
            proxy_pass http://127.0.0.1:@TARGET@;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
          }
        }
      }
      """;

  private static final String APACHE_CONFIGURATION =
      """
      LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
      LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
      LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
      LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
      LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
      ServerRoot @DIR@
      DefaultRuntimeDir @DIR@
      ServerName localhost
      PidFile @DIR@/pid
      ErrorLog @DIR@/error.log
      Listen 127.0.0.1:@PORT@
      User nobody
      Group nogroup
      StartServers 1
      ThreadsPerChild 8
      MaxRequestWorkers 16
      MinSpareThreads 1
      MaxSpareThreads 16
      ProxyPreserveHost On
      RequestHeader set X-Forwarded-Proto https
      ProxyPass / http://127.0.0.1:@TARGET@/
      """;

  private final int port;
  private final Process process;

  private ReverseProxy(int port, Process process) {
    this.port = port;
    this.process = process;
  }

  /** Starts it in that directory, in front of a port; ends the test where it is not installed. */
  static ReverseProxy start(Kind kind, Path directory, int target) throws Exception {
    if (!Files.isExecutable(kind.program)) {
      String message = kind.program + " is not installed";
      return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
    }
    int port = freePort();
    String text =
        (kind == Kind.NGINX ? NGINX_CONFIGURATION : APACHE_CONFIGURATION)
            .replace("@DIR@", directory.toString())
            .replace("@TARGET@", Integer.toString(target))
            .replace("@PORT@", Integer.toString(port));
    Path file = Files.writeString(directory.resolve("proxy.conf"), text);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> command =
        kind == Kind.NGINX
            ? List.of(kind.program.toString(), "-p", directory.toString(), "-c", file.toString())
            : List.of(kind.program.toString(), "-DFOREGROUND", "-f", file.toString());
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    ReverseProxy proxy = new ReverseProxy(port, process);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!proxy.answers()) {
      if (!process.isAlive() || System.nanoTime() - end > 0) {
        proxy.close();
        throw new IOException(kind + " must start: " + Files.readString(output));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return proxy;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  int port() {
    return port;
  }

  @Override
  public void close() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroyForcibly);
  }
}
