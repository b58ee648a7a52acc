package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs that people have answer warm what they answer spawned, byte by byte. */
class WarmRealProgramsTest {
  private static final Path PROGRAMS = Path.of("/usr/lib/cgi-bin");

  @TempDir Path directory;

  private void require(String name) {
    boolean there = Files.isRegularFile(PROGRAMS.resolve(name));
    if (!there && System.getenv("POSTERN_REQUIRE_ALL") != null) {
      throw new AssertionError("program must be there: " + name);
    }
    assumeTrue(there, name + " is not installed");
  }

  private static void same(
      WarmSite site, String path, List<String> queries, int status, String shown) {
    for (String query : queries) {
      WarmSite.Answer answer = site.assertSame(() -> Call.get(path).with("QUERY_STRING", query));
      assertThat(answer.status()).as(query).isEqualTo(status);
      assertThat(answer.body()).as(query).contains(shown);
    }
  }

  private static WarmSite site(Path programs, UnaryOperator<CgiDirectory.Builder> options) {
    return new WarmSite(programs, group -> group, host -> options.apply(shared(host)));
  }

  /** Debian's gitweb is a link to there. */
  private static CgiDirectory.Builder shared(CgiDirectory.Builder host) {
    try {
      return host.root(Path.of("/usr/share"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void run(String... command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("HOME", directory.toString());
    // Pages tell how long ago that was.
    builder.environment().put("GIT_AUTHOR_DATE", "2020-01-01T00:00:00Z");
    builder.environment().put("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z");
    assertThat(builder.start().waitFor()).as(List.of(command).toString()).isZero();
  }

  @Test
  void gitweb() throws Exception {
    require("gitweb.cgi");
    Tools.require("git");
    run("git", "init", "-q", "r.git");
    for (String text : List.of("one", "two")) {
      Files.writeString(directory.resolve("r.git/a.txt"), text + "\n");
      run("git", "-C", "r.git", "add", ".");
      run("git", "-C", "r.git", "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", text);
    }
    Path config =
        Files.writeString(
            directory.resolve("gitweb.conf"), "$projectroot = '" + directory + "'; 1;\n");
    try (WarmSite site =
        site(
            PROGRAMS,
            host ->
                host.environment("GITWEB_CONFIG", config.toString())
                    .environment("HOME", directory.toString()))) {
      String p = "p=r.git/.git;a=";
      same(
          site,
          "/gitweb.cgi",
          List.of(
              "",
              p + "summary",
              p + "log",
              p + "shortlog",
              p + "tree",
              p + "commitdiff",
              p + "blob;f=a.txt",
              p + "history;f=a.txt",
              p + "atom"),
          200,
          "r.git");
      same(site, "/gitweb.cgi", List.of("p=none;a=summary"), 404, "404");
    }
  }

  @Test
  void awstats() throws Exception {
    require("awstats.pl");
    Files.writeString(
        directory.resolve("access.log"),
        "127.0.0.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /x HTTP/1.0\" 200 2326 \"-\" \"M\"\n");
    Files.writeString(
        directory.resolve("awstats.t.conf"),
        "LogFile=\""
            + directory
            + "/access.log\"\nLogFormat=1\nSiteDomain=\"t\"\nDirData=\""
            + directory
            + "\"\nHostAliases=\"t\"\nDNSLookup=0\nAllowToUpdateStatsFromBrowser=0\n");
    run(
        PROGRAMS.resolve("awstats.pl").toString(),
        "-config=t",
        "-update",
        "-configdir=" + directory);
    String allowed = directory.toString();
    try (WarmSite site =
        site(PROGRAMS, host -> host.environment("AWSTATS_ENABLE_CONFIG_DIR", allowed))) {
      String base = "config=t&configdir=" + directory + "&year=2025&month=10";
      same(
          site,
          "/awstats.pl",
          List.of(base, base + "&output=allhosts", base + "&output=urldetail"),
          200,
          "Statistics");
    }
  }

  @Test
  void hgweb() throws Exception {
    Tools.require("hg");
    run("hg", "init", "repo");
    Files.writeString(directory.resolve("repo/a.txt"), "one\n");
    run("hg", "-R", "repo", "add", "repo/a.txt");
    run("hg", "-R", "repo", "commit", "-u", "u", "-m", "first", "-d", "0 0");
    Path programs = Files.createDirectory(directory.resolve("cgi"));
    Programs.write(
        programs.resolve("hgweb.cgi"),
        "#!/usr/bin/python3\n"
            + "from mercurial import demandimport; demandimport.enable()\n"
            + "from mercurial.hgweb import hgweb, wsgicgi\n"
            + "wsgicgi.launch(hgweb(b'"
            + directory
            + "/repo', b'repo'))\n");
    try (WarmSite site = site(programs, host -> host.environment("HGRCPATH", "/dev/null"))) {
      for (String path : List.of("", "/log", "/rev/tip", "/file/tip/a.txt", "/graph", "/tags")) {
        WarmSite.Answer answer = site.assertSame(() -> Call.get("/hgweb.cgi" + path));
        assertThat(answer.status()).as(path + answer.log()).isEqualTo(200);
      }
    }
  }

  @Test
  void usemodWiki() throws Exception {
    require("wiki.pl");
    try (WarmSite site = site(PROGRAMS, host -> host.environment("HOME", directory.toString()))) {
      for (String query : List.of("HomePage", "action=rc", "action=index", "search=x")) {
        site.assertSame(() -> Call.get("/wiki.pl").with("QUERY_STRING", query));
      }
    }
  }

  @Test
  void cvsweb() throws Exception {
    require("cvsweb");
    try (WarmSite site = site(PROGRAMS, host -> host.environment("HOME", directory.toString()))) {
      for (String query : List.of("", "hideattic=1", "cvsroot=none")) {
        site.assertSame(() -> Call.get("/cvsweb/").with("QUERY_STRING", query));
      }
    }
  }
}
