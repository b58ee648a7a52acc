package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.launcher.config.ConfigFile;
import dev.postern.launcher.config.Vocabulary;
import dev.postern.launcher.status.Board;
import dev.postern.launcher.values.LauncherException;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The file of {@code serve --config}: what it means, what is wrong in it, and a second reading. */
class ConfigurationTest {
  @TempDir Path directory;

  @BeforeEach
  void writePrograms() throws Exception {
    Sources.script(
        Files.createDirectory(directory.resolve("cgi")).resolve("show.sh"),
        """
        #!/bin/sh
        printf 'Content-Type: text/plain\\n\\n%s|%s|%s|%s' "$SCRIPT_NAME" "${A-}" "${B-}" "$PWD"
        """);
    Files.writeString(directory.resolve("cgi/text.ext"), "printf 'Content-Type: a/b\\n\\nrun'");
  }

  private Configuration configuration(String yaml, String... arguments) throws Exception {
    Path file = directory.resolve("site.yaml");
    Files.writeString(file, yaml);
    List<String> words = new ArrayList<>(List.of("--config", file.toString()));
    words.addAll(Arrays.asList(arguments));
    return new Configuration(ServeCommand.parse(words));
  }

  private static String get(Application application, String path) throws Exception {
    return InMemoryGateway.of(application).run(TestRequest.get(path)).text();
  }

  @Test
  void mounts_haveTheirOwnOptionsAndThoseOfTheTop() throws Exception {
    Configuration configuration =
        configuration(
            """
            port: 0
            environment:
              A: top
              B: top
            mounts:
              /plain:
                cgi: cgi/show.sh
              /own:
                cgi-dir: cgi
                environment: {A: own}
                directory: .
                interpreter: {.ext: /bin/sh}
            """,
            "--env",
            "B=argument");
    configuration.read();
    Site site = configuration.open();

    assertThat(configuration.server().port).isEqualTo("0");
    assertThat(get(site, "/plain"))
        .isEqualTo("/plain|top|argument|" + directory.resolve("cgi").toRealPath());
    assertThat(get(site, "/own/show.sh"))
        .isEqualTo("/own/show.sh|own|argument|" + directory.toRealPath());
    assertThat(get(site, "/own/text.ext")).isEqualTo("run");
    site.retire();
  }

  /** What a key can name beside a file: an address, a callable, a class. */
  @Test
  void pathsInsideOfValues_startAtTheFile() throws Exception {
    Files.writeString(directory.resolve("a:b"), "printf 'Content-Type: a/b\\n\\ncolon'");
    Files.writeString(directory.resolve("site.py"), "application = None\n");
    classes();
    Configuration configuration =
        configuration(
            """
            listen: [unix:run/a.sock, "127.0.0.1:0"]
            interpreter: /bin/sh
            mounts:
              /colon: {cgi: "a:b"}
              /wsgi: {wsgi: "site.py:application"}
              /fcgi: {fcgi: "unix:run/php.sock,www"}
              /class: {java-cgi: Hello, classpath: "classes:cgi"}
              /psgi: {psgi: site.py, worker: {a: "spares:1,working-directory:cgi"}}
            """);
    configuration.read();

    assertThat(configuration.server().listeners().get(0).path())
        .isEqualTo(directory.resolve("run/a.sock"));
    Site site = configuration.open();
    assertThat(get(site, "/colon")).isEqualTo("colon");
    List<List<String>> words = new ArrayList<>();
    ConfigFile.read(
            directory.resolve("site.yaml"),
            new Vocabulary(new CommandLine(new ServeCommand()).getCommandSpec()))
        .mounts()
        .forEach(mount -> words.add(mount.words()));
    String in = directory + "/";
    assertThat(words)
        .containsExactly(
            List.of("--cgi=/colon=" + in + "a:b"),
            List.of("--wsgi=/wsgi=" + in + "site.py:application"),
            List.of("--fcgi=/fcgi=unix:" + in + "run/php.sock," + in + "www"),
            List.of("--java-cgi=/class=Hello", "--classpath=" + in + "classes:" + in + "cgi"),
            List.of(
                "--psgi=/psgi=" + in + "site.py",
                "--worker=a=spares:1,working-directory:" + in + "cgi"));
  }

