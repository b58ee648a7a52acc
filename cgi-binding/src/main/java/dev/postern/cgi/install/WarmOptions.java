package dev.postern.cgi.install;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A warm executable: a stub without a JVM that hands requests to a {@link WarmServer}.
 *
 * <p>The stub is in Perl. If there is a C compiler, a compiled program comes before the Perl stub.
 * It handles the usual request, and starts several times as quickly. The protocol is our own. With
 * {@code cgi-fcgi} a stub could not find out who owns the socket, nor whether the server has taken
 * the request. So the stub would not know whether the cold executable may still answer it.
 *
 * @param idle how long the server waits for a request
 * @param maxRequests after how many requests the server ends; 0 is never
 * @param compiler the command of the C compiler, empty for none
 * @param kept the names of environment variables that the server takes from the first request
 */
record WarmOptions(
    Duration idle, long maxRequests, List<String> compiler, Collection<String> kept) {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z]+)\\}");

  private static final List<String> PERLS = List.of("/usr/bin/perl", "/usr/local/bin/perl");

  /** The size of {@code sun_path} in unix(7), with its NUL. */
  private static final int SOCKET_PATH = 108;

  /**
   * The executable's text. If there is no Perl, this is the text of a cold one, and a note says so.
   */
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
    Path stub = directory.path().resolve("stub.pl");
    Map<String, String> values =
        Map.ofEntries(
            Map.entry("perl", perl),
            Map.entry("java", runtime.java().toString()),
            Map.entry("cold", "@" + cold),
            Map.entry("warm", "@" + directory.path().resolve(InstallDirectory.WARM)),
            Map.entry("stub", stub.toString()),
            Map.entry("rest", rest.toString()),
            Map.entry("run", run.toString()),
            Map.entry("name", directory.number()),
            Map.entry("idle", Long.toString(Math.max(1, idle.toMillis()))),
            Map.entry("requests", Long.toString(maxRequests)),
            Map.entry("keep", String.join(" ", kept)));
    Files.writeString(rest, filled("rest.pl", values, WarmOptions::perlQuoted));
    String text = filled("stub.pl", values, WarmOptions::perlQuoted);
    String head = ExecutableText.head(cold, applicationClass);
    if (!compile(directory.program(), filled("stub.c", values, WarmOptions::cQuoted))) {
      if (!compiler.isEmpty()) {
        notes.add(
            "no C compiler made a stub, so that it is Perl, which starts more slowly: "
                + String.join(" ", compiler));
      }
      return "#!" + perl + "\n" + head + text;
    }
    Files.writeString(stub, text);
    return firstLine(directory.program()) + "\n" + head;
  }

  private static String firstLine(Path program) {
    return "#!" + program;
  }

  /** Compiles the program. True if it is there afterwards, and can be run from its directory. */
  private boolean compile(Path program, String text) throws IOException {
    if (compiler.isEmpty() || !ExecutableText.isFirstLine(firstLine(program), 0)) {
      return false;
    }
    Path source = program.resolveSibling("stub.c");
    Files.writeString(source, text);
    // A static program starts soonest, because no library has to be found and loaded.
    for (List<String> options : List.of(List.of("-O2", "-static"), List.of("-O2"))) {
      List<String> command = new ArrayList<>(compiler);
      command.addAll(options);
      command.addAll(List.of("-o", program.toString(), source.toString()));
      if (succeeds(command) && succeeds(List.of(program.toString()))) {
        return true;
      }
    }
    Files.deleteIfExists(program);
    Files.delete(source);
    return false;
  }

  private static boolean succeeds(List<String> command) throws IOException {
    try {
      return ProcessResult.of(command, List.of()).exit() == 0;
    } catch (IOException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      // There is no compiler, or the system does not run programs from this directory.
      return false;
    }
  }

  private static String filled(String name, Map<String, String> values, UnaryOperator<String> quote)
      throws IOException {
    return PLACEHOLDER
        .matcher(resource(name))
        .replaceAll(
            placeholder -> {
              String value = values.get(placeholder.group(1));
              String text = value == null ? placeholder.group() : quote.apply(value);
              return Matcher.quoteReplacement(text);
            });
  }

  private static String perlQuoted(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  private static String cQuoted(String value) {
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
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
