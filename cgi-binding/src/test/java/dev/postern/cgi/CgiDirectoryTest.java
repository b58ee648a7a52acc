package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import com.google.common.jimfs.PathNormalization;
import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.program.LinkRules;
import dev.postern.program.ProgramFinder;
import dev.postern.system.Owners;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which file of a directory runs, and which does not. */
class CgiDirectoryTest {
  /** Stands in every script: no client ever sees it. */
  private static final String MARK = "SOURCE-OF-THE-SCRIPT";

  private static final String ECHO =
      "printf 'Content-Type: text/plain\\n"
          + "\\n"
          + "%s|%s|%s|%s' \"$0\" \"$#\" \"$SCRIPT_NAME\" \"$PATH_INFO\"";

  @TempDir Path outside;
  private Path root;

  @BeforeEach
  void makeRoot() throws IOException {
    root = Files.createDirectory(outside.resolve("a")).toRealPath();
  }

  @Test
  void s13_s22_program_isTheFirstFileOnTheWay() throws IOException {
    Path file = script(root, "x.cgi");
    Path deep = script(Files.createDirectories(root.resolve("d/e")), "y");
    Application app = CgiDirectory.of(root);

    assertThat(get(app, "/x.cgi").body()).isEqualTo(file + "|0|/x.cgi|");
    assertThat(get(app, "/x.cgi/b/c").body()).isEqualTo(file + "|0|/x.cgi|/b/c");
    assertThat(Call.get("/d/e/y/z").with("SCRIPT_NAME", "/m").to(app).body())
        .isEqualTo(deep + "|0|/m/d/e/y|/z");
  }

  @Test
  void attackC01_attackC17_oddPaths_startNothing() throws IOException {
    script(root, "x");
    script(outside, "x");
    Application app = CgiDirectory.of(root);
    for (String path : List.of("/../x", "/./x", "/d/../x", "/..;/x", "/..\\x")) {
      assertStatus(app, Call.get(path), 400);
    }
    for (String path : List.of("/%2e%2e/x", "/...", "/x;/y", "/nothing", "/x.", "/x%20")) {
      assertStatus(app, Call.get(path), 404);
    }
    for (String path : List.of("/\u00c0\u00ae", "/\u00ff")) {
      assertThat(get(app, path).status).isIn(400, 404);
    }
  }

  @Test
  void attackC02_attackC11_emptySegments_areNoWayToAProgram() throws IOException {
    script(root, "x");
    script(Files.createDirectory(root.resolve("d")), "y");
    Application app = CgiDirectory.of(root);

    assertStatus(app, Call.get("//x"), 404);
    assertStatus(app, Call.get("/d//y"), 404);
    assertStatus(app, Call.get("x"), 400);
    assertThat(get(app, "/x//a/").body()).endsWith("|/x|//a/");
    assertThat(get(app, "/d/y/").body()).endsWith("|/d/y|/");
  }

  @Test
  void attackC03_nameTails_areOtherNames() throws IOException {
    script(root, "x.cgi");
    Application app = CgiDirectory.of(root);
    for (String tail :
        List.of(" ", "   ", ".", "..", ":", "::$DATA", "~", "+", "\u00a0", "%00", "%20")) {
      Call call = get(app, "/x.cgi" + tail);
      assertThat(call.status).as(tail).isIn(404, 400);
      assertThat(call.body()).doesNotContain(MARK);
    }
    Path odd = script(root, "x.cgi ");
    assertThat(get(app, "/x.cgi ").body()).startsWith(odd + "|");
  }

