package dev.postern.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One case of the contract on one gateway. Thread-safe. */
final class Trial {
  /** Starts the last note of a request. */
  static final String END = "end ";

  /** Starts the notes of Lint. */
  static final String LINT = "lint ";

  private final GatewayClient client;
  private final String subject;
  private final ContractCase test;
  private final Path directory;
  private final Duration patience;
  private final List<Witness> witnesses = new ArrayList<>();

  Trial(
      GatewayClient client, String subject, ContractCase test, Path directory, Duration patience) {
    this.client = client;
    this.subject = subject;
    this.test = test;
    this.directory = directory;
    this.patience = patience;
  }

  // ---- for scripts ----

  TestResponse get(String target) throws IOException {
    return send(TestRequest.get(target));
  }

  TestResponse send(TestRequest request) throws IOException {
    return client.send(prepared(request));
  }

  /**
   * Sends two requests and returns both responses. Over HTTP/1.1 the second request is on the same
   * connection, where it finds bytes that were sent after the end of the first response.
   *
   * @param second without a body
   */
  List<TestResponse> sendInTurn(TestRequest first, TestRequest second) throws IOException {
    if (client instanceof HttpGatewayClient http) {
      return http.sendInTurn(prepared(first), prepared(second));
    }
    return List.of(send(first), send(second));
  }

  GatewayClient.Conversation open(TestRequest request) throws IOException {
    return client.open(prepared(request));
  }

  String log() throws IOException {
    return client.log();
  }

  /** Returns the witness of the last request. */
  synchronized Witness witness() {
    return witnesses.get(witnesses.size() - 1);
  }

  /**
   * Waits for the end of the last request, and returns what its application noted, without our
   * notes.
   */
  List<String> notes() {
    return witness().awaitNote(END, patience).stream()
        .filter(note -> !note.equals("called") && !note.startsWith(END) && !note.startsWith(LINT))
        .toList();
  }

  /** Returns the outcome of the last request, as {@link ContractApplication} notes it. */
  String outcome() {
    return witness().awaitNote(END, patience).stream()
        .filter(note -> note.startsWith(END))
        .map(note -> note.substring(END.length()))
        .toList()
        .get(0);
  }

  /** Returns what was noted about all requests until now. */
  List<String> allNotes() {
    return all().stream().flatMap(witness -> witness.notes().stream()).toList();
  }

  /** Returns how often the application was called for the last request. */
  long calls() {
    return witness().notes().stream().filter("called"::equals).count();
  }

  Duration patience() {
    return patience;
  }

  // ---- for the contract ----

  /**
   * Waits for the end of every request. Then checks that Lint found what the case breaks on
   * purpose, and nothing else.
   */
  void checkLint() {
    List<String> found = new ArrayList<>();
    for (Witness witness : all()) {
      if (witness.notes().contains("called")) {
        witness.awaitNote(END, patience).stream()
            .filter(note -> note.startsWith(LINT))
            .map(note -> note.substring(LINT.length()))
            .forEach(found::add);
      }
    }
    for (String note : found) {
      if (test.breaks().stream().noneMatch(rule -> note.contains("[" + rule + "]"))) {
        throw new AssertionError("Lint found: " + note);
      }
    }
    for (String rule : test.breaks()) {
      if (found.stream().noneMatch(note -> note.contains("[" + rule + "]"))) {
        throw new AssertionError("Lint must find [" + rule + "], which is broken on purpose");
      }
    }
  }

  private synchronized List<Witness> all() {
    return List.copyOf(witnesses);
  }

  private TestRequest prepared(TestRequest request) throws IOException {
    Witness witness = Witness.in(directory);
    synchronized (this) {
      witnesses.add(witness);
    }
    return request
        .withHeader(ContractApplication.HEADER, subject + ":" + test.name())
        .withHeader(Witness.HEADER, witness.name());
  }
}
