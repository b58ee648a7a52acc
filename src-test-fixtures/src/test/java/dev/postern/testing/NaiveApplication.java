package dev.postern.testing;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Hosts a CGI program as one would in an hour: believes it, and passes everything on. */
final class NaiveApplication implements Application {
  private final Path program;

  NaiveApplication(Path program) {
    this.program = program;
  }

  @Override
  public Body call(Environ environ, StartResponse start) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(program.toString());
    for (Map.Entry<String, Object> entry : environ.entrySet()) {
      if (entry.getKey().indexOf('.') < 0) {
        builder.environment().put(entry.getKey(), (String) entry.getValue());
      }
    }
    Process process = builder.start();
    try (OutputStream stdin = process.getOutputStream()) {
      environ.input().transferTo(stdin);
    }
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    int end = output.indexOf("\n\n");
    List<String> fields = new ArrayList<>();
    int status = 200;
    for (String line : output.substring(0, Math.max(end, 0)).split("\r?\n")) {
      int colon = line.indexOf(':');
      if (line.startsWith("Status:")) {
        status = Integer.parseInt(line.substring(7).trim().split(" ")[0]);
      } else if (colon > 0) {
        fields.add(line.substring(0, colon));
        fields.add(line.substring(colon + 1));
      }
    }
    start.start(status, Headers.of(fields.toArray(new String[0])));
    return Body.of(output.substring(end + 2).getBytes(StandardCharsets.ISO_8859_1));
  }
}