  @Test
  void attackC04_foldedNames_areNotFound() throws Exception {
    Configuration folding =
        Configuration.unix().toBuilder()
            .setNameCanonicalNormalization(PathNormalization.CASE_FOLD_ASCII)
            .build();
    try (FileSystem files = Jimfs.newFileSystem(folding)) {
      Path directory = Files.createDirectories(files.getPath("/cgi/Dir"));
      Files.createFile(files.getPath("/cgi/x.sh"));
      Files.createFile(directory.resolve("K2"));
      assertThat(Files.exists(files.getPath("/cgi/X.SH"))).isTrue();
      ProgramFinder finder =
          new ProgramFinder(files.getPath("/cgi").toRealPath(), null, null, LinkRules.INSIDE);

      assertThat(finder.find(environ("/x.sh")).file()).hasToString("/cgi/x.sh");
      assertThat(finder.find(environ("/Dir/K2/i")).pathInfo()).isEqualTo("/i");
      for (String path : List.of("/X.sh", "/x.SH", "/X.SH", "/dir/K2", "/Dir/k2", "/DIR/K2")) {
        assertThatThrownBy(() -> finder.find(environ(path)))
            .as(path)
            .isInstanceOfSatisfying(
                GatewayException.class, e -> assertThat(e.status()).isEqualTo(404));
      }
    }
  }

  @Test
  void attackC04_twoNamesThatDifferInCase_areTwoPrograms() throws IOException {
    Path small = script(root, "x");
    Path capital = script(root, "X");
    assumeTrue(!Files.isSameFile(small, capital), "the file system folds names");
    Application app = CgiDirectory.of(root);

    assertThat(get(app, "/x").body()).startsWith(small + "|");
    assertThat(get(app, "/X").body()).startsWith(capital + "|");
  }

  @Test
  void attackC05_links_stayInside() throws IOException {
    Path inside = script(root, "x");
    script(outside, "secret");
    Files.createDirectory(root.resolve("d"));
    Files.createSymbolicLink(root.resolve("in"), inside);
    Files.createSymbolicLink(root.resolve("out"), outside.resolve("secret"));
    Files.createSymbolicLink(root.resolve("dir"), outside);
    Files.createSymbolicLink(root.resolve("up"), Path.of(".."));
    Files.createSymbolicLink(root.resolve("gone"), Path.of("nowhere"));
    Application app = CgiDirectory.of(root);

    assertThat(get(app, "/in/i").body()).isEqualTo(root.resolve("in") + "|0|/in|/i");
    for (String path : List.of("/out", "/dir/secret", "/up/secret", "/dir", "/up", "/gone")) {
      assertStatus(app, Call.get(path), 404);
    }
  }

  /** The finder answers with the real path, so that a link that changes later changes nothing. */
  @Test
  void attackC05_linkThatIsSwappedAllTheTime_isNeverFollowedOutside() throws Exception {
    Path inside = script(root, "x");
    Path secret = script(outside, "secret");
    Path link = root.resolve("link");
    Files.createSymbolicLink(link, inside);
    ProgramFinder finder = new ProgramFinder(root, null, null, LinkRules.INSIDE);
    Thread swapper =
        new Thread(
            () -> {
              boolean out = true;
              while (!Thread.currentThread().isInterrupted()) {
                swap(link, out ? secret : inside);
                out = !out;
              }
            });
    swapper.start();
    int found = 0;
    try {
      for (int i = 0; i < 1000 || found == 0; i++) {
        try {
          assertThat(finder.find(environ("/link")).real()).isEqualTo(inside);
          found++;
        } catch (GatewayException e) {
          assertThat(e.status()).isEqualTo(404);
        }
      }
    } finally {
      swapper.interrupt();
      swapper.join();
    }
  }

  @Test
  void attackC06_sources_areNeverSent() throws IOException {
    Files.setPosixFilePermissions(
        script(root, "mode"), PosixFilePermissions.fromString("rw-r--r--"));
    Programs.write(root.resolve("text"), MARK + "\n");
    Programs.write(root.resolve("interpreter"), "#!/no/such " + MARK + "\n");
    script(root, "ok");
    Application app = CgiDirectory.of(root);
    Application full =
        CgiDirectory.builder(root).limit(ProcessLimit.of(1, Duration.ofMillis(1))).build();

    for (String method : List.of("GET", "HEAD", "POST", "OPTIONS", "PROPFIND", "TRACE", "X")) {
      for (String name : List.of("/mode", "/text", "/interpreter", "/ok", "/ok~", "/ok/x")) {
        Call call = Call.of(method, name).with("HTTP_RANGE", "bytes=0-99");
        call.with("HTTP_IF_MODIFIED_SINCE", "Thu, 01 Jan 1970 00:00:00 GMT").to(app);
        assertThat(call.body() + call.headers).as(method + name).doesNotContain(MARK);
        assertThat(call.status == 200)
            .isEqualTo(name.startsWith("/ok") && !name.endsWith("~") && !method.equals("TRACE"));
      }
    }
    assertThat(get(full, "/ok").body()).doesNotContain(MARK);
  }

