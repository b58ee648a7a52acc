package dev.postern.launcher.demo;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.postern.Application;
import dev.postern.Body;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The applications of the demo, by path. The demo unpacks its files into its own directory, which
 * {@link #close} removes.
 *
 * <p>Opened and closed by one thread; the applications are thread-safe.
 */
public final class Demo implements AutoCloseable {
  static final String PROGRAMS = "/cgi-bin";

  private static final List<String> SOURCES =
      List.of("machine.sh", "sunflower.pl", "life.py", "log.sh", "broken.sh", "words.pl");

  private final Path home;
  private final @Nullable String searchPath;
  private final Map<String, Application> routes = new LinkedHashMap<>();
  private @Nullable Path perl;
  private @Nullable Path python;
  private @Nullable String gitMissing;
  private final Consumer<CgiRun> listener;
  private @Nullable Deployments deployments;
  private @Nullable SideBySide sideBySide;
  private volatile @Nullable CgiRun broken;

  private Demo(Path home, @Nullable String searchPath, Consumer<CgiRun> listener) {
    this.home = home;
    this.searchPath = searchPath;
    this.listener = listener;
  }

  /**
   * Unpacks the programs and makes the repository.
   *
   * @param searchPath the directories of programs, as PATH has them; the page says what is missing
   *     there
   * @param listener told of each run of a program
   * @throws IOException when there is no room for temporary files
   */
  public static Demo open(@Nullable String searchPath, Consumer<CgiRun> listener)
      throws IOException, InterruptedException {
    Demo demo = new Demo(Files.createTempDirectory("postern-").toRealPath(), searchPath, listener);
    try {
      demo.build();
      return demo;
    } catch (Throwable e) {
      demo.close();
      throw e;
    }
  }

  /** Returns the applications by prefix. */
  public Map<String, Application> routes() {
    return Map.copyOf(routes);
  }

  /** Removes all files. Programs that still run end with their requests. */
  @Override
  public void close() throws IOException {
    if (deployments != null) {
      deployments.close();
    }
    if (sideBySide != null) {
      sideBySide.close();
    }
    MoreFiles.deleteRecursively(home, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  private void build() throws IOException, InterruptedException {
    perl = Tools.find("perl", searchPath);
    python = Tools.find("python3", searchPath);
    @Nullable Path repository = repository();
    routes.put("/demo/demo.css", Resource.application("demo.css", "text/css; charset=utf-8"));
    routes.put("/demo/demo.js", Resource.application("demo.js", "text/javascript; charset=utf-8"));
    routes.put("/demo/icon.svg", Resource.application("icon.svg", "image/svg+xml"));
    routes.put("/demo/diagnosis", Application.of(environ -> diagnosis()));
    deployments = new Deployments(home, routes);
    Cards cards = new Cards(deployments, perl != null, python != null, gitMissing);
    routes.put("", Application.of(new Page(cards::sections)));
    sideBySide = new SideBySide(home, perl, listener, routes);
    routes.put(PROGRAMS, programs(repository));
    for (String name : SOURCES) {
      routes.put("/source/" + name, Resource.application(name, "text/plain; charset=utf-8"));
    }
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
    // Run scripts by an interpreter, as temporary directories may be mounted without execution.
    unpack("machine.sh", directory);
    unpack("broken.sh", directory);
    builder.onRun(this::ran);
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

  private void ran(CgiRun run) {
    if (run.program().endsWith("broken.sh")) {
      broken = run;
    }
    listener.accept(run);
  }

  private static void unpack(String name, Path directory) throws IOException {
    Path file = Files.write(directory.resolve(name), Resource.bytes(name));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  /**
   * Returns how the last run of the broken program went, in the words of the log and the status
   * page.
   */
  private Response diagnosis() {
    CgiRun run = broken;
    StringBuilder text = new StringBuilder();
    if (run != null && run.failure() instanceof GatewayException failure) {
      line(text, "status", String.valueOf(run.status()));
      line(text, "rule", run.rule());
      line(text, "message", String.valueOf(failure.getMessage()));
      GatewayException.Diagnosis diagnosis = failure.diagnosis();
      if (diagnosis != null) {
        line(text, "output", "at byte " + diagnosis.offset() + ": " + diagnosis.excerpt());
        line(text, "stderr", diagnosis.stderr());
        line(text, "exit", diagnosis.exit());
      }
    }
    return Response.of(
        200,
        Headers.of("Content-Type", "text/plain; charset=utf-8", "Cache-Control", "no-store"),
        Body.of(text.toString()));
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append(String.format("%-8s %s%n", name, value));
  }
}
