package dev.postern.cgi.server;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** The web servers that CGI executables are tried under. */
public enum WebServerKind {
  APACHE_CGID("Apache with mod_cgid") {
    @Override
    List<List<String>> commands(Site site, int port) throws IOException {
      return apache(site, port, "event", "cgid", "ScriptSock " + site.run() + "/cgid.sock\n");
    }
  },
  APACHE_CGI("Apache with mod_cgi") {
    @Override
    List<List<String>> commands(Site site, int port) throws IOException {
      return apache(site, port, "prefork", "cgi", "");
    }
  },
  LIGHTTPD("lighttpd") {
    @Override
    List<List<String>> commands(Site site, int port) throws IOException {
      String text =
          """
          server.document-root = "ROOT/www"
          server.bind = "127.0.0.1"
          server.port = PORT
          server.errorlog = "ROOT/logs/lighttpd.log"
          server.breakagelog = "ROOT/logs/programs.log"
          server.pid-file = "ROOT/run/lighttpd.pid"
          server.upload-dirs = ( "ROOT/run" )
          server.modules = ( "mod_cgi" )
          $HTTP["url"] =~ "^/cgi-bin/" { cgi.assign = ( "" => "" ) }
          """;
      String file = site.configuration("lighttpd.conf", filled(text, site, port)).toString();
      return List.of(List.of(Tools.require("lighttpd"), "-D", "-f", file));
    }
  },
  NGINX_FCGIWRAP("nginx with fcgiwrap") {
    @Override
    List<List<String>> commands(Site site, int port) throws IOException {
      String file = site.configuration("nginx.conf", nginx(site, port)).toString();
      String nginx = Tools.require("nginx");
      Files.deleteIfExists(site.run().resolve("fcgiwrap.sock"));
      return List.of(
          List.of(
              Tools.require("fcgiwrap"),
              "-f",
              "-c",
              "4",
              "-s",
              "unix:" + site.run() + "/fcgiwrap.sock"),
          List.of(nginx, "-e", site.logs() + "/nginx.log", "-p", site.run() + "/", "-c", file));
    }
  },
  BUSYBOX("busybox httpd") {
    @Override
    List<List<String>> commands(Site site, int port) {
      return List.of(
          List.of(
              Tools.require("busybox"),
              "httpd",
              "-f",
              "-p",
              "127.0.0.1:" + port,
              "-h",
              site.www().toString()));
    }
  };

  private final String title;

  WebServerKind(String title) {
    this.title = title;
  }

  /**
   * Starts this server. Skips the test where it is not installed.
   *
   * @param site its files, which outlive it
   */
  public WebServer start(Site site) throws IOException {
    return StartedServer.start(this, site);
  }

  /** Writes the configuration; the commands to run, of which the last one listens. */
  abstract List<List<String>> commands(Site site, int port) throws IOException;

  @Override
  public String toString() {
    return title;
  }

  private static List<List<String>> apache(Site site, int port, String mpm, String cgi, String more)
      throws IOException {
    StringBuilder text = new StringBuilder();
    for (String module : List.of("mpm_" + mpm, cgi, "authz_core", "alias", "env")) {
      String file = Tools.requireModule("mod_" + module + ".so");
      text.append("LoadModule " + module + "_module " + file + "\n");
    }
    text.append(
        filled(
            """
            ServerRoot ROOT
            DefaultRuntimeDir ROOT/run
            PidFile ROOT/run/apache.pid
            Mutex file:ROOT/run
            Listen 127.0.0.1:PORT
            ServerName localhost
            DocumentRoot ROOT/www
            ErrorLog ROOT/logs/apache.log
            StartServers 1
            MaxRequestWorkers 50
            ScriptAlias /cgi-bin/ ROOT/www/cgi-bin/
            <Directory ROOT/www>
              Require all granted
            </Directory>
            IncludeOptional ROOT/conf/more.conf
            """,
            site,
            port));
    String file = site.configuration("apache.conf", text + more).toString();
    return List.of(List.of(Tools.require("apache2"), "-DFOREGROUND", "-f", file));
  }

  private static String nginx(Site site, int port) {
    List<String> lines = new ArrayList<>();
    for (String kind : List.of("client_body", "fastcgi", "proxy", "scgi", "uwsgi")) {
      lines.add("  " + kind + "_temp_path ROOT/run/" + kind + ";");
    }
    for (String variable :
        List.of(
            "REQUEST_METHOD $request_method",
            "SCRIPT_FILENAME ROOT/www$fastcgi_script_name",
            "SCRIPT_NAME $fastcgi_script_name",
            "PATH_INFO $fastcgi_path_info",
            "QUERY_STRING $query_string",
            "REQUEST_URI $request_uri",
            "CONTENT_TYPE $content_type",
            "CONTENT_LENGTH $content_length",
            "SERVER_PROTOCOL $server_protocol",
            "SERVER_NAME $server_name",
            "SERVER_PORT $server_port",
            "REMOTE_ADDR $remote_addr",
            "REMOTE_USER $remote_user",
            "GATEWAY_INTERFACE CGI/1.1",
            "SERVER_SOFTWARE nginx")) {
      lines.add("  fastcgi_param " + variable + ";");
    }
    String text =
        """
        daemon off;
        worker_processes 1;
        pid ROOT/run/nginx.pid;
        events { worker_connections 64; }
        http {
          access_log off;
        PARAMETERS
          server {
            listen 127.0.0.1:PORT;
            server_name localhost;
            location /cgi-bin/ {
              fastcgi_split_path_info ^(/cgi-bin/[^/]+)(.*)$;
              fastcgi_pass unix:ROOT/run/fcgiwrap.sock;
            }
          }
        }
        """;
    return filled(text.replace("PARAMETERS", String.join("\n", lines)), site, port);
  }

  private static String filled(String text, Site site, int port) {
    // Not the one in SERVER_PORT.
    return text.replace("ROOT", site.root().toString())
        .replaceAll("\\bPORT\\b", Integer.toString(port));
  }
}
