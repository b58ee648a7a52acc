package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the {@code postern} script tells the JVM; a JVM that only says what it was told. */
class ScriptJvmTest {
  private static final String JAVA =
      """
      #!/bin/sh
      printf '%s\\n' "LC_ALL=${LC_ALL-none} LC_CTYPE=${LC_CTYPE-none}" "$@"
      """;

  @TempDir Path directory;

  /** The lines of the JVM: its locale, then its arguments. */
  private String told(String version, Map<String, String> environment, String... words)
      throws Exception {
    Path home = Files.createDirectories(directory.resolve("jdk " + version)).toRealPath();
    Files.createDirectories(home.resolve("bin"));
    Sources.script(home.resolve("bin/java"), JAVA);
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    Path script = directory.resolve("postern");
    Files.writeString(script, Files.readString(Path.of("..", "postern")));
    Files.writeString(directory.resolve("pom.xml"), "<project/>");
    Path target = Files.createDirectories(directory.resolve("launcher/target"));
    Files.writeString(target.resolve("postern-launcher.jar"), "");
    Files.writeString(target.resolve("postern.stamp"), home + " " + version + "\n");
    String[] command = new String[words.length + 2];
    command[0] = "sh";
    command[1] = script.toString();
    System.arraycopy(words, 0, command, 2, words.length);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", System.getenv("PATH"));
    builder.environment().put("JAVA_HOME", home.toString());
    builder.environment().putAll(environment);
    return output(builder);
  }

  private static String output(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource({"17.0.9, serve", "21.0.1, serve", "25.0.3, serve", "25.0.3, demo"})
  void server_thatHasNoMemoryLeft_ends(String version, String word) throws Exception {
    assertThat(told(version, Map.of(), word)).contains("\n-XX:+ExitOnOutOfMemoryError\n");
  }

  @Test
  void otherWords_haveNoServersOptions() throws Exception {
    assertThat(told("25.0.3", Map.of(), "install", "serve"))
        .startsWith("LC_ALL=none LC_CTYPE=none\n")
        .doesNotContain("ExitOnOutOfMemoryError");
    assertThat(told("17.0.9", Map.of(), "cgi", "serve"))
        .startsWith("LC_ALL=none LC_CTYPE=none\n")
        .doesNotContain("ExitOnOutOfMemoryError", "file.encoding");
  }

  /** JDK 21 and older have no such option; what JDK 26 does without it was not measured. */
  @ParameterizedTest
  @CsvSource({
    "17.0.9, fcgi, false",
    "21.0.1, fcgi, false",
    "22,     scgi, true",
    "25.0.3, fcgi, true",
    "25.0.3, serve, false",
    "26,     fcgi, false",
  })
  void gateway_wakesConnectionsByAThreadOfTheJdk(String version, String word, boolean expected)
      throws Exception {
    assertThat(told(version, Map.of(), word).contains("\n-Djdk.pollerMode=1\n"))
        .isEqualTo(expected);
  }

  @Test
  void environmentsOfJdk17_areBytes() throws Exception {
    assertThat(told("17.0.9", Map.of(), "serve")).contains("\n-Dfile.encoding=ISO-8859-1\n");
    assertThat(told("25.0.3", Map.of(), "serve"))
        .contains("\n--enable-native-access=ALL-UNNAMED\n")
        .doesNotContain("file.encoding");
  }

  @ParameterizedTest
  @CsvSource({
    "17.0.9, jsa, -XX:SharedArchiveFile=",
    "21.0.1, jsa, -XX:SharedArchiveFile=",
    "25.0.3, aot, -XX:AOTCache=",
  })
  void archiveOfClasses_isReadWhereItIsThere(String version, String kind, String option)
      throws Exception {
    assertThat(told(version, Map.of(), "serve")).doesNotContain(option, "-Xlog");
    Path archive = directory.resolve("launcher/target/postern-launcher." + kind);
    Files.writeString(archive, "");
    assertThat(told(version, Map.of(), "serve"))
        .contains("\n" + option + archive.toRealPath() + "\n-Xlog:")
        .contains("\ndev.postern.launcher.Main\nserve\n");
  }

  /** The system has no locale xx_XX, and the JVM takes none at all if it lacks one of them. */
  @ParameterizedTest
  @CsvSource({
    "LANG,     C,               LC_ALL=none LC_CTYPE=C.UTF-8",
    "LC_CTYPE, POSIX,           LC_ALL=none LC_CTYPE=C.UTF-8",
    "LC_ALL,   C,               LC_ALL=C.UTF-8 LC_CTYPE=none",
    "LC_ALL,   POSIX,           LC_ALL=C.UTF-8 LC_CTYPE=none",
    "LC_ALL,   xx_XX.UTF-8,     LC_ALL=C.UTF-8 LC_CTYPE=none",
    "LANG,     xx_XX.UTF-8,     LC_ALL=C.UTF-8 LC_CTYPE=C.UTF-8",
    "LC_TIME,  xx_XX.UTF-8,     LC_ALL=C.UTF-8 LC_CTYPE=C.UTF-8",
    "LANG,     C.UTF-8,         LC_ALL=none LC_CTYPE=none",
    "LC_ALL,   C.UTF-8,         LC_ALL=C.UTF-8 LC_CTYPE=none",
    "LC_CTYPE, C.UTF-8,         LC_ALL=none LC_CTYPE=C.UTF-8",
  })
  void localeOfAServer_hasAllFileNames(String name, String value, String expected)
      throws Exception {
    assertThat(told("25.0.3", Map.of(name, value), "serve").lines()).first().isEqualTo(expected);
  }
}
