package dev.postern.launcher.demo;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that the demo shows, by path. What it unpacks lies in a directory of its own, which {@link
 * #close} removes.
 *
 * <p>Opened and closed by one thread; the applications are thread-safe.
 */
public final class Demo implements AutoCloseable {
  private static final String MAIN = "dev.postern.launcher.Main";
  private static final String PROGRAMS = "/cgi-bin";

  private final Path home;
  private final @Nullable String searchPath;
  private final Map<String, Application> routes = new LinkedHashMap<>();
  private @Nullable Path perl;
  private @Nullable Path python;
  private @Nullable String gitMissing;

  private Demo(Path home, @Nullable String searchPath) {
    this.home = home;
    this.searchPath = searchPath;
  }

  /**
   * Unpacks the programs and makes the repository.
   *
   * @param searchPath where programs are looked for, as PATH has it; what is not there is missing
   *     on the page
   * @throws IOException when there is no room for temporary files
   */
  public static Demo open(@Nullable String searchPath) throws IOException, InterruptedException {
    Demo demo = new Demo(Files.createTempDirectory("postern-demo-").toRealPath(), searchPath);
    try {
      demo.build();
      return demo;
    } catch (Throwable e) {
      demo.close();
      throw e;
    }
  }

  /** The applications by prefix. */
  public Map<String, Application> routes() {
    return Map.copyOf(routes);
  }

  /** Removes all files. Programs that still run are their requests' business. */
  @Override
  public void close() throws IOException {
    MoreFiles.deleteRecursively(home, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  private void build() throws IOException, InterruptedException {
    perl = Tools.find("perl", searchPath);
    python = Tools.find("python3", searchPath);
    @Nullable Path repository = repository();
    routes.put("", Application.of(new Page(this::sections)));
    routes.put("/demo/demo.css", Resource.application("demo.css", "text/css; charset=utf-8"));
    routes.put("/demo/demo.js", Resource.application("demo.js", "text/javascript; charset=utf-8"));
    routes.put("/demo/icon.svg", Resource.application("icon.svg", "image/svg+xml"));
    routes.put("/app", new Inspector());
    routes.put("/cgi/app", CgiApplication.builder(inspectorCommand()).build());
    routes.put(PROGRAMS, programs(repository));
    for (String name : List.of("machine.sh", "sunflower.pl", "life.py", "log.sh")) {
      routes.put("/source/" + name, Resource.application(name, "text/plain; charset=utf-8"));
    }
  }

  /** The JVM that runs, started once more for each request, as the postern script starts it. */
  private static List<String> inspectorCommand() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:-UsePerfData");
    if (Runtime.version().feature() >= 25) {
      command.add("-XX:+UseSerialGC");
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(MAIN, "cgi", Inspector.class.getName()));
    return command;
  }

  private @Nullable Path repository() throws IOException, InterruptedException {
    Path git = Tools.find("git", searchPath);
    if (git == null) {
      gitMissing = "git is not on this machine's PATH.";
      return null;
    }
    try {
      Repository repository = Repository.create(git, home.resolve("git"), searchPath);
      Application application = repository.application();
      if (application != null) {
        routes.put("/git", application);
        return repository.path();
      }
      gitMissing = "This machine's git has no http-backend.";
    } catch (IOException e) {
      gitMissing = "This machine's git could not make a repository.";
    }
    return null;
  }

  private Application programs(@Nullable Path repository) throws IOException {
    Path directory = Files.createDirectory(home.resolve("cgi-bin"));
    CgiDirectory.Builder builder = CgiDirectory.builder(directory);
    // By interpreter, since temporary directories may be mounted without execution.
    unpack("machine.sh", directory);
    builder.interpreter(".sh", List.of("/bin/sh"));
    if (perl != null) {
      unpack("sunflower.pl", directory);
      builder.interpreter(".pl", List.of(perl.toString()));
    }
    if (python != null) {
      unpack("life.py", directory);
      builder.interpreter(".py", List.of(python.toString()));
    }
    if (repository != null) {
      unpack("log.sh", directory);
      builder.environment("DEMO_REPOSITORY", repository.toString());
    }
    return builder.build();
  }

  private static void unpack(String name, Path directory) throws IOException {
    Path file = Files.write(directory.resolve(name), Resource.bytes(name));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  // ---- the page ----

  private Map<String, List<Card>> sections(String address) {
    return Map.of(
        "one-class", oneClass(), "programs", programCards(), "git", List.of(gitCard(address)));
  }

  private static List<Card> oneClass() {
    String name = Inspector.class.getName();
    Card servlet =
        new Card("Java", "As a servlet", "One JVM, many requests, many threads.")
            .command("postern serve --app /app=" + name)
            .timed("/app/hello")
            .link("/app/hello?a=1", "/app/hello?a=1")
            .through("server", "Jetty")
            .through("gateway", "ServletGateway")
            .through("application", "Inspector");
    Card executable =
        new Card("Java", "As a CGI executable", "One JVM, one request, then it ends.")
            .command("postern cgi " + name)
            .timed("/cgi/app/hello")
            .link("/cgi/app/hello?a=1", "/cgi/app/hello?a=1")
            .through("server", "Jetty")
            .through("gateway", "ServletGateway")
            .through("application", "CgiApplication")
            .through("process", "java")
            .through("gateway", "CgiGateway")
            .through("application", "Inspector");
    return List.of(servlet, executable);
  }

  private List<Card> programCards() {
    List<Card> cards = new ArrayList<>();
    cards.add(
        program("sh", "This machine", "machine.sh", "Load, memory and disk, in plain sh.")
            .through("process", "sh")
            .preview(
                """
                <pre class="preview">row Time "$(date '+%A, %e %B %Y, …')"
                read -r one five fifteen _ &lt;…
                row Load "$one in the last minute, …"
                bar Memory "$1" "$2 of $3 GiB in use"
                bar Disk "$1" "$2 of $3 GiB in use"
                row Process "$$, child of $PPID"
                row Request "$REQUEST_METHOD …"</pre>\
                """));
    cards.add(
        program("Perl", "Sunflower", "sunflower.pl", "Thirty lines draw a picture.")
            .through("process", "perl")
            .preview(
                "<img class=\"preview\" alt=\"A sunflower\" src=\"" + PROGRAMS + "/sunflower.pl\">")
            .missing(perl == null ? "perl is not on this machine's PATH." : null));
    cards.add(
        program("Python", "Life", "life.py", "An animation, flushed by the frame.")
            .through("process", "python3")
            .preview(
                "<iframe class=\"preview\" title=\"Life\" data-src=\""
                    + PROGRAMS
                    + "/life.py?preview\"></iframe>")
            .missing(python == null ? "python3 is not on this machine's PATH." : null));
    return cards;
  }

  private static Card program(String language, String title, String file, String text) {
    return new Card(language, title, text)
        .timed(PROGRAMS + "/" + file)
        .link(PROGRAMS + "/" + file, PROGRAMS + "/" + file)
        .link("/source/" + file, "source")
        .through("server", "Jetty")
        .through("gateway", "ServletGateway")
        .through("application", "CgiDirectory");
  }

  private Card gitCard(String address) {
    return new Card(
            "git",
            "Clone it, push to it",
            "A repository that was made when the demo started. Push a commit, then look at the"
                + " list.")
        .command("git clone " + address + "/git/demo.git")
        .timed("/git/demo.git/info/refs?service=git-upload-pack")
        .link(PROGRAMS + "/log.sh", "commits")
        .link("/git/demo.git/info/refs?service=git-upload-pack", "what git sees")
        .through("server", "Jetty")
        .through("gateway", "ServletGateway")
        .through("application", "CgiApplication")
        .through("process", "git http-backend")
        .missing(gitMissing);
  }
}