  @Test
  void emptyList_andACommandWithAnEqualsSign_overrideTheTop() throws Exception {
    Configuration configuration =
        configuration(
            """
            interpreter: /bin/false
            methods: [POST]
            mounts:
              /own: {cgi-dir: cgi, methods: [], interpreter: /usr/bin/env A=own B=too sh}
            """);
    configuration.read();
    Site site = configuration.open();

    assertThat(get(site, "/own/show.sh")).startsWith("/own/show.sh|own|too|");
    site.retire();
  }

  @Test
  void files_areServedBesideProgramsButNotTheirText() throws Exception {
    Files.writeString(directory.resolve("page.txt"), "page");
    Files.createSymbolicLink(directory.resolve("link.txt"), Path.of("cgi/show.sh"));
    Configuration configuration =
        configuration("mounts:\n  /:\n    files: .\n  /run:\n    cgi-dir: cgi\n");
    configuration.read();
    Site site = configuration.open();

    assertThat(get(site, "/page.txt")).isEqualTo("page");
    assertThat(get(site, "/run/show.sh")).startsWith("/run/show.sh|");
    for (String hidden : List.of("/cgi/show.sh", "/cgi/text.ext", "/link.txt", "/cgi//show.sh")) {
      assertThat(get(site, hidden)).as(hidden).isEqualTo("404 Not Found\n");
    }
    site.retire();
  }

  /** Styles and images are often beside the scripts that a FastCGI server runs. */
  @Test
  void scriptsOfAFastCgiServer_areHiddenFromFilesOfItsRoot() throws Exception {
    Path root = Files.createDirectories(directory.resolve("www/lib")).getParent();
    Files.writeString(root.resolve("config.php"), "secret");
    Files.writeString(root.resolve("lib/db.php"), "secret");
    Files.writeString(root.resolve("style.css"), "style");
    Files.writeString(directory.resolve("other.php"), "other");
    Files.createSymbolicLink(root.resolve("link.txt"), Path.of("config.php"));
    Files.createSymbolicLink(root.resolve("linked.php"), Path.of("../other.php"));
    Files.createSymbolicLink(directory.resolve("there"), Path.of("www"));
    Configuration configuration =
        configuration(
            "mounts:\n  /: {files: www}\n  /all: {files: .}\n"
                + "  /app: {fcgi: 'unix:php.sock,there'}\n");
    configuration.read();
    Site site = configuration.open();

    assertThat(get(site, "/style.css")).isEqualTo("style");
    assertThat(get(site, "/all/other.php")).isEqualTo("other");
    for (String hidden :
        List.of(
            "/config.php",
            "/lib/db.php",
            "/link.txt",
            "/linked.php",
            "/all/www/config.php",
            "/all/there/lib/db.php")) {
      assertThat(get(site, hidden)).as(hidden).isEqualTo("404 Not Found\n");
    }
    site.retire();
  }

  /** As a deployment does that puts each release into a directory of its own. */
  @Test
  void programBehindALinkThatIsSwitched_staysHidden() throws Exception {
    for (String release : List.of("one", "two")) {
      Path program = Files.createDirectory(directory.resolve(release)).resolve("show.sh");
      Sources.script(program, "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n" + release + "'\n");
    }
    Path current = Files.createSymbolicLink(directory.resolve("current"), Path.of("one"));
    Configuration configuration =
        configuration("mounts:\n  /: {files: .}\n  /run: {cgi: current/show.sh}\n");
    configuration.read();
    Site site = configuration.open();
    Files.delete(current);
    Files.createSymbolicLink(current, Path.of("two"));

    for (String hidden : List.of("/current/show.sh", "/two/show.sh", "/one/show.sh")) {
      assertThat(get(site, hidden)).as(hidden).isEqualTo("404 Not Found\n");
    }
    site.retire();
  }

