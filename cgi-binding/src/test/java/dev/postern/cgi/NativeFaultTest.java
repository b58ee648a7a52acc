package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each function of the C library that the native path calls is made to fail, by a library that is
 * preloaded into a JVM of its own. {@code -Dpostern.faults=N} says how many requests for each.
 */
@EnabledIfSystemProperty(
    named = "postern.test.jar",
    matches = "true",
    disabledReason = "the native path is in the packaged jar, for JDK 22 and newer")
class NativeFaultTest {
  private static final int REQUESTS = Integer.getInteger("postern.faults", 24);

  /** JVMs that share the functions among them: most of a request's time is waited. */
  private static final int JVMS = REQUESTS < 1000 ? 1 : 4;

  @TempDir Path directory;

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS)
  void fault_ofTheCLibrary_isContained() throws Exception {
    Path library = directory.resolve("faults.so");
    Programs.compile("faults.c", library, "-shared", "-fPIC");
    Clients.run(JVMS, 0, JVMS, number -> run(number, library));
  }

  private void run(int number, Path library) throws Exception {
    Path own = Files.createDirectory(directory.resolve("jvm" + number));
    Path control = Files.write(own.resolve("control"), new byte[5 * Integer.BYTES]);
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            NativeFaults.class.getName(),
            own.toString(),
            Integer.toString(REQUESTS),
            Integer.toString(number),
            Integer.toString(JVMS));
    builder.environment().put("LD_PRELOAD", library.toString());
    builder.environment().put("POSTERN_FAULTS", control.toString());
    Process jvm = builder.redirectErrorStream(true).start();
    jvm.getOutputStream().close();
    List<String> output = new ArrayList<>();
    try (BufferedReader lines = jvm.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(line);
        output.add(line);
      }
    }

    assertThat(jvm.waitFor()).as(String.join("\n", output)).isZero();
    assertThat(output).endsWith("faults: all contained");
  }
}
