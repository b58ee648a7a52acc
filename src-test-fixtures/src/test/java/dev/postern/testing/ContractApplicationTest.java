package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ContractApplicationTest {
  private static final String OVERLAPS = "ends:E22 must not let calls overlap when it says so";
  private static final String APART = "ends:G31 must keep requests apart that run at the same time";

  @TempDir Path directory;

  private final GatewayClient client =
      new InMemoryClient(
          new ContractApplication(),
          ContractApplicationTest::environOfOneThread,
          UnaryOperator.identity());

  private static Environ environOfOneThread(TestRequest request, InputStream in, StringWriter log) {
    return Environ.builder(RequestVariables.of(request, "", "http"))
        .input(in)
        .errors(new PrintWriter(log, true))
        .multithread(false)
        .build();
  }

  @Test
  void callOfTheSameCase_overlaps() throws IOException {
    assertThat(notesBesideAnother(directory, OVERLAPS)).contains("overlaps");
  }

  @Test
  void callOfAnotherGateway_doesNotOverlap() throws IOException {
    Path other = Files.createDirectory(directory.resolve("other"));

    assertThat(notesBesideAnother(other, OVERLAPS)).contains("called").doesNotContain("overlaps");
  }

  @Test
  void callThatAnotherCaseLeftBehind_doesNotOverlap() throws IOException {
    assertThat(notesBesideAnother(directory, APART)).contains("called").doesNotContain("overlaps");
  }

  /** Returns the notes about a request that is sent while a first one waits for its body. */
  private Iterable<String> notesBesideAnother(Path ofFirst, String caseOfFirst) throws IOException {
    Witness first = Witness.in(ofFirst);
    Witness second = Witness.in(directory);
    try (GatewayClient.Conversation talk = client.open(post(caseOfFirst, first))) {
      first.awaitNote("called", Duration.ofSeconds(30));
      assertThat(client.send(post(OVERLAPS, second)).status()).isEqualTo(200);
      talk.endRequest();
    }
    return second.notes();
  }

  private static TestRequest post(String asked, Witness witness) {
    return TestRequest.post("/", "text/plain", "body")
        .withHeader(ContractApplication.HEADER, asked)
        .withHeader(Witness.HEADER, witness.name());
  }
}