  @Test
  void programThatIsTheIndex_isHiddenAsThePageOfItsDirectory() throws Exception {
    Files.writeString(Files.createDirectory(directory.resolve("plain")).resolve("show.sh"), "text");
    Configuration configuration =
        configuration(
            """
            mounts:
              /: {files: ., index: show.sh}
              /run: {cgi: cgi/show.sh}
            """);
    configuration.read();
    Site site = configuration.open();

    assertThat(get(site, "/cgi/")).isEqualTo("404 Not Found\n");
    assertThat(get(site, "/cgi/show.sh")).isEqualTo("404 Not Found\n");
    assertThat(get(site, "/plain/")).isEqualTo("text");
    site.retire();
  }

  @Test
  void indexOfPrograms_isNotTheOneOfFiles() throws Exception {
    Files.writeString(directory.resolve("index.html"), "page");
    Files.writeString(directory.resolve("own.html"), "own");
    Configuration configuration =
        configuration(
            """
            index: show.sh
            mounts:
              /cgi: {cgi-dir: cgi}
              /page: {files: .}
              /own: {files: ., index: own.html}
            """,
            "--files",
            "/argument=" + directory);
    configuration.read();
    Site site = configuration.open();

    assertThat(get(site, "/cgi/")).startsWith("/cgi/show.sh|");
    assertThat(get(site, "/page/")).isEqualTo("page");
    assertThat(get(site, "/own/")).isEqualTo("own");
    assertThat(get(site, "/argument/")).isEqualTo("page");
    site.retire();
  }

  @Test
  void programsOfOtherLanguages_areHiddenToo() throws Exception {
    Files.writeString(directory.resolve("site.py"), "application = None\n");
    Files.writeString(directory.resolve("site.psgi"), "sub { }\n");
    Files.writeString(
        directory.resolve("Page.java"),
        "class Page { public static void main(String[] words) { } }\n");
    Files.writeString(directory.resolve("other.py"), "other");
    Configuration configuration =
        configuration(
            """
            mounts:
              /: {files: .}
              /wsgi: {wsgi: "site.py:application"}
              /psgi: {psgi: site.psgi}
              /java: {java-cgi: Page.java}
            """);
    configuration.read();
    Site site = configuration.open();

    for (String hidden : List.of("/site.py", "/site.psgi", "/Page.java")) {
      assertThat(get(site, hidden)).as(hidden).isEqualTo("404 Not Found\n");
    }
    assertThat(get(site, "/other.py")).isEqualTo("other");
    site.retire();
  }

  @Test
  void htpasswd_letsInOnlyItsUsers() throws Exception {
    writeUsers();
    Configuration configuration =
        configuration("mounts:\n  /run:\n    cgi-dir: cgi\n    htpasswd: users\n");

    assertOnlyUsersAreLetIn(configuration, "/run/show.sh");
  }

  @Test
  void htpasswdWithAnotherHash_isToldWithItsUser() throws Exception {
    Files.writeString(directory.resolve("users"), "ann:$apr1$x$y\n");
    Configuration configuration = configuration("htpasswd: users\nmounts: {/x: {cgi-dir: cgi}}\n");
    configuration.read();

    assertThatThrownBy(configuration::open)
        .hasMessageContaining("FILE of --htpasswd must be a file of users: ")
        .hasMessageEndingWith(
            ": line of a htpasswd file must be a name and a bcrypt hash: \"ann\"");
  }

  @Test
  void htpasswd_guardsASourceFile() throws Exception {
    writeUsers();
    Path source = Files.writeString(directory.resolve("Hello.java"), Sources.HELLO);
    Configuration configuration = configuration("htpasswd: users\n", source.toString());

    assertOnlyUsersAreLetIn(configuration, "/");
  }

  private void writeUsers() throws Exception {
    // The hash of "secret", as htpasswd -B -C 4 writes it.
    Files.writeString(
        directory.resolve("users"),
        "alice:$2y$04$NxYCcaCS1NQPFfCuR0OJA.UwXmA15zPZG2xH6oK2I7LhfTODoCXZ6\n");
  }

