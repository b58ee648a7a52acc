package dev.postern.testing;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** All cases of {@link GatewayContract}, and the small applications that many of them share. */
final class ContractCases {
  static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  /** In place of a variable's value. */
  static final String ABSENT = "(absent)";

  private ContractCases() {}

  static Map<String, List<ContractCase>> bySubject() {
    Map<String, List<ContractCase>> subjects = new LinkedHashMap<>();
    subjects.put("environ", EnvironCases.all());
    subjects.put("request headers", RequestHeaderCases.all());
    subjects.put("input", InputCases.all());
    subjects.put("start", StartCases.all());
    subjects.put("head", HeadCases.all());
    subjects.put("framing", FramingCases.all());
    subjects.put("failures", FailureCases.all());
    subjects.put("streaming", StreamingCases.all());
    subjects.put("ends", EndCases.all());
    return subjects;
  }

  static List<ContractCase> all() {
    return bySubject().values().stream().flatMap(List::stream).toList();
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

  /** The body, a char for each byte. */
  static String bytes(TestResponse response) {
    return new String(response.body(), StandardCharsets.ISO_8859_1);
  }

  /** So many bytes of which each 251 in a row are different, so that no lost block goes unseen. */
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