  @Test
  void attackC07_attackC14_modes_decide() throws IOException {
    for (String[] row :
        new String[][] {
          {"rwxr-xr-x", "200"},
          {"r-x------", "200"},
          {"rw-r--r--", "403"},
          {"rwxrwxrwx", "403"},
          {"rwxr-xrwx", "403"},
          {"rwxrwxr-x", "200"}
        }) {
      Files.setPosixFilePermissions(script(root, "x"), PosixFilePermissions.fromString(row[0]));
      assertThat(get(CgiDirectory.of(root), "/x").status)
          .as(row[0])
          .isEqualTo(Integer.parseInt(row[1]));
      Files.delete(root.resolve("x"));
    }
    for (int mode : new int[] {04755, 02755, 06755}) {
      Files.setAttribute(script(root, "x"), "unix:mode", 0100000 | mode);
      assertThat(get(CgiDirectory.of(root), "/x").rule()).isEqualTo("set-id");
      assertStatus(CgiDirectory.of(root), Call.get("/x"), 403);
    }
  }

  @Test
  void attackC07_whatIsNoFile_isNoProgram() throws Exception {
    Files.createDirectory(root.resolve("d"));
    Process mkfifo = new ProcessBuilder("mkfifo", root.resolve("f").toString()).start();
    assumeTrue(mkfifo.waitFor() == 0);
    Application app = CgiDirectory.of(root);

    assertThat(get(app, "/d").rule()).isEqualTo("directory");
    assertThat(get(app, "/f").rule()).isEqualTo("no-file");
    assertThat(get(app, "/f/x").rule()).isEqualTo("no-file");
    for (String path : List.of("/d", "/d/", "/", "", "/f")) {
      assertStatus(app, Call.get(path), 403);
    }
  }

  @Test
  void attackC07_openDirectories_runNothing() throws IOException {
    Path deep = Files.createDirectories(root.resolve("d/e"));
    script(deep, "x");
    Application app = CgiDirectory.of(root);
    for (Path open : List.of(deep, root.resolve("d"), root)) {
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
      assertThat(get(app, "/d/e/x").rule()).isEqualTo("world-writable");
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    assertThat(get(app, "/d/e/x").status).isEqualTo(200);
  }

  @Test
  void r16_strictOwnership_looksAtGroupAndOwner() throws IOException {
    Path x = script(root, "x");
    Application strict = CgiDirectory.builder(root).strictOwnership().build();
    assertThat(get(strict, "/x").status).isEqualTo(200);

    Files.setPosixFilePermissions(x, PosixFilePermissions.fromString("rwxrwxr-x"));
    assertThat(get(strict, "/x").rule()).isEqualTo("group-writable");
    Files.setPosixFilePermissions(x, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxrwxr-x"));
    assertThat(get(strict, "/x").rule()).isEqualTo("group-writable");
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));

    assumeTrue(Owners.current() == Owners.ROOT, "only root can give a file away");
    Files.setAttribute(x, "unix:uid", 12345);
    assertThat(get(strict, "/x").rule()).isEqualTo("owner");
    assertThat(get(CgiDirectory.of(root), "/x").status).isEqualTo(200);
  }

  @Test
  void r16_root_isRefusedWhereThatIsAsked() {
    assertThatIllegalStateException()
        .isThrownBy(() -> Owners.checkRoot(Owners.ROOT, true))
        .withMessage("programs must not be hosted by root [root]");
    Owners.checkRoot(1000, true);
    Owners.checkRoot(Owners.UNKNOWN, true);
    CgiDirectory.Builder builder = CgiDirectory.builder(root).refuseRoot();
    if (Owners.current() == Owners.ROOT) {
      assertThatIllegalStateException().isThrownBy(builder::build);
    } else {
      assertThat(builder.processOptions(builder.options().places()).modes().strictOwnership())
          .isFalse();
    }
  }

