package dev.postern.testing;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import java.util.Set;

/**
 * One thing that a gateway must do: the application that shows it, and the requests and checks.
 *
 * @param id of the rule in SPEC.md
 * @param must the rest of a sentence about the gateway; with the id, unique
 * @param needs what the gateway and the client must be capable of
 * @param breaks the rules that the application, or the request, breaks on purpose
 */
record ContractCase(
    String id, String must, Set<Capability> needs, Set<String> breaks, App app, Script script) {

  /** An application with a witness. */
  @FunctionalInterface
  interface App {
    Body call(Environ environ, StartResponse start, Witness witness) throws Exception;
  }

  /** What the client does, and what it must see. */
  @FunctionalInterface
  interface Script {
    void run(Trial trial) throws Exception;
  }

  ContractCase(String id, String must, App app, Script script) {
    this(id, must, Set.of(), Set.of(), app, script);
  }

  ContractCase needs(Capability... capabilities) {
    return new ContractCase(id, must, Set.of(capabilities), breaks, app, script);
  }

  ContractCase breaks(String... rules) {
    return new ContractCase(id, must, needs, Set.of(rules), app, script);
  }

  /**
   * Returns a text such as {@code E3 must decode the path once}, which names the test, and the case
   * in a request.
   */
  String name() {
    return id + " must " + must;
  }
}
