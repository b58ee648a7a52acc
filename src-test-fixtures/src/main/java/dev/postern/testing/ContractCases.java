package dev.postern.testing;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** All cases of {@link GatewayContract}, and the small applications that many of them share. */
final class ContractCases {
  static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  /** Stands in place of the value of an absent variable. */
  static final String ABSENT = "(absent)";

  private ContractCases() {}

  static final List<String> SUBJECTS =
      List.of(
          "environ",
          "request headers",
          "input",
          "start",
          "head",
          "no body",
          "framing",
          "failures",
          "streaming",
          "ends");

  /**
   * Returns the cases of one subject. A process that serves one request makes only these, as each
   * lambda costs a fraction of a millisecond.
   */
  static List<ContractCase> about(String subject) {
    return switch (subject) {
      case "environ" -> EnvironCases.all();
      case "request headers" -> RequestHeaderCases.all();
      case "input" -> InputCases.all();
      case "start" -> StartCases.all();
      case "head" -> HeadCases.all();
      case "no body" -> BodilessCases.all();
      case "framing" -> FramingCases.all();
      case "failures" -> FailureCases.all();
      case "streaming" -> StreamingCases.all();
      case "ends" -> EndCases.all();
      default -> List.of();
    };
  }

  static List<ContractCase> all() {
    return SUBJECTS.stream().flatMap(subject -> about(subject).stream()).toList();
  }

  // ---- applications ----

  /** Answers 200 with text, a byte for each char. */
  static ContractCase.App says(Function<Environ, String> text) {
    return (environ, start, witness) -> {
      start.start(200, TEXT);
      return body(text.apply(environ));
    };
  }

  /** Answers with the values of these variables, a line each. */
  static ContractCase.App variables(String... names) {
    return says(
        environ ->
            String.join(
                "\n",
                Arrays.stream(names)
                    .map(name -> environ.variable(name))
                    .map(value -> value == null ? ABSENT : value)
                    .toList()));
  }

  static ContractCase.App answers(int status, Headers headers, Body body) {
    return (environ, start, witness) -> {
      start.start(status, headers);
      return body;
    };
  }

  static ContractCase.App writes(Headers headers, Body.Writer writer) {
    return (environ, start, witness) -> {
      start.start(200, headers);
      return Body.writing(writer);
    };
  }

  // ---- bytes ----

  static Body body(String bytes) {
    return Body.of(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Returns the body, a char for each byte. */
  static String bytes(TestResponse response) {
    return new String(response.body(), StandardCharsets.ISO_8859_1);
  }

  /** Returns so many bytes. Any 251 in a row are different, so that a lost block is seen. */
  static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i % 251);
    }
    return bytes;
  }

  static void writeAscii(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.US_ASCII));
  }
}