  @Test
  void attackC08_firstFile_isTheProgramOrNothingIs() throws IOException {
    Files.writeString(root.resolve("a.jpg"), "picture " + MARK);
    Files.setPosixFilePermissions(
        root.resolve("a.jpg"), PosixFilePermissions.fromString("rw-r--r--"));
    script(root, "x.cgi");

    assertStatus(CgiDirectory.of(root), Call.get("/a.jpg/x.cgi"), 403);
    assertStatus(
        CgiDirectory.builder(root).allow(Set.of("x.cgi")).build(), Call.get("/a.jpg/x.cgi"), 404);
  }

  @Test
  void attackC12_leftBehindAndHiddenFiles_areNotThere() throws IOException {
    for (String name :
        List.of(
            ".x",
            ".x.swp",
            "x~",
            "x.bak",
            "x.orig",
            "x.swp",
            "x.tmp",
            "x.save",
            "x.old",
            "#x#",
            "x.dpkg-old",
            "x.dpkg-dist",
            "x.cgi.ucf-dist",
            "x.rpmsave")) {
      script(root, name);
      assertStatus(CgiDirectory.of(root), Call.get("/" + name), 404);
    }
    script(Files.createDirectory(root.resolve(".git")), "x");
    assertStatus(CgiDirectory.of(root), Call.get("/.git/x"), 404);
    for (String name : List.of("x.older", "#x", "#", "x.dpkg-old.cgi", "save")) {
      script(root, name);
      assertStatus(CgiDirectory.of(root), Call.get("/" + name), 200);
    }
  }

  @Test
  void attackC13_attackJ03_attackJ07_whatIsNoProgram_is500() throws IOException {
    for (String content :
        List.of(
            "",
            "x",
            "#!",
            "text\n",
            "\177EL",
            "#!/no/such\n",
            "#!relative\n",
            "#!\n",
            "#! \n",
            "#!/bin/sh\r\n",
            "#!/etc\n",
            "#!/etc/passwd\n",
            " #!/bin/sh\n",
            "#!/bin/sh\0x\n")) {
      Programs.write(root.resolve("x"), content + MARK);
      Call call = get(CgiDirectory.of(root), "/x");
      assertThat(call.status).as(content).isEqualTo(500);
      assertThat(call.rule()).isIn("not-a-program", "bad-interpreter");
    }
    Programs.write(root.resolve("x"), "");
    assertThat(get(CgiDirectory.of(root), "/x").rule()).isEqualTo("not-a-program");
    Programs.write(root.resolve("x"), "#! \t/bin/sh -e\n" + ECHO);
    assertThat(get(CgiDirectory.of(root), "/x").status).isEqualTo(200);
  }

  @Test
  void s33_s38_s39_nphNames_mayBeginWithAStatusLine() throws IOException {
    script(root, "nph-x");
    String page = "HTTP/1.1 404 Gone\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\n";
    Programs.sh(root, "nph-y", "printf '" + page + "\\r\\nbody'");
    Programs.sh(root, "y", "printf '" + page + "\\r\\nbody'");
    assertStatus(CgiDirectory.of(root), Call.get("/nph-x"), 200);
    assertStatus(CgiDirectory.of(root), Call.get("/y"), 502);

    Call call = Call.get("/nph-y").to(CgiDirectory.of(root));
    assertThat(call.status).isEqualTo(404);
    assertThat(call.body()).isEqualTo("body");
    assertThat(call.headers.contains("Connection")).isFalse();
    assertStatus(CgiDirectory.builder(root).nph().build(), Call.get("/y"), 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\\n\\nbody",
        "HTTP/1.1 200OK\\nContent-Type: a/b\\n\\n",
        "HTTP/1.1 100 Continue\\nContent-Type: a/b\\n\\n",
        "HTTP/1.1\\nContent-Type: a/b\\n\\n",
        "HTTP/2.0 200 OK\\nContent-Type: a/b\\n\\n",
        "http/1.1 200 OK\\nContent-Type: a/b\\n\\n",
        "HTTP/1.1 200 OK\\nStatus: 200\\nContent-Type: a/b\\n\\n",
        "HTTP/1.1 200 OK\\nTransfer-Encoding: chunked\\nContent-Type: a/b\\n\\n",
        "Content-Type: a/b\\nHTTP/1.1 200 OK\\n\\n"
      })
  void s38_nphOutput_isHeldToEveryOtherRule(String output) throws IOException {
    Programs.sh(root, "nph-x", "printf '" + output + "'");
    assertStatus(CgiDirectory.of(root), Call.get("/nph-x"), 502);
  }

