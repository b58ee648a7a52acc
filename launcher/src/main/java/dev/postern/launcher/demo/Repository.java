package dev.postern.launcher.demo;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A bare git repository with one commit, which anybody who reaches the demo may push to. */
final class Repository {
  private static final String README =
      """
      # A repository behind a servlet

      You cloned this from a servlet container. It called an Application, which ran
      git http-backend, a CGI program, once for each request.

      Commit something and push it: the demo's page has a link to the list of commits.
      """;

  private final Path git;
  private final Path root;
  private final Map<String, String> environment = new LinkedHashMap<>();

  private Repository(Path git, Path root, @Nullable String searchPath) {
    this.git = git;
    this.root = root;
    environment.put("PATH", searchPath == null ? "/usr/bin:/bin" : searchPath);
    // Keep the settings of the user and of the machine out.
    environment.put("HOME", root.toString());
    environment.put("GIT_CONFIG_NOSYSTEM", "1");
    environment.put("GIT_CONFIG_GLOBAL", "/dev/null");
    for (String role : List.of("AUTHOR", "COMMITTER")) {
      environment.put("GIT_" + role + "_NAME", "Postern");
      environment.put("GIT_" + role + "_EMAIL", "demo@postern.example");
    }
  }

  /**
   * Makes {@code demo.git} below that directory.
   *
   * @throws IOException when git fails
   */
  static Repository create(Path git, Path root, @Nullable String searchPath)
      throws IOException, InterruptedException {
    Repository repository = new Repository(git, Files.createDirectories(root), searchPath);
    repository.git(root, "", "init", "--quiet", "--bare", "demo.git");
    Path bare = repository.path();
    repository.git(bare, "", "symbolic-ref", "HEAD", "refs/heads/main");
    repository.git(bare, "", "config", "http.receivepack", "true");
    // Without this, git may collect garbage in a process that outlives the demo.
    repository.git(bare, "", "config", "receive.autogc", "false");
    String blob = repository.git(bare, README, "hash-object", "-w", "--stdin");
    String tree = repository.git(bare, "100644 blob " + blob + "\tREADME.md\n", "mktree");
    String commit = repository.git(bare, "", "commit-tree", "-m", "Open the gate", tree);
    repository.git(bare, "", "update-ref", "refs/heads/main", commit);
    return repository;
  }

  Path path() {
    return root.resolve("demo.git");
  }

  /** Returns git http-backend for all repositories below the root; null if it is not installed. */
  @Nullable Application application() throws IOException, InterruptedException {
    Path backend = Path.of(git(root, "", "--exec-path")).resolve("git-http-backend");
    if (!Files.isExecutable(backend)) {
      return null;
    }
    return CgiApplication.builder(backend)
        .environment("GIT_PROJECT_ROOT", root.toString())
        .environment("GIT_HTTP_EXPORT_ALL", "1")
        .environment("GIT_CONFIG_NOSYSTEM", "1")
        .environment("HOME", root.toString())
        .build();
  }

  private String git(Path directory, String input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(git.toString()));
    command.addAll(List.of(arguments));
    return Tools.run(command, directory, environment, input);
  }
}