  private static void assertOnlyUsersAreLetIn(Configuration configuration, String path)
      throws Exception {
    configuration.read();
    Site site = configuration.open();
    InMemoryGateway gateway = InMemoryGateway.of(site);
    String credentials =
        Base64.getEncoder().encodeToString("alice:secret".getBytes(StandardCharsets.US_ASCII));

    assertThat(gateway.run(TestRequest.get(path)).status()).isEqualTo(401);
    assertThat(
            gateway
                .run(TestRequest.get(path).withHeader("Authorization", "Basic " + credentials))
                .status())
        .isEqualTo(200);
    site.retire();
  }

  @Test
  void arguments_countMoreThanTheTopOfTheFile() throws Exception {
    Configuration configuration = configuration("port: 1\nbind: 127.0.0.2\n", "--port", "2");
    configuration.read();

    assertThat(configuration.server().port).isEqualTo("2");
    assertThat(configuration.server().bind).isEqualTo("127.0.0.2");
  }

  /** The line, the key, and what is allowed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          a: b: c                                   | 1: mapping values are not allowed here
          [1]                                       | 1: the file: must have keys and values
          port: [1]                                 | 1: port: must be one value
          ~port: 1~port: 2                          | 3: port: must be given once
          ~timeuot: 3                               | 2: timeuot: unknown key; did you mean timeout?
          config: x                                 | 1: config: unknown key
          cgi: x                                    | 1: cgi: must stand in a mount
          strict-exit: maybe                        | 1: strict-exit: must be true or false: "maybe"
          env: {PATH_INFO: 3}                       | 1: env: --env: environment name must be free
          max-processes: 0                          | 1: max-processes: --max-processes must be a number of at least 1
          mounts: 3                                 | 1: mounts: must have keys and values
          mounts: {/x: }                            | 1: /x: must have keys and values
          mounts: {/x: {}}                          | 1: "/x" must have one of app, cgi, cgi-dir
          mounts: {/x: {cgi: a, cgi-dir: cgi}}      | 1: "/x" must have one of app, cgi, cgi-dir
          mounts: {/x: {cgi: []}}                   | 1: cgi: must be one value
          mounts: {x: {cgi-dir: cgi}}               | 1: cgi-dir: PREFIX of --cgi-dir must start with a slash
          mounts: {/x: {cgi-dir: nowhere}}          | 1: cgi-dir: DIR of --cgi-dir must be a directory
          mounts: {/x: {app: Nowhere}}              | 1: app: class "Nowhere" must be on the class path
          mounts: {/x: {cgi-dir: cgi, port: 3}}     | 1: port: must stand at the top of the file
          mounts:~ /x:~  cgi-dir: cgi~  timeout: -1 | 4: timeout: SECONDS of --timeout must be a number above 0
          mounts:~ /x: {cgi-dir: cgi}~ /x: {cgi-dir: cgi} | 3: /x: must be given once
          mounts:~ /x: {cgi-dir: cgi}~ /x/: {cgi-dir: cgi}| 3: cgi-dir: PREFIX must be given once: "/x"
          """)
  void whatIsWrong_isToldWithItsLine(String yaml, String message) throws Exception {
    Configuration configuration = configuration(yaml.replace('~', '\n'));

    assertThatThrownBy(
            () -> {
              configuration.read();
              configuration.open();
            })
        .isInstanceOfSatisfying(LauncherException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
        .hasMessageStartingWith(directory.resolve("site.yaml") + ":" + message);
  }

  @Test
  void javaProgramThatCannotHaveTheLevel_isToldWithItsLine() throws Exception {
    classes();
    Configuration configuration =
        configuration("require-level: L1\nmounts:\n  /x: {java-cgi: Hello, classpath: classes}\n");
    configuration.read();

    assertThatThrownBy(configuration::open)
        .isInstanceOfSatisfying(LauncherException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
        .hasMessageStartingWith(directory.resolve("site.yaml") + ":1: require-level: ");
  }

  /** The class cannot be mounted, and fails in a way that nobody expects. */
  private static final String ODD =
      """
      import dev.postern.*;
      public final class Odd implements Responder {
        public Response respond(Environ environ) {
          return Response.of(200, Headers.of(), Body.empty());
        }
        public String toString() {
          throw new THROWN("odd");
        }
      }
      """;

