package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which requests {@code --status} counts. */
class StatusCountsTest {
  @TempDir Path directory;

  /** Prefixes of the status and of an application, one of which is below the other. */
  @ParameterizedTest
  @CsvSource({"/, /tool", "/admin, /admin/tool", "/tool/status, /tool"})
  void status_countsTheRequestsOfOthers(String status, String tool) throws Exception {
    Path classes = Sources.compile(directory.resolve("classes"), "Hello", Sources.HELLO);
    Path file = directory.resolve("site.yaml");
    Files.writeString(
        file,
        "status: "
            + status
            + "\nmounts: {"
            + tool
            + ": {app: Hello, classpath: "
            + classes
            + "}}\n");
    Configuration configuration =
        new Configuration(ServeCommand.parse(List.of("--config", file.toString())));
    configuration.read();
    Site site = configuration.open();
    InMemoryGateway gateway =
        InMemoryGateway.of(
            new AccessLog(
                site, null, AccessLog.Format.COMBINED, false, configuration.board(), null));
    TestRequest json =
        TestRequest.get((status.equals("/") ? "" : status) + "/json")
            .withHeader("Host", "localhost");

    assertThat(gateway.run(json).text()).contains("\"requests\":{\"total\":0,");
    assertThat(gateway.run(TestRequest.get(tool)).text()).isEqualTo("Hello from " + tool + "\n");
    assertThat(gateway.run(json).text())
        .contains("\"requests\":{\"total\":1,\"statuses\":{\"2xx\":1},\"running\":0,");
    site.retire();
  }

  @Test
  void sourceFile_isAMount() throws Exception {
    Path source = Files.writeString(directory.resolve("Hello.java"), Sources.HELLO);
    Configuration configuration =
        new Configuration(ServeCommand.parse(List.of(source.toString(), "--status", "/status")));
    Site site = configuration.open();
    InMemoryGateway gateway = InMemoryGateway.of(site);

    assertThat(gateway.run(TestRequest.get("/")).text()).isEqualTo("Hello from \n");
    assertThat(gateway.run(TestRequest.get("/status/json").withHeader("Host", "localhost")).text())
        .contains("\"mounts\":[{\"prefix\":\"/\",");
    site.retire();
  }
}
