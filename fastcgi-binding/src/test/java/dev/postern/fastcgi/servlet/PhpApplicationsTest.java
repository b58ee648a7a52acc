package dev.postern.fastcgi.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.fastcgi.front.FrontServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * DokuWiki, Adminer and phpMyAdmin of Debian's packages, by php-fpm and by servers that we keep, in
 * Tomcat and in Jetty. Debian leaves phpMyAdmin's set-up page out of its package.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PhpApplicationsTest {
  private static final Path WIKI = Path.of("/usr/share/dokuwiki");
  private static final Path ADMINER = Path.of("/usr/share/adminer");
  private static final Path PHPMYADMIN = Path.of("/usr/share/phpmyadmin");
  private static final String REFUSED = "Cannot log in to the MySQL server";

  /** Of "password". */
  private static final String HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/";

  private static final long LARGE = 100L << 20;

  private final HttpClient http =
      HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();
  private Path directory;
  private Process fpm;
  private String cookies = "";
  private URI base;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = FrontServer.directory();
  }

  @AfterEach
  void end() throws IOException {
    if (fpm != null) {
      FrontServer.end(fpm);
    }
    FrontServer.delete(directory);
  }

  private FastCgiApplication php(boolean kept, Path root, Path prepended) throws Exception {
    if (!Files.isDirectory(root)) {
      FrontServer.missing(root.getFileName().toString());
    }
    if (kept) {
      return FastCgiApplication.builder(
              List.of(
                  FrontServer.program("php-cgi"),
                  "-d",
                  "upload_max_filesize=8M",
                  "-d",
                  "auto_prepend_file=" + prepended))
          .servers(2)
          .root(root)
          .build();
    }
    Path socket = directory.resolve("php.sock");
    Path file = directory.resolve("fpm.conf");
    Files.writeString(
        file,
        String.join(
            "\n",
            "[global]",
            "error_log = " + directory + "/fpm.log",
            "daemonize = no",
            "[www]",
            "listen = " + socket,
            "listen.mode = 0666",
            "pm = static",
            "pm.max_children = 2",
            "php_admin_value[upload_max_filesize] = 8M",
            "php_admin_value[auto_prepend_file] = " + prepended,
            ""));
    String program;
    try (Stream<Path> programs = Files.list(Path.of("/usr/sbin"))) {
      program =
          programs
              .map(Path::toString)
              .filter(name -> name.matches(".*/php-fpm[0-9.]*"))
              .findFirst()
              .orElseGet(() -> FrontServer.missing("php-fpm"));
    }
    fpm = FrontServer.launch(directory, List.of(program, "-F", "-y", file.toString()));
    while (!Files.exists(socket)) {
      assertThat(fpm.isAlive()).isTrue();
      Thread.sleep(10);
    }
    return FastCgiApplication.builder("unix:" + socket).root(root).keepConnections(1).build();
  }

  private static Container container(String name, FastCgiApplication php) throws Exception {
    return name.equals("tomcat") ? Container.tomcat(php) : Container.jetty(php);
  }

  /** What a wiki needs of its own: configuration, a user, and data. */
  private Path wiki() throws IOException {
    Path conf = Files.createDirectory(directory.resolve("conf"));
    Path data = Files.createDirectory(directory.resolve("data"));
    FrontServer.own(data);
    for (String name :
        List.of(
            "pages",
            "meta",
            "media",
            "attic",
            "media_attic",
            "media_meta",
            "cache",
            "index",
            "locks",
            "tmp",
            "log")) {
      FrontServer.own(Files.createDirectory(data.resolve(name)));
    }
    Files.writeString(
        conf.resolve("local.php"),
        "<?php $conf['useacl'] = 1; $conf['superuser'] = '@admin'; $conf['userewrite'] = 2;"
            + " $conf['savedir'] = '"
            + data
            + "';");
    Files.writeString(conf.resolve("acl.auth.php"), "* @ALL 1\n* @user 8\n");
    Files.writeString(
        conf.resolve("users.auth.php"), "ann:" + HASH + ":Ann:ann@localhost:admin,user\n");
    Path start = data.resolve("pages").resolve("start.txt");
    FrontServer.own(Files.writeString(start, "====== Welcome ======\n"));
    try (RandomAccessFile large =
        new RandomAccessFile(data.resolve("media").resolve("large.zip").toFile(), "rw")) {
      large.setLength(LARGE);
    }
    return Files.writeString(
        directory.resolve("prepended.php"), "<?php define('DOKU_CONF', '" + conf + "/');");
  }

  @ParameterizedTest
  @CsvSource({"tomcat,false", "tomcat,true", "jetty,false", "jetty,true"})
  void dokuWiki_works(String container, boolean kept) throws Exception {
    try (FastCgiApplication php = php(kept, WIKI, wiki());
        Container running = container(container, php)) {
      base = URI.create("http://127.0.0.1:" + running.port());

      // The page is PATH_INFO.
      assertThat(get("/doku.php/start")).contains("Welcome");
      String form = get("/doku.php/start?do=login");
      assertThat(form).contains("type=\"password\"");
      HttpResponse<String> login =
          post(
              "/doku.php/start",
              "application/x-www-form-urlencoded",
              ("do=login&id=start&u=ann&p=password&sectok=" + field(form, "sectok"))
                  .getBytes(StandardCharsets.UTF_8));
      assertThat(login.statusCode()).isIn(200, 302);
      String page = get("/doku.php/start");
      assertThat(page).contains("do=logout");

      String media = get("/lib/exe/mediamanager.php?ns=");
      byte[] text = "caf\u00e9 ".repeat(40_000).getBytes(StandardCharsets.UTF_8);
      HttpResponse<String> upload =
          post(
              "/lib/exe/mediamanager.php",
              "multipart/form-data; boundary=b",
              multipart(
                  "sectok=" + field(media, "sectok") + "&ns=&mediaid=note.zip&do=media",
                  "upload",
                  text));
      assertThat(upload.statusCode()).as(upload.body()).isIn(200, 302);
      HttpResponse<byte[]> back =
          http.send(request("/lib/exe/fetch.php/note.zip").build(), BodyHandlers.ofByteArray());
      assertThat(back.statusCode()).isEqualTo(200);
      assertThat(back.body()).isEqualTo(text);

      HttpResponse<java.io.InputStream> large =
          http.send(request("/lib/exe/fetch.php/large.zip").build(), BodyHandlers.ofInputStream());
      try (java.io.InputStream in = large.body()) {
        assertThat(in.skip(LARGE)).isEqualTo(LARGE);
        assertThat(in.read()).isNegative();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"tomcat,false", "tomcat,true", "jetty,false", "jetty,true"})
  void adminer_asksForALogin(String container, boolean kept) throws Exception {
    Path none = Files.writeString(directory.resolve("none.php"), "");
    try (FastCgiApplication php = php(kept, ADMINER, none);
        Container running = container(container, php)) {
      base = URI.create("http://127.0.0.1:" + running.port());
      String page = "/adminer.php";
      assertThat(get(page)).contains("auth[password]");
      assertThat(get(page + "/path/info")).contains("auth[password]");
      String form =
          "auth[driver]=sqlite&auth[server]=&auth[username]=&auth[password]=&auth[db]=none";
      HttpResponse<String> login =
          post(
              page,
              "application/x-www-form-urlencoded",
              form.replace("[", URLEncoder.encode("[", StandardCharsets.UTF_8))
                  .replace("]", URLEncoder.encode("]", StandardCharsets.UTF_8))
                  .getBytes(StandardCharsets.UTF_8));
      assertThat(login.statusCode()).isIn(302, 403);
      assertThat(cookies).contains("adminer_");

      // PHP has the fields only when it has understood all of the upload.
      cookies = "";
      get(page);
      String fields = form.replace("sqlite", "server").replace("username]=", "username]=ann");
      login =
          post(page, "multipart/form-data; boundary=b", multipart(fields, "file", bytes(300_000)));
      assertThat(login.statusCode()).as(login.body()).isEqualTo(302);
      assertThat(login.headers().firstValue("Location")).get().asString().contains("username=ann");
    }
  }

  /** No database is there, so that the login is refused in words of the page. */
  @ParameterizedTest
  @CsvSource({"tomcat,false", "tomcat,true", "jetty,false", "jetty,true"})
  void phpMyAdmin_refusesALogin(String container, boolean kept) throws Exception {
    Path sessions = Files.createDirectory(directory.resolve("sessions"));
    FrontServer.own(sessions);
    Path prepended =
        Files.writeString(
            directory.resolve("prepended.php"), "<?php session_save_path('" + sessions + "');");
    try (FastCgiApplication php = php(kept, PHPMYADMIN, prepended);
        Container running = container(container, php)) {
      base = URI.create("http://127.0.0.1:" + running.port());
      // The index of the root, and PATH_INFO.
      assertThat(get("/")).contains("name=\"pma_password\"");
      assertThat(get("/index.php/path/info")).contains("name=\"pma_password\"");
      // A script that answers other than HTML.
      assertThat(get("/js/messages.php?l=en")).contains("Messages");

      String page = get("/index.php?route=/");
      assertThat(page).contains("name=\"pma_password\"").doesNotContain(REFUSED);
      String fields =
          "route=/&server=1&pma_username=ann&pma_password=secret&set_session="
              + field(page, "set_session")
              + "&token="
              + field(page, "token");
      HttpResponse<String> login =
          post(
              "/index.php?route=/",
              "application/x-www-form-urlencoded",
              fields.getBytes(StandardCharsets.UTF_8));
      assertThat(login.statusCode()).as(login.body()).isEqualTo(200);
      assertThat(login.body()).contains(REFUSED);

      // PHP has the fields only when it has understood all of the upload.
      page = get("/index.php?route=/");
      assertThat(page).doesNotContain(REFUSED);
      fields =
          "route=/&server=1&pma_username=bob&pma_password=secret&set_session="
              + field(page, "set_session")
              + "&token="
              + field(page, "token");
      login =
          post(
              "/index.php?route=/",
              "multipart/form-data; boundary=b",
              multipart(fields, "import_file", bytes(300_000)));
      assertThat(login.statusCode()).as(login.body()).isEqualTo(200);
      assertThat(login.body()).contains(REFUSED);
    }
  }

  private HttpRequest.Builder request(String target) {
    HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(target));
    return cookies.isEmpty() ? request : request.header("Cookie", cookies);
  }

  private String get(String target) throws Exception {
    HttpResponse<String> response = http.send(request(target).build(), BodyHandlers.ofString());
    keep(response);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return response.body();
  }

  private HttpResponse<String> post(String target, String type, byte[] body) throws Exception {
    HttpRequest request =
        request(target).header("Content-Type", type).POST(BodyPublishers.ofByteArray(body)).build();
    HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
    keep(response);
    return response;
  }

  /** The last value of each cookie. */
  private void keep(HttpResponse<?> response) {
    for (String set : response.headers().allValues("Set-Cookie")) {
      String pair = set.split(";", 2)[0];
      String name = pair.substring(0, pair.indexOf('=') + 1);
      StringBuilder kept = new StringBuilder();
      for (String old : cookies.split("; ")) {
        if (!old.isEmpty() && !old.startsWith(name)) {
          kept.append(old).append("; ");
        }
      }
      cookies = kept + pair;
    }
  }

  /** The value of a hidden field. */
  private static String field(String page, String name) {
    Matcher value = Pattern.compile("name=\"" + name + "\" value=\"([^\"]*)\"").matcher(page);
    assertThat(value.find()).as(page).isTrue();
    return value.group(1);
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31);
    }
    return bytes;
  }

  /** Fields, as a query has them without its escapes, and a file. */
  private static byte[] multipart(String fields, String name, byte[] file) {
    StringBuilder text = new StringBuilder();
    for (String field : fields.split("&")) {
      String[] parts = field.split("=", 2);
      text.append("--b\r\nContent-Disposition: form-data; name=\"" + parts[0] + "\"\r\n\r\n");
      text.append(parts[1] + "\r\n");
    }
    text.append("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"");
    text.append("; filename=\"note.zip\"\r\nContent-Type: application/zip\r\n\r\n");
    text.append(new String(file, StandardCharsets.ISO_8859_1)).append("\r\n--b--\r\n");
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