  @ParameterizedTest
  @ValueSource(strings = {"IllegalStateException", "NoClassDefFoundError", "AssertionError"})
  void reloadThatFailsInAnyWay_leavesTheOldSite(String thrown) throws Exception {
    Sources.compile(directory.resolve("odd"), "Odd", ODD.replace("THROWN", thrown));
    Configuration configuration = configuration("mounts: {/x: {cgi: cgi/show.sh}}\n");
    configuration.read();
    Path log = directory.resolve("log");
    try (Sites sites = new Sites(configuration.open());
        LogFile file = LogFile.open("--error-log", log.toString())) {
      Files.writeString(
          directory.resolve("site.yaml"), "mounts: {/x: {app: Odd, classpath: odd}}\n");
      Logs.to(file);
      ServeCommand.reload(configuration, sites);

      assertThat(get(sites, "/x")).startsWith("/x|");
      assertThat(log)
          .hasContent("postern: the old configuration stays: java.lang." + thrown + ": odd");
    } finally {
      Logs.to(LogFile.standardError());
    }
  }

  /** The old site stays if a server could not start with the file, whatever is wrong in it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          access-format: xml        | access-format: --access-format must be combined or json
          listen: [nowhere]         | listen: --listen must be HOST:PORT
          tls-cert: absent          | tls-cert: --tls-cert must come with --tls-key
          trusted-proxy: nobody     | trusted-proxy: --trusted-proxy:
          access-log: absent/log    | access-log: FILE of --access-log
          """)
  void reload_checksTheOptionsOfTheServer(String wrong, String message) throws Exception {
    Configuration configuration = configuration("mounts: {/x: {cgi: cgi/show.sh}}\n");
    configuration.read();

    assertThat(logOfReload(configuration, wrong + "\nmounts: {/y: {cgi: cgi/show.sh}}\n", "/x"))
        .startsWith("postern: the old configuration stays: ")
        .contains("site.yaml:1: " + message);
  }

  @Test
  void reload_tellsWhatNeedsARestart() throws Exception {
    Configuration configuration = configuration("port: 0\nbind: 127.0.0.1\n", "--dev");
    configuration.read();
    String changed = "port: 1\nbind: 127.0.0.1\nstatus: /s\nproxy-protocol: true\n";

    for (int i = 0; i < 2; i++) {
      assertThat(logOfReload(configuration, changed + "mounts: {/x: {cgi: cgi/show.sh}}\n", "/x"))
          .isEqualTo(
              """
              postern: --port needs a restart
              postern: --proxy-protocol needs a restart
              postern: the configuration was read again
              """);
    }
  }

  /** Reads the file again, which must leave a program at that path, and returns the log. */
  private String logOfReload(Configuration configuration, String yaml, String path)
      throws Exception {
    Path log = Files.createTempFile(directory, "reload", ".log");
    try (Sites sites = new Sites(configuration.open());
        LogFile file = LogFile.open("--error-log", log.toString())) {
      Files.writeString(directory.resolve("site.yaml"), yaml);
      Logs.to(file);
      ServeCommand.reload(configuration, sites);

      assertThat(get(sites, path)).startsWith(path + "|");
    } finally {
      Logs.to(LogFile.standardError());
    }
    return Files.readString(log);
  }