  @Test
  void attackC15_wireScriptFilename_isIgnored() throws IOException {
    Path x = script(root, "x");
    assertThat(Call.get("/x").with("SCRIPT_FILENAME", "/bin/sh").to(CgiDirectory.of(root)).body())
        .startsWith(x + "|");
  }

  @Test
  void attackC16_attackK03_errorBodies_areFixedTexts() throws IOException {
    script(root, "x");
    Application app = CgiDirectory.of(root);
    assertThat(get(app, "/nothing").body()).isEqualTo("404 Not Found\n");
    assertThat(get(app, "/").body()).isEqualTo("403 Forbidden\n");
    assertThat(get(app, "/../").body()).isEqualTo("400 Bad Request\n");
    assertThat(Call.of("TRACE", "/x").to(app).body()).isEqualTo("405 Method Not Allowed\n");
    assertThat(get(app, "/nothing").headers.size()).isEqualTo(2);
  }

  @Test
  void attackC18_pathOfAnotherDirectory_isNotUnderTheRoot() throws IOException {
    Path other = Files.createDirectory(outside.resolve("a-b"));
    script(other, "x");
    Files.createSymbolicLink(root.resolve("link"), other);
    assertStatus(CgiDirectory.of(root), Call.get("/link/x"), 404);
    assertStatus(CgiDirectory.of(root), Call.get("/s".repeat(10_000)), 414);
    assertStatus(CgiDirectory.of(root), Call.get("/s".repeat(2_000)), 404);
  }

  @Test
  void attackB01_attackB02_attackB06_s37_query_isNoCommandLine() throws IOException {
    script(root, "x");
    Application app = CgiDirectory.of(root);
    for (String query :
        List.of("-s", "-d+x", "%2ds", "a+b", "%ADd+x", "w+".repeat(5_000), "-T+$(id)")) {
      assertThat(Call.get("/x").with("QUERY_STRING", query).to(app).body()).endsWith("|0|/x|");
    }
  }

  @Test
  void attackB03_oddNames_areNames() throws IOException {
    Application app = CgiDirectory.of(root);
    for (String name :
        List.of(
            "a\" b.cgi",
            "a b",
            "$(x)",
            "-rf",
            "'",
            "&",
            "*",
            "%41",
            "|x",
            ">y",
            "x\ty".substring(0, 1))) {
      Path file = script(root, name);
      assertThat(get(app, "/" + name).body()).startsWith(file + "|0|");
    }
    Path semicolon = script(root, ";x");
    assertThat(Call.get("/;x").with("REQUEST_URI", "/%3bx").to(app).body())
        .startsWith(semicolon + "|0|");
    assertStatus(app, Call.get("/;x").with("REQUEST_URI", "/;x"), 404);
  }

  @Test
  void attackB05_attackJ11_interpreters_getAbsolutePaths() throws IOException {
    Path dash = Programs.write(root.resolve("-e.sh"), "#!/no/such\n" + ECHO + " # " + MARK);
    Application app =
        CgiDirectory.builder(root).interpreter(".sh", List.of("/bin/sh", "-e")).build();

    assertThat(get(app, "/-e.sh/i").body()).isEqualTo(dash + "|0|/-e.sh|/i");
    for (List<String> command : List.of(List.<String>of(), List.of("sh"), List.of("./sh"))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CgiDirectory.builder(root).interpreter(".sh", command));
    }
    assertThatIllegalArgumentException().isThrownBy(() -> CgiApplication.builder(List.of("./x")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CgiDirectory.builder(root).interpreter("sh", List.of("/bin/sh")));
    Application broken = CgiDirectory.builder(root).interpreter(".sh", List.of("/no/such")).build();
    assertThat(get(broken, "/-e.sh").rule()).isEqualTo("bad-interpreter");
    assertStatus(broken, Call.get("/-e.sh"), 500);
  }

