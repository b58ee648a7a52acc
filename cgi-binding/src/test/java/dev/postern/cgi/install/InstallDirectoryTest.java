package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallDirectoryTest {
  @TempDir Path directory;
  private final List<String> notes = new ArrayList<>();

  @Test
  void follow_removesWhatServersOfTheOlderInstallationHaveLeft() throws IOException {
    InstallDirectory older = install();
    Path user = Files.createDirectories(older.library().resolve("run/33"));
    Path other = Files.createFile(user.resolve(older.number() + "1.log"));
    List<Path> left = new ArrayList<>();
    for (String end : List.of(".lock", ".log", ".log.1")) {
      left.add(Files.createFile(user.resolve(older.number() + end)));
    }

    install();
    assertThat(left).allMatch(Files::exists);
    install();

    assertThat(left).noneMatch(Files::exists);
    assertThat(other).exists();
    assertThat(older.path()).doesNotExist();
    assertThat(notes).isEmpty();
  }

  @Test
  void follow_olderInstallationThatStays_isNoted() throws IOException {
    InstallDirectory older = install();
    Path log = older.library().resolve("run/33/" + older.number() + ".log");
    Files.createDirectories(log.resolve("in the way"));
    install();
    assertThat(notes).isEmpty();

    InstallDirectory last = install();

    assertThat(notes).singleElement().asString().endsWith("removed: " + older.path());
    assertThat(last.path()).exists();
  }

  /** An installation that only has what makes it one. */
  private InstallDirectory install() throws IOException {
    Path executable = directory.resolve("app");
    InstallDirectory installed = InstallDirectory.create(directory.resolve("lib"), "app");
    installed.follow(executable, notes);
    Files.writeString(executable, ExecutableText.head(installed.path().resolve("cold"), "App"));
    return installed;
  }
}
