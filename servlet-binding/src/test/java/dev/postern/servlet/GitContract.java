package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * git over HTTP through {@code git http-backend}, a CGI program that is wrapped as an application.
 */
abstract class GitContract extends ContainerContract {
  private static final int LARGE = 3 << 20;

  @TempDir Path directory;

  private String url;

  GitContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @BeforeEach
  void serveRepository() throws Exception {
    Path projects = Files.createDirectory(directory.resolve("projects"));
    git(projects, "init", "--quiet", "--bare", "repo.git");
    git(projects.resolve("repo.git"), "config", "http.receivepack", "true");
    Path history = Files.writeString(directory.resolve("history"), history());
    git(projects.resolve("repo.git"), history, "fast-import", "--quiet");
    git(projects.resolve("repo.git"), "symbolic-ref", "HEAD", "refs/heads/main");
    git(directory, "clone", "--quiet", projects.resolve("repo.git").toString(), "seed");

    Application backend =
        CgiApplication.builder(Path.of(git(directory, "--exec-path").trim(), "git-http-backend"))
            .environment("GIT_PROJECT_ROOT", projects.toString())
            .environment("GIT_HTTP_EXPORT_ALL", "1")
            .build();
    url =
        "http://127.0.0.1:"
            + start(Deployment.at("/scm").application(backend, "/git/*"))
            + "/scm/git/repo.git";
  }

  /** Twenty commits, each of which adds a file, as git-fast-import(1) takes them. */
  private static String history() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      String content = "line " + i + "\n";
      String subject = "Add file " + i;
      text.append("commit refs/heads/main\n");
      text.append("committer Test <test@localhost> " + (1_700_000_000 + i) + " +0000\n");
      text.append("data " + subject.length() + "\n" + subject + "\n");
      text.append("M 100644 inline file" + i + "\n");
      text.append("data " + content.length() + "\n" + content);
    }
    return text.toString();
  }

  @Test
  void clone_bringsEverything() throws Exception {
    git(directory, "clone", "--quiet", url, "work");

    assertThat(head("work")).isEqualTo(head("seed"));
    assertThat(directory.resolve("work/file19")).hasContent("line 19\n");
  }

  @Test
  void fetch_bringsWhatIsNew() throws Exception {
    git(directory, "clone", "--quiet", url, "work");
    Files.writeString(directory.resolve("seed/more"), "more\n");
    commit(directory.resolve("seed"), "Add more");
    git(directory.resolve("seed"), "push", "--quiet", "origin", "HEAD:main");

    git(directory.resolve("work"), "fetch", "--quiet", "origin");

    assertThat(git(directory.resolve("work"), "rev-parse", "origin/main").trim())
        .isEqualTo(head("seed"));
  }

  /** More than git's http.postBuffer of 1 MiB, so that git sends it chunked. */
  @Test
  void pushOf3MB_andTheCloneAfterIt_areIdentical() throws Exception {
    git(directory, "clone", "--quiet", url, "work");
    byte[] large = new byte[LARGE];
    new Random(42).nextBytes(large);
    Files.write(directory.resolve("work/large"), large);
    commit(directory.resolve("work"), "Add three megabytes that do not compress");

    git(directory.resolve("work"), "push", "--quiet", "origin", "HEAD:main");
    git(directory, "clone", "--quiet", url, "again");

    assertThat(head("again")).isEqualTo(head("work"));
    assertThat(directory.resolve("again/large")).hasBinaryContent(large);
    git(directory.resolve("again"), "fsck", "--strict");
  }

  private String head(String clone) throws Exception {
    return git(directory.resolve(clone), "rev-parse", "HEAD").trim();
  }

  private void commit(Path clone, String subject) throws Exception {
    git(clone, "add", "--all");
    git(clone, "commit", "--quiet", "--message", subject);
  }

  /** Runs git as a user without any settings; its output. */
  private String git(Path in, String... arguments) throws Exception {
    return git(in, Path.of("/dev/null"), arguments);
  }

  private String git(Path in, Path input, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("git", "-c", "user.name=Test", "-c", "user.email=test@localhost"));
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile(directory, "git", ".out");
    ProcessBuilder builder = new ProcessBuilder(command).directory(in.toFile());
    Map<String, String> environment = builder.environment();
    environment
        .keySet()
        .removeIf(name -> name.startsWith("GIT_") || name.toLowerCase().endsWith("_proxy"));
    environment.put("HOME", directory.toString());
    environment.put("GIT_CONFIG_NOSYSTEM", "1");
    environment.put("GIT_TERMINAL_PROMPT", "0");
    environment.put("no_proxy", "*");
    builder.redirectErrorStream(true).redirectOutput(output.toFile());
    builder.redirectInput(input.toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return missing();
    }
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("git %s ends", command).isTrue();
      assertThat(process.exitValue()).as("%s: %s", command, Files.readString(output)).isZero();
      return Files.readString(output);
    } finally {
      process.destroyForcibly();
    }
  }

  private static String missing() {
    String message = "git is not installed";
    return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
  }
}
