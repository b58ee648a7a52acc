package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bytes in JVMs of other locales: values and names are exact, and so are working directories. */
class LocaleTest {
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  @TempDir Path directory;

  @BeforeEach
  void makePrograms() throws Exception {
    Programs.sh(
        directory, "env", "printf 'Content-Type: text/plain\\n\\n'", "cat /proc/$$/environ");
    Path programs = Files.createDirectory(directory.resolve("d")).toRealPath();
    Programs.sh(
        programs, "x", "printf 'Content-Type: text/plain\\n\\n%s' \"$SCRIPT_FILENAME|$0|$(ls x)\"");
    Process names =
        new ProcessBuilder(
                "/bin/sh",
                "-c",
                "cp x \"$(printf '\\303\\251')\"; cp x \"$(printf '\\351')\";"
                    + " ln -s \"$(printf '\\303\\251')\" link;"
                    + " for d in '\\303\\251' '\\351 $x%%'; do mkdir \"d$(printf \"$d\")\";"
                    + " cp x \"d$(printf \"$d\")/x\"; done")
            .directory(programs.toFile())
            .inheritIO()
            .start();
    assertThat(names.waitFor()).isZero();
  }

  @Test
  void attackJ01_attackJ02_attackJ12_attackC17_attackJ13_s08_s30_bytesAreExact() throws Exception {
    Child c = new Child("C");
    Child utf8 = new Child("C.UTF-8");
    Child turkish = new Child("C.UTF-8", "-Duser.language=tr", "-Duser.country=TR");
    Child latin1 = new Child("C", "-Dfile.encoding=ISO-8859-1");

    // What the postern script asks for on JDK 17.
    Child bytes = new Child("C.UTF-8", "-Dfile.encoding=ISO-8859-1");

    Child vfork = new Child("C.UTF-8", "-Djdk.lang.Process.launchMechanism=VFORK");

    Child free = Runtime.version().feature() < 22 ? c : new Child("C", NATIVE_ACCESS);

    for (Child child : List.of(c, utf8, turkish, latin1, bytes, vfork, free)) {
      List<String> lines = child.lines();
      assertThat(lines).as(child.name).hasSize(14);
      for (String line : lines) {
        String[] words = line.split(" ");
        if (words[0].equals("value")) {
          boolean exact =
              line.equals(String.join(" ", "value", words[1], "200", words[1], words[1]));
          assertThat(exact).as(line).isTrue();
        } else if (words[0].equals("name") && words[1].equals("2f58")) {
          assertThat(words[2]).as(line).isEqualTo("404");
        } else if (words[0].equals("name")) {
          assertThat(words[2]).as(child.name + ": " + line).isEqualTo("200");
          String file = hex(directory.toRealPath().resolve("d").toString()) + words[1];
          assertThat(words[3]).as(line).isEqualTo(file + hex("|") + file + hex("|x"));
        }
      }
      assertThat(lines).contains("value 2f78 200 2f78 2f78", "value 2f3f 200 2f3f 2f3f");
      assertThat(lines).anyMatch(line -> line.startsWith("name 2f78 200 "));
      assertThat(lines).anyMatch(line -> line.startsWith("name 2f58 404 "));
    }
    assertThat(turkish.lines()).contains("locale false tr_TR");
  }

  /** A JVM with a locale of its own. */
  private final class Child {
    final String name;
    private final Process process;
    private List<String> lines = List.of();

    Child(String locale, String... options) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m"));
      command.addAll(List.of(options));
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
      command.add(LocaleProbe.class.getName());
      command.add(directory.resolve("env").toString());
      command.add(directory.resolve("d").toString());
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().remove("LANG");
      builder.environment().put("LC_ALL", locale);
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      name = locale + " " + String.join(" ", options);
      process = builder.start();
    }

    List<String> lines() throws Exception {
      if (lines.isEmpty()) {
        lines =
            new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor()).isZero();
      }
      return lines;
    }
  }

  private static String hex(String ascii) {
    StringBuilder hex = new StringBuilder();
    ascii.chars().forEach(c -> hex.append(String.format("%02x", c)));
    return hex.toString();
  }
}
