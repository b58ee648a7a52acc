package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.process.StartPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a start may look afterwards, a program runs at most once for a request. */
@EnabledOnOs(OS.LINUX)
class RunOnceTest {
  @TempDir Path directory;

  /** {@code $0} is the program, so that these are the very words of a helper. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo 'setsid: busy' >&2; exit 126",
        "echo \"setsid: failed to execute $0: Text file busy\" >&2; exit 126",
        "echo \"setsid: failed to execute $0: No such file or directory\" >&2; exit 127",
        "echo \"prlimit: failed to execute $0: Text file busy\" >&2; exit 126",
        "echo \"setpriv: failed to execute $0: Text file busy\" >&2; exit 127",
        "exit 127"
      })
  void attackF12_programThatSpeaksAsAHelper_runsOnce(String end) throws IOException {
    Path ran = directory.resolve("ran");
    Path program = Programs.sh(directory, "p", "echo ran >>" + ran, end);
    for (Isolation isolation : isolations()) {
      Files.deleteIfExists(ran);

      Call call =
          Call.post("/", new byte[10])
              .to(CgiApplication.builder(program).isolation(isolation).build());

      assertThat(call.status).isIn(502, 503);
      assertThat(ran).hasContent("ran");
    }
  }

  /** With no helper of ours in front, these are a program's own words. */
  @Test
  void attackF12_wordsOfAHelperThatIsNotThere_areNoFailedStart() throws IOException {
    Path program =
        Programs.sh(
            directory, "p", "echo \"prlimit: failed to execute $0: Text file busy\" >&2; exit 126");
    Call call = Call.get("/").to(CgiApplication.of(program));

    assertThat(call.status).isEqualTo(502);
    assertThat(call.rule()).isEqualTo("no-output");
  }

  @Test
  void attackF12_helperThatCannotRunTheProgram_is503() throws IOException {
    Path program = Programs.sh(directory, "p", "exit 0");
    CgiApplication app =
        CgiApplication.builder(program)
            .isolation(Isolation.builder().openFiles(64).build())
            .build();
    try (var writer = Files.newByteChannel(program, StandardOpenOption.WRITE)) {
      Call call = Call.get("/").to(app);

      assertThat(writer.isOpen()).isTrue();
      assertThat(call.status).isEqualTo(503);
      assertThat(call.rule()).isEqualTo("not-started");
      assertThat(call.headers.get("Retry-After")).isEqualTo("1");
    }
  }

  private static List<Isolation> isolations() {
    List<Isolation> all = new ArrayList<>(List.of(Isolation.none()));
    if (StartPath.hasSessions()) {
      all.add(Isolation.builder().openFiles(64).build());
    }
    return all;
  }
}