  @Test
  void index_answersForADirectory() throws IOException {
    Path index = script(root, "index.cgi");
    Path below = script(Files.createDirectory(root.resolve("d")), "index.cgi");
    Files.createDirectory(root.resolve("empty"));
    Application app = CgiDirectory.builder(root).index("index.cgi").build();

    assertThat(get(app, "").body()).isEqualTo(index + "|0|/index.cgi|");
    assertThat(get(app, "/").body()).isEqualTo(index + "|0|/index.cgi|");
    assertThat(get(app, "/d/").body()).isEqualTo(below + "|0|/d/index.cgi|");
    assertThat(Call.get("/d/").with("SCRIPT_NAME", "/m").to(app).body())
        .isEqualTo(below + "|0|/m/d/index.cgi|");
    assertStatus(app, Call.get("/empty"), 403);
    assertStatus(app, Call.get("/empty/"), 403);
    assertStatus(app, Call.get("/e/"), 404);
    assertThatIllegalArgumentException().isThrownBy(() -> CgiDirectory.builder(root).index("a/b"));
    assertThatIllegalArgumentException().isThrownBy(() -> CgiDirectory.builder(root).index(""));
  }

  @Test
  void java_ofAnotherExtension_isRefused() {
    for (String extension : List.of(".pl", "jar", ".JAR", "")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CgiDirectory.builder(root).java(extension))
          .withMessage("extension must be .jar or .java: " + extension);
    }
  }

  @Test
  void index_ofADirectoryWithoutItsSlash_isARedirectThere() throws IOException {
    script(root, "index.cgi");
    script(Files.createDirectory(root.resolve("d e")), "index.cgi");
    Files.createSymbolicLink(root.resolve("out"), outside);
    Application app = CgiDirectory.builder(root).index("index.cgi").build();

    Call call = Call.get("/d e").with("SCRIPT_NAME", "/m").with("QUERY_STRING", "a=%2F&b").to(app);
    assertThat(call.status).isEqualTo(301);
    assertThat(call.headers.get("Location")).isEqualTo("/m/d%20e/?a=%2F&b");
    call = Call.get("").with("SCRIPT_NAME", "/m").with("QUERY_STRING", "\r\nX: y").to(app);
    assertThat(call.headers.get("Location")).isEqualTo("/m/?%0D%0AX:%20y");
    call = Call.get("/d e").with("SCRIPT_NAME", "//evil.example").to(app);
    assertThat(call.headers.get("Location")).isEqualTo("/evil.example/d%20e/");
    assertStatus(app, Call.get("/out"), 404);
    assertStatus(CgiDirectory.of(root), Call.get("/d e"), 403);
  }

  @Test
  void r21_link_runsUnderItsName() throws IOException {
    Path real = Programs.sh(Files.createDirectory(root.resolve("d")), "multi", "echo wrong");
    Programs.write(
        real,
        "#!/bin/sh\nprintf 'Content-Type: text/plain\n\n'\necho \"$0 $SCRIPT_FILENAME $PWD\"\n");
    Files.createSymbolicLink(root.resolve("name.cgi"), real);
    Path text =
        Files.writeString(
            root.resolve("d/text"), "echo \"Content-Type: text/plain\"; echo; echo $1");
    Files.createSymbolicLink(root.resolve("run.shell"), text);
    Application app = CgiDirectory.builder(root).interpreter(".shell", List.of("/bin/sh")).build();

    String link = root.resolve("name.cgi").toString();
    assertThat(get(app, "/name.cgi").body()).isEqualTo(link + " " + link + " " + root + "\n");
    assertThat(get(app, "/run.shell").status).isEqualTo(200);
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rwxr-xrwx"));
    assertThat(get(app, "/name.cgi").rule()).isEqualTo("world-writable");
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(root.resolve("d"), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThat(get(app, "/name.cgi").rule()).isEqualTo("world-writable");
  }

  @Test
  void r21_linksOutside_areFollowedWhereThatIsAllowed() throws IOException {
    Path other = Files.createDirectory(outside.resolve("other"));
    Path program = script(other, "x");
    Path link = root.resolve("link");
    Files.createSymbolicLink(link, program);
    Application inside = CgiDirectory.of(root);
    Application roots = CgiDirectory.builder(root).root(other).build();
    Application owners =
        CgiDirectory.builder(root).followLinks(FollowLinks.IF_OWNER_MATCHES).build();

    Call refused = get(inside, "/link");
    assertThat(refused.status).isEqualTo(404);
    assertThat(refused.rule()).isEqualTo("link");
    assertThat(refused.log()).contains("it leads out of the directory, to " + program);
    assertThat(refused.body()).doesNotContain("link", "directory");
    assertThat(get(roots, "/link").body()).isEqualTo(link + "|0|/link|");
    assertThat(get(owners, "/link").body()).isEqualTo(link + "|0|/link|");
    Files.createSymbolicLink(root.resolve("in"), script(root, "y"));
    Application none = CgiDirectory.builder(root).followLinks(FollowLinks.NO).build();
    assertThat(get(none, "/in").rule()).isEqualTo("link");
    assertThat(get(none, "/y").status).isEqualTo(200);
    Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThat(get(roots, "/link").rule()).isEqualTo("world-writable");
    Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("rwxr-xr-x"));

    assumeTrue(Owners.current() == Owners.ROOT, "only root can give a file away");
    Files.setAttribute(program, "unix:uid", 12345);
    assertThat(get(owners, "/link").log()).contains("another than the link's owner");
    assertThat(get(roots, "/link").status).isEqualTo(200);
  }

  @Test
  void r16_interpretedFile_needsNoExecuteBit() throws IOException {
    Path file = script(root, "x.shell");
    Application app = CgiDirectory.builder(root).interpreter(".shell", List.of("/bin/sh")).build();
    for (String[] row :
        new String[][] {{"rw-r-----", "200"}, {"rw-r--r--", "200"}, {"rw-r--rw-", "403"}}) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(row[0]));
      assertThat(get(app, "/x.shell").status).as(row[0]).isEqualTo(Integer.parseInt(row[1]));
    }
    assertThat(get(CgiDirectory.of(root), "/x.shell").status).isEqualTo(403);
  }

  @Test
  void setIdPrograms_runWhereThatIsAllowed() throws IOException {
    Files.setAttribute(script(root, "x"), "unix:mode", 0102755);
    assertThat(get(CgiDirectory.builder(root).allowSetId().build(), "/x").status).isEqualTo(200);
    assertThat(
            Call.get("").to(CgiApplication.builder(root.resolve("x")).allowSetId().build()).status)
        .isEqualTo(200);
  }

  @Test
  void whatCanNeverRun_isSaidWhenItIsBuilt() throws IOException {
    Path program = script(root, "x");
    Files.setAttribute(program, "unix:mode", 0104755);
    try (LogLines log = LogLines.of("dev.postern.cgi")) {
      CgiApplication.of(program);
      assertThat(log.warnings()).singleElement().asString().contains("set-id", program.toString());
      Files.setAttribute(root, "unix:mode", 040777);
      CgiDirectory.of(root);
      assertThat(log.warnings().get(1)).contains("world-writable", root.toString());
      CgiDirectory.builder(Files.createDirectory(outside.resolve("fine"))).build();
      assertThat(log.warnings()).hasSize(2);
    }
  }

  @Test
  void worldWritableDirectoryAbove_isRefusedWithoutTheStickyBit() throws IOException {
    Path above = Files.createDirectory(outside.resolve("above"));
    script(Files.createDirectories(above.resolve("b/cgi")), "x");
    Application app = CgiDirectory.of(above.resolve("b/cgi"));
    Application one = CgiApplication.of(above.resolve("b/cgi/x"));
    for (Application each : List.of(app, one)) {
      assertThat(get(each, "/x").status).isEqualTo(200);
      Files.setAttribute(above, "unix:mode", 040777);
      assertThat(get(each, "/x").rule()).isEqualTo("world-writable");
      Files.setAttribute(above, "unix:mode", 041777);
      assertThat(get(each, "/x").status).isEqualTo(200);
      Files.setAttribute(above, "unix:mode", 040755);
    }
  }

  @Test
  void attackC13_brokenElf_isNoProgram() throws Exception {
    byte[] good = Files.readAllBytes(Path.of("/bin/true"));
    for (int[] change : new int[][] {{4, 9}, {5, 2}, {16, 1}, {18, 8}, {54, 1}, {56, 0}}) {
      byte[] broken = good.clone();
      broken[change[0]] = (byte) change[1];
      assertNotRun(broken, "not-a-program");
    }
    for (int length : new int[] {5, 63, 100, 4096}) {
      assertNotRun(java.util.Arrays.copyOf(good, length), "not-a-program");
    }
    String latin = new String(good, StandardCharsets.ISO_8859_1);
    assertNotRun(
        latin
            .replaceFirst("/lib64/ld-linux", "/lib99/ld-linux")
            .getBytes(StandardCharsets.ISO_8859_1),
        "not-a-program");
    Path text = Programs.write(outside.resolve("text"), "echo run by a shell\n");
    assertNotRun(("#!" + text + "\n").getBytes(StandardCharsets.ISO_8859_1), "bad-interpreter");
    Application configured =
        CgiDirectory.builder(root).interpreter(".cgi", List.of(text.toString())).build();
    assertThat(get(configured, "/x.cgi").rule()).isEqualTo("bad-interpreter");
    Path script = Programs.write(outside.resolve("script"), "#!/bin/sh\n" + ECHO);
    Programs.write(root.resolve("x.cgi"), "#!" + script + "\n");
    assertThat(get(CgiDirectory.of(root), "/x.cgi").status).isEqualTo(200);
  }

  private void assertNotRun(byte[] content, String rule) throws IOException {
    Programs.write(root.resolve("x.cgi"), new String(content, StandardCharsets.ISO_8859_1));
    Call call = get(CgiDirectory.of(root), "/x.cgi");
    assertThat(call.status).isEqualTo(500);
    assertThat(call.rule()).isEqualTo(rule);
  }

  @Test
  void refusals_areToldApartInTheLogAlone() throws IOException {
    Programs.write(root.resolve("crlf"), "#!/usr/bin/perl\r\nprint\r\n");
    Programs.write(root.resolve("envcrlf"), "#!/usr/bin/env python3\r\nprint\r\n");
    Programs.write(root.resolve("envcrlfs"), "#! /usr/bin/env -S  perl\r\nprint\r\n");
    Programs.write(root.resolve("bom"), "\u00ef\u00bb\u00bf#!/bin/sh\n");
    Files.setPosixFilePermissions(
        script(root, "mode"), PosixFilePermissions.fromString("rw-r-----"));
    Application app = CgiDirectory.of(root);

    for (String[] row :
        new String[][] {
          {"/crlf", "\"/usr/bin/perl\\r\": line ends are CR LF"},
          {"/envcrlf", "\"python3\\r\": line ends are CR LF"},
          {"/envcrlfs", "\"perl\\r\": line ends are CR LF"},
          {"/bom", "starts with a byte order mark"},
          {"/mode", "user " + System.getProperty("user.name") + " must be able to execute"},
          {"/x~", "none that an editor or installer has left"},
          {"/none", "path must name a program"}
        }) {
      Call call = get(app, row[0]);
      assertThat(call.log()).as(row[0]).contains(row[1]);
      assertThat(call.body()).matches("[45]\\d\\d [A-Za-z ]+\n");
    }
  }

  @Test
  void allow_isTheOnlyNames() throws IOException {
    script(root, "x");
    script(root, "y");
    Application app = CgiDirectory.builder(root).allow(Set.of("x")).build();

    assertStatus(app, Call.get("/x"), 200);
    assertStatus(app, Call.get("/y"), 404);
  }

  private Call get(Application app, String path) {
    return Call.get(path).to(app);
  }

  private void assertStatus(Application app, Call call, int status) {
    call.to(app);
    assertThat(call.status).isEqualTo(status);
    assertThat(call.body()).doesNotContain(MARK);
  }

  private static Environ environ(String path) {
    return Call.get(path).environ();
  }

  private static Path script(Path directory, String name) throws IOException {
    return Programs.sh(directory, name, ECHO, "# " + MARK);
  }

  private static void swap(Path link, Path target) {
    try {
      Path other = link.resolveSibling("other");
      Files.createSymbolicLink(other, target);
      Files.move(other, link, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
