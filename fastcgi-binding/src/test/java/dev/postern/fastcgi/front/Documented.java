package dev.postern.fastcgi.front;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Configurations as the documentation has them. Only addresses, ports and paths are replaced, and
 * what a whole file needs around them is added.
 */
final class Documented {
  private static final String PAGE = "fastcgi.md";
  private static final String UNIX = "/run/hello/hello.sock";

  private Documented() {}

  /** The only block of that language in docs/fastcgi.md that contains the text. */
  static String block(String language, String text) throws IOException {
    return block(PAGE, language, text);
  }

  /** The only block of that language of a page that contains the text. */
  static String block(String page, String language, String text) throws IOException {
    Matcher blocks =
        Pattern.compile("(?s)```" + language + "\n(.*?)```")
            .matcher(Files.readString(Path.of("..", "docs", page)));
    List<String> found =
        blocks.results().map(one -> one.group(1)).filter(one -> one.contains(text)).toList();
    if (found.size() != 1) {
      throw new IOException("page must have one such block: " + text + ", and has " + found.size());
    }
    return found.get(0);
  }

  static FrontServer.Setup nginx(String block, String address) {
    return (directory, port) -> {
      StringBuilder text = new StringBuilder("daemon off;\nworker_processes 1;\n");
      text.append("pid " + directory + "/nginx.pid;\nevents { worker_connections 128; }\n");
      text.append("http {\naccess_log off;\n");
      for (String kind : List.of("client_body", "fastcgi", "proxy", "scgi", "uwsgi")) {
        text.append(kind + "_temp_path " + directory + "/" + kind + ";\n");
      }
      text.append(at(block, address).replace("listen 80;", "listen 127.0.0.1:" + port + ";"));
      Path file = write(directory, "nginx.conf", text.append("}\n").toString());
      String log = directory + "/nginx.log";
      return List.of(
          FrontServer.program("nginx"), "-e", log, "-p", directory + "/", "-c", file.toString());
    };
  }

  static FrontServer.Setup apache(String block, String address, String... modules) {
    return (directory, port) -> {
      StringBuilder text = new StringBuilder();
      for (String module : modules) {
        text.append("LoadModule " + module + "_module " + FrontServer.apacheModule(module) + "\n");
      }
      text.append("ServerRoot " + directory + "\nDefaultRuntimeDir " + directory + "\n");
      text.append("PidFile " + directory + "/apache.pid\nMutex file:" + directory + "\n");
      text.append("Listen 127.0.0.1:" + port + "\nServerName localhost\n");
      text.append("ErrorLog " + directory + "/apache.log\nStartServers 1\n");
      text.append("DocumentRoot " + directory + "\n");
      text.append(at(block, address));
      Path file = write(directory, "apache.conf", text.toString());
      return List.of(FrontServer.program("apache2"), "-DFOREGROUND", "-f", file.toString());
    };
  }

  static FrontServer.Setup lighttpd(String block, String address) {
    return (directory, port) -> {
      String text =
          "server.document-root = \""
              + directory
              + "\"\n"
              + "server.bind = \"127.0.0.1\"\nserver.port = "
              + port
              + "\n"
              + "server.errorlog = \""
              + directory
              + "/lighttpd.log\"\n"
              + "server.pid-file = \""
              + directory
              + "/lighttpd.pid\"\n"
              + "server.upload-dirs = ( \""
              + directory
              + "\" )\n"
              + at(block, address);
      Path file = write(directory, "lighttpd.conf", text);
      return List.of(FrontServer.program("lighttpd"), "-D", "-f", file.toString());
    };
  }

  static FrontServer.Setup haproxy(String block, String address) {
    return (directory, port) -> {
      String text =
          "global\n  log stderr local0\n"
              + "defaults\n  mode http\n  log global\n  timeout connect 10s\n"
              + "  timeout client 60s\n  timeout server 60s\n"
              + "frontend web\n  bind 127.0.0.1:"
              + port
              + "\n  default_backend hello\n"
              + at(block, address);
      Path file = write(directory, "haproxy.cfg", text);
      return List.of(FrontServer.program("haproxy"), "-db", "-f", file.toString());
    };
  }

  /** The block with the gateway's address in the place of the page's. */
  private static String at(String block, String address) {
    if (address.startsWith("unix:")) {
      return block.replace(UNIX, address.substring("unix:".length()));
    }
    String port = address.substring(address.lastIndexOf(':') + 1);
    return block
        .replaceAll("127\\.0\\.0\\.1:(9000|4000)", "127.0.0.1:" + port)
        .replaceAll("\"port\" => (9000|4000)", "\"port\" => " + port);
  }

  private static Path write(Path directory, String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }
}
