package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.launcher.pages.Pages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The completions in real shells on a terminal: what appears when somebody presses TAB. */
@Timeout(180)
class CompletionTest {
  private static final long PATIENCE = 60_000_000_000L;

  @TempDir static Path directory;
  private static Path share;

  @BeforeAll
  static void writePages() throws Exception {
    share = directory.resolve("share");
    Pages.main(new String[] {share.toString(), "1"});
    Path work = Files.createDirectory(directory.resolve("work"));
    Files.createFile(work.resolve("Hello.java"));
    Files.createFile(work.resolve("site.yaml"));
    Files.createDirectory(work.resolve("programs"));
  }

  /** A shell on a terminal. */
  private static final class Shell implements AutoCloseable {
    private final Process process;
    private final StringBuffer shown = new StringBuffer();

    Shell(String command) throws IOException {
      ProcessBuilder builder =
          new ProcessBuilder("script", "-qec", "stty cols 80; exec " + command, "/dev/null")
              .directory(directory.resolve("work").toFile())
              .redirectErrorStream(true);
      builder.environment().putAll(Map.of("TERM", "dumb", "HOME", directory.toString()));
      process = builder.start();
      Thread reader = new Thread(this::read, "completion-terminal");
      reader.setDaemon(true);
      reader.start();
    }

    private void read() {
      try (InputStream in = process.getInputStream()) {
        byte[] bytes = new byte[4096];
        for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
          shown.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
        }
      } catch (IOException e) {
        // It has ended.
      }
    }

    /** Types, and waits until all of that has been shown since. */
    void type(String keys, String... wanted) throws Exception {
      shown.setLength(0);
      process.getOutputStream().write(keys.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      long end = System.nanoTime() + PATIENCE;
      while (!List.of(wanted).stream().allMatch(one -> shown.indexOf(one) >= 0)) {
        assertThat(System.nanoTime()).as("\"%s\" shows \"%s\"", keys, shown).isLessThan(end);
        Thread.sleep(5);
      }
    }

    /** Presses TAB after that, sees what it has become, and leaves the line. */
    void completes(String line, String wanted) throws Exception {
      type(line + "\t", wanted);
      assertThat(shown.toString()).as(line).doesNotContain("not found", "_picocli");
      leave();
    }

    /**
     * Drops the line: by a key, as a signal may come while the shell still completes, and be lost.
     */
    void leave() throws Exception {
      type("\025echo do''ne\n", "done");
    }

    @Override
    public void close() {
      process.destroy();
    }
  }

  private static void completeAsTheirUsersExpect(Shell shell) throws Exception {
    shell.completes("postern ser", "postern serve ");
    shell.completes("postern help se", "postern help serve ");
    shell.completes("postern serve --access-l", "--access-log ");
    shell.completes("postern serve --dev Hel", "--dev Hello.java ");
    shell.completes("postern serve --config si", "--config site.yaml ");
    shell.completes("postern serve --cwd pro", "--cwd programs/");
    shell.completes("postern serve --follow-links o", "wner ");
    shell.completes("postern run --interp", "run --interpreter ");
    // Several are possible: what they share first, then a list of them.
    shell.type("postern serve --ac\t", "cess-");
    shell.type("\t\t", "--access-format", "--access-log", "--access-query");
    shell.leave();
  }

  @Test
  void bash_completesWordsOptionsValuesAndFiles() throws Exception {
    try (Shell shell = new Shell("bash --norc --noprofile -i")) {
      shell.type(
          "bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 0'; PS1='$ '; ."
              + " '"
              + share.resolve("bash-completion/completions/postern")
              + "'; echo rea''dy\n",
          "ready");
      completeAsTheirUsersExpect(shell);
      // Bash takes what follows the prefix of a mount for a word of its own.
      shell.completes("postern serve --cgi-dir /x=pro", "/x=programs/");
    }
  }

  private static void requireZsh() {
    boolean installed =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(place -> Files.isExecutable(Path.of(place, "zsh")));
    if (!installed && "1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
      throw new AssertionError("zsh is not installed");
    }
    assumeTrue(installed, "zsh is not installed");
  }

  @Test
  void zsh_completesWordsOptionsValuesAndFiles() throws Exception {
    requireZsh();
    try (Shell shell = new Shell("zsh -f -i")) {
      shell.type(
          "unset zle_bracketed_paste; PS1='$ '; fpath=('"
              + share.resolve("zsh/vendor-completions")
              + "' $fpath); autoload -Uz compinit && compinit -D -u; echo rea''dy\n",
          "ready");
      completeAsTheirUsersExpect(shell);
    }
  }
}