  /** The second request fails as the first one did, and does not get the old site. */
  @Test
  void devReloadThatFailsInAnyWay_failsEachRequest() throws Exception {
    Sources.compile(
        directory.resolve("odd"), "Odd", ODD.replace("THROWN", "IllegalStateException"));
    Configuration configuration = configuration("mounts: {/x: {cgi: cgi/show.sh}}\n");
    configuration.read();
    Path log = directory.resolve("log");
    try (Sites sites = new Sites(configuration.open());
        LogFile file = LogFile.open("--error-log", log.toString())) {
      DevSites dev = new DevSites(configuration, sites);
      InMemoryGateway gateway = InMemoryGateway.builder(dev).unlinted().build();
      Logs.to(file);
      Files.writeString(
          directory.resolve("site.yaml"), "mounts: {/x: {app: Odd, classpath: odd}}\n");

      assertThat(gateway.run(TestRequest.get("/x")).status()).isEqualTo(500);
      assertThat(gateway.run(TestRequest.get("/x")).status()).isEqualTo(500);
      Files.writeString(directory.resolve("site.yaml"), "mounts: {/y: {cgi: cgi/show.sh}}\n");
      assertThat(gateway.run(TestRequest.get("/y")).text()).startsWith("/y|");
      assertThat(Files.readAllLines(log))
          .containsExactly(
              "postern: what has changed cannot be loaded: java.lang.IllegalStateException: odd",
              "postern: what has changed was loaded again");
    } finally {
      Logs.to(LogFile.standardError());
    }
  }

  /** What the command line says counts more than the file, also when it is wrong. */
  @Test
  void argumentThatIsWrong_isNotToldAsTheFiles() throws Exception {
    Configuration configuration = configuration("timeout: 3\nport: 1\n", "--timeout", "soon");
    configuration.read();

    assertThatThrownBy(configuration::open).hasMessageStartingWith("SECONDS of --timeout must be");
  }

  /** Of the top and of a mount, whether the site was made or not. */
  @Test
  void classPaths_areClosedWithTheirSite() throws Exception {
    for (String name : List.of("top.jar", "own.jar")) {
      try (JarOutputStream jar =
          new JarOutputStream(Files.newOutputStream(directory.resolve(name)))) {
        jar.putNextEntry(new JarEntry("x"));
        for (Path file : Files.list(classes()).filter(Files::isRegularFile).toList()) {
          jar.putNextEntry(new JarEntry(file.getFileName().toString()));
          Files.copy(file, jar);
        }
      }
    }
    String right =
        "classpath: top.jar\nmounts:\n"
            + "  /a: {app: Hello}\n  /b: {app: Hello, classpath: own.jar}\n";
    Configuration good = configuration(right);
    good.read();
    Site site = good.open();
    assertThat(openJars()).hasSize(2);
    site.retire();
    assertThat(openJars()).isEmpty();

    Configuration bad = configuration(right + "  /c: {app: Nowhere}\n");
    bad.read();
    assertThatThrownBy(bad::open).hasMessageContaining("Nowhere");
    assertThat(openJars()).isEmpty();
  }

  /** Libraries find an application's own classes and files by the loader of their thread. */
  @Test
  void classPathOfAMount_isTheOneOfItsRequests() throws Exception {
    String source =
        """
        import dev.postern.*;
        public final class NAME implements Responder {
          public Response respond(Environ environ) {
            return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.writing(out -> {
              boolean own = Thread.currentThread().getContextClassLoader()
                  == getClass().getClassLoader();
              out.write((own ? "own" : "other").getBytes());
            }));
          }
        }
        """;
    for (String name : List.of("One", "Two", "Three")) {
      Sources.compile(directory.resolve(name), name, source.replace("NAME", name));
    }
    Configuration configuration =
        configuration(
            """
            classpath: One
            mounts:
              /1: {app: One}
              /2: {app: Two, classpath: Two}
              /3: {app: Three, classpath: Three}
            """);
    configuration.read();
    try (Sites sites = new Sites(configuration.open())) {
      for (String path : List.of("/1", "/2", "/3", "/2", "/1")) {
        assertThat(get(sites, path)).as(path).isEqualTo("own");
      }
    }
  }

