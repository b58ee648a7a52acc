package dev.postern.cgi;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A warm executable: a stub without a JVM in it that hands requests to a {@link WarmServer}.
 *
 * <p>The stub is Perl, and the protocol our own. Perl is there on every Debian, starts in 2 ms, and
 * can say what {@code cgi-fcgi} cannot: whose socket it is, whether the server has taken the
 * request, and so whether the cold executable may still answer it.
 *
 * @param idle how long the server waits for a request
 * @param maxRequests after how many it ends; 0 is never
 */
record WarmOptions(Duration idle, long maxRequests) {
  private static final List<String> PERLS = List.of("/usr/bin/perl", "/usr/local/bin/perl");

  /** {@code sun_path} of unix(7), with its NUL. */
  private static final int SOCKET_PATH = 108;

  /** The stub's text; that of a cold executable, with a note, where there is no Perl. */
  String text(
      JavaRuntime runtime, InstallDirectory directory, String applicationClass, List<String> notes)
      throws IOException {
    Path cold = directory.path().resolve("cold");
    String perl = perl();
    if (perl == null) {
      notes.add("no perl was found for the stub: the executable is cold");
      return ExecutableText.cold(runtime, cold, applicationClass);
    }
    Path run = directory.runDirectory();
    String longest = run + "/4294967295/" + directory.number() + ".sock.new";
    if (longest.getBytes(StandardCharsets.UTF_8).length >= SOCKET_PATH) {
      throw new IOException("library directory must have a shorter path for sockets: " + run);
    }
    Path rest = directory.path().resolve("rest.pl");
    Map<String, String> values =
        Map.of(
            "{java}", runtime.java().toString(),
            "{cold}", "@" + cold,
            "{warm}", "@" + directory.path().resolve("warm"),
            "{rest}", rest.toString(),
            "{run}", run.toString(),
            "{name}", directory.number(),
            "{idle}", Long.toString(Math.max(1, idle.toMillis())),
            "{requests}", Long.toString(maxRequests));
    Files.writeString(rest, filled(resource("rest.pl"), values));
    return "#!"
        + perl
        + "\n"
        + ExecutableText.head(cold, applicationClass)
        + filled(resource("stub.pl"), values);
  }

  private static String filled(String text, Map<String, String> values) {
    String filled = text;
    for (Map.Entry<String, String> value : values.entrySet()) {
      String quoted = "'" + value.getValue().replace("\\", "\\\\").replace("'", "\\'") + "'";
      filled = filled.replace(value.getKey(), quoted);
    }
    return filled;
  }

  private static @Nullable String perl() {
    for (String perl : PERLS) {
      if (Files.isExecutable(Path.of(perl))) {
        return perl;
      }
    }
    return null;
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = WarmOptions.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new FileNotFoundException(name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
