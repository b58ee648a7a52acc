package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bytes above 7F from the wire to a program, by the script and its JVM options. */
@Timeout(100)
class ServedBytesTest {
  @TempDir Path directory;
  private Path programs;

  @BeforeEach
  void writePrograms() throws Exception {
    programs = Files.createDirectory(directory.resolve("programs"));
    Sources.script(
        programs.resolve("show"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s|%s|%s|%s' \"$PATH_INFO\""
            + " \"$QUERY_STRING\" \"$HTTP_COOKIE\" \"$HTTP_X\"\n");
    Process copy =
        new ProcessBuilder("/bin/sh", "-c", "cp show \"$(printf '\\303\\251')\"")
            .directory(programs.toFile())
            .start();
    assertThat(copy.waitFor()).isZero();
  }

  @Test
  void attackJ01_s08_bytesOfARequest_areExact() throws Exception {
    try (Child child = start()) {
      int port = URI.create(child.address()).getPort();
      for (String bytes : List.of("caf\u00e9", "caf\u00c3\u00a9", "\u00ff\u0080\u00c3")) {
        StringBuilder path = new StringBuilder();
        bytes.chars().forEach(c -> path.append(String.format("%%%02X", c)));
        assertThat(
                Wire.request(
                    port,
                    "GET /show/"
                        + path
                        + "?"
                        + path
                        + " HTTP/1.1\nHost: h\nCookie: a="
                        + bytes
                        + "\nX: "
                        + bytes))
            .startsWith("HTTP/1.1 200 ")
            .contains("/" + bytes + "|" + path + "|a=" + bytes + "|" + bytes);
      }
      assertThat(Wire.request(port, "GET /%C3%A9/x HTTP/1.1\nHost: h"))
          .startsWith("HTTP/1.1 200 ")
          .contains("/x|");
    }
  }

  /** As the script starts the command; {@code ScriptJvmTest} holds it to these options. */
  private Child start() throws Exception {
    List<String> words = new ArrayList<>(List.of("-Xmx64m"));
    if (Runtime.version().feature() < 18) {
      words.add("-Dfile.encoding=ISO-8859-1");
    } else if (Runtime.version().feature() >= 22) {
      words.add("--enable-native-access=ALL-UNNAMED");
    }
    words.addAll(List.of(Main.class.getName(), "serve", "--port", "0", "--cgi-dir"));
    words.add("/=" + programs);
    return Child.startJava(directory, Map.of("LC_ALL", "C.UTF-8"), words.toArray(new String[0]));
  }
}