  /** The application is not made, as nobody would close it. */
  @Test
  void applicationOfATakenPrefix_isNotMade() throws Exception {
    Sources.compile(
        directory.resolve("classes"),
        "Made",
        """
        import dev.postern.*;
        public final class Made implements Responder {
          public Made() throws Exception {
            java.nio.file.Files.createFile(java.nio.file.Path.of("MADE"));
          }
          public Response respond(Environ environ) {
            return Response.of(204, Headers.of(), Body.empty());
          }
        }
        """
            .replace("MADE", directory.resolve("made").toString()));
    Configuration configuration =
        configuration("classpath: classes\nmounts: {/x: {cgi: cgi/show.sh}, /x/: {app: Made}}\n");
    configuration.read();

    assertThatThrownBy(configuration::open).hasMessageContaining("PREFIX must be given once");
    assertThat(directory.resolve("made")).doesNotExist();
  }

  private Path classes() throws Exception {
    return Sources.compile(directory.resolve("classes"), "Hello", Sources.HELLO);
  }

  /** The jars of this test that this process has open. */
  private List<Path> openJars() throws Exception {
    List<Path> jars = new ArrayList<>();
    for (File descriptor : Path.of("/proc/self/fd").toFile().listFiles()) {
      try {
        Path file = Files.readSymbolicLink(descriptor.toPath());
        if (file.startsWith(directory) && file.toString().endsWith(".jar")) {
          jars.add(file);
        }
      } catch (IOException e) {
        // It was closed just now.
      }
    }
    return jars;
  }

  @Test
  void bytesThatAreNoUtf8_areRefused() throws Exception {
    Configuration configuration = configuration("");
    Files.write(directory.resolve("site.yaml"), new byte[] {'a', (byte) 0xff});

    assertThatThrownBy(configuration::read).hasMessageEndingWith("site.yaml:1: must be UTF-8");
  }

  @Test
  void fileThatIsRewritten_hasChanged() throws Exception {
    Configuration configuration = configuration("timeout: 3\n");
    configuration.read();
    assertThat(configuration.hasChanged()).isFalse();

    Files.writeString(directory.resolve("site.yaml"), "timeout: 30\n");
    assertThat(configuration.hasChanged()).isTrue();
    configuration.read();
    assertThat(configuration.hasChanged()).isFalse();
  }

