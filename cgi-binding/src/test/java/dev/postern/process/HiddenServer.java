package dev.postern.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A JVM whose program tries to look into it, before and after it is hidden. */
final class HiddenServer {
  private static final String LOOK =
      "cat /proc/$PPID/environ >/dev/null && echo seen || echo hidden;"
          + " ls /proc/$PPID/fd >/dev/null && echo seen || echo hidden";

  private HiddenServer() {}

  public static void main(String[] args) throws Exception {
    String before = look();
    String refusal = StartPath.hideServer();
    Files.writeString(
        Path.of(args[0]), before + "refusal " + (refusal != null) + "\n" + look(), ISO_8859_1);
  }

  private static String look() throws Exception {
    HostedProcess program =
        HostedProcess.start(List.of("/bin/sh", "-c", LOOK), Map.of(), Path.of("/"), null);
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    while (program.read(Duration.ofSeconds(30)) == RunningProgram.Read.BLOCK) {
      output.write(program.bytes(), 0, program.length());
    }
    program.close();
    return output.toString(ISO_8859_1);
  }
}