  /** A request that has begun ends under the site that it began under, which is closed then. */
  @Test
  void sites_closeTheOldOneAfterItsLastRequest() throws Exception {
    Closing old = new Closing("old");
    Closing next = new Closing("next");
    ClassLoader loader = getClass().getClassLoader();
    Sites sites =
        new Sites(new Site(Map.of("", old), loader, List.of(), () -> {}, new Board().open()));
    Thread request =
        new Thread(
            () -> {
              try {
                old.answer = get(sites, "/");
              } catch (Exception e) {
                old.answer = e.toString();
              }
            });
    request.start();
    assertThat(old.begun.await(30, TimeUnit.SECONDS)).isTrue();

    sites.replace(new Site(Map.of("", next), loader, List.of(), () -> {}, new Board().open()));
    next.go.countDown();
    assertThat(get(sites, "/")).isEqualTo("next");
    assertThat(old.closed.getCount()).isOne();

    old.go.countDown();
    request.join();
    assertThat(old.answer).isEqualTo("old");
    assertThat(old.closed.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(next.closed.getCount()).isOne();
    sites.close();
    assertThat(next.closed.getCount()).isZero();
  }

  /** The site is replaced while its last request runs, whether that one is answered or fails. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sites_closeTheOldOneAfterTheHooksOfItsApplication(boolean fails) throws Exception {
    List<String> events = new ArrayList<>();
    ClassLoader loader = getClass().getClassLoader();
    Closing next = new Closing("next");
    Site following = new Site(Map.of("", next), loader, List.of(), () -> {}, new Board().open());
    AtomicReference<Sites> sites = new AtomicReference<>();
    Application old =
        (environ, start) -> {
          environ.onFinish(outcome -> events.add("hook " + outcome.status()));
          sites.get().replace(following);
          if (fails) {
            throw new HttpException(404, "gone");
          }
          start.start(200, Headers.of("Content-Type", "text/plain"));
          return Body.of("old");
        };
    AutoCloseable groups = () -> events.add("closed");
    sites.set(new Sites(new Site(Map.of("", old), loader, List.of(), groups, new Board().open())));

    get(sites.get(), "/");
    sites.get().close();

    assertThat(events).containsExactly("hook " + (fails ? 404 : 200), "closed");
  }

  /** One request hangs in a site that was replaced, and one in the site of now. */
  @Test
  void sites_thatStop_closeAllApplicationsAlthoughRequestsHang() throws Exception {
    List<Closing> hanging = List.of(new Closing("old"), new Closing("next"));
    List<Closing> others = List.of(new Closing("beside old"), new Closing("beside next"));
    List<Site> both = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Map<String, Application> routes = Map.of("/a", hanging.get(i), "/b", others.get(i));
      ClassLoader loader = getClass().getClassLoader();
      both.add(new Site(routes, loader, List.of(), () -> {}, new Board().open()));
    }
    List<Thread> requests = new ArrayList<>();
    Path log = directory.resolve("log");
    try (LogFile file = LogFile.open("--error-log", log.toString())) {
      Logs.to(file);
      Sites sites = new Sites(both.get(0));
      for (int i = 0; i < 2; i++) {
        Closing answering = hanging.get(i);
        Thread request =
            new Thread(
                () -> {
                  try {
                    answering.answer = get(sites, "/a");
                  } catch (Exception e) {
                    answering.answer = e.toString();
                  }
                });
        request.start();
        requests.add(request);
        assertThat(answering.begun.await(30, TimeUnit.SECONDS)).isTrue();
        if (i == 0) {
          sites.replace(both.get(1));
        }
      }

      sites.close();
      assertThat(hanging).allMatch(one -> one.closed.getCount() == 0);
      assertThat(others).allMatch(one -> one.closed.getCount() == 0);
      String line = "postern: applications are closed although requests still run: 1";
      assertThat(Files.readAllLines(log)).containsExactly(line, line);
      InMemoryGateway late = InMemoryGateway.builder(sites).unlinted().build();
      assertThat(late.run(TestRequest.get("/b")).status()).isEqualTo(503);

      hanging.forEach(one -> one.go.countDown());
      for (Thread request : requests) {
        request.join();
      }
      assertThat(hanging).allMatch(one -> one.answer.equals(one.text) && one.closings.get() == 1);
      assertThat(Files.readAllLines(log)).hasSize(2);
    } finally {
      Logs.to(LogFile.standardError());
    }
  }

  @Test
  void sites_withoutAFreeThread_closeTheOldOneInTheCallersOwn() throws Exception {
    Closing old = new Closing("old");
    Closing next = new Closing("next");
    next.go.countDown();
    ClassLoader loader = getClass().getClassLoader();
    ExecutorService none =
        new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new SynchronousQueue<>()) {
          @Override
          public void execute(Runnable task) {
            throw new OutOfMemoryError("unable to create native thread");
          }
        };
    Site first = new Site(Map.of("", old), loader, List.of(), () -> {}, new Board().open());
    try (Sites sites = new Sites(first, none)) {
      Site second = new Site(Map.of("", next), loader, List.of(), () -> {}, new Board().open());
      assertThatCode(() -> sites.replace(second)).doesNotThrowAnyException();
      assertThat(old.closed.getCount()).isZero();
      assertThat(get(sites, "/")).isEqualTo("next");
    }
    assertThat(next.closed.getCount()).isZero();
  }

  private static final class Closing implements Application, AutoCloseable {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch go = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    final AtomicInteger closings = new AtomicInteger();
    private final String text;
    volatile String answer = "";

    Closing(String text) {
      this.text = text;
    }

    @Override
    public Body call(dev.postern.Environ environ, dev.postern.StartResponse startResponse)
        throws Exception {
      begun.countDown();
      go.await();
      startResponse.start(200, Headers.of("Content-Type", "text/plain"));
      return Body.of(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
      closings.incrementAndGet();
      closed.countDown();
    }
  }
}
