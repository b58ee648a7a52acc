package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CompiledStubTest extends WarmExecutableContract {
  private String gcc;

  @BeforeEach
  void findCompiler() {
    gcc = Tools.require("gcc");
  }

  @Override
  String compiler() {
    return gcc;
  }

  @Test
  void executable_namesTheStubAsItsInterpreter() throws Exception {
    install();
    Path stub = installed().resolve("stub");

    assertThat(program.file).content().startsWith("#!" + stub + "\n# ");
    assertThat(mode(stub)).isEqualTo("rwxr-xr-x");
  }

  @Test
  void frameThatNoServerSends_isAnError() throws Exception {
    byte[] frame = {'r', 'o', 1, 0, 0, 0, '1'};
    try (FakeServer server = new FakeServer(installWithoutServer(), frame, frame.length)) {
      Process process = program.start("/", "", Map.of());

      assertThat(InstalledProgram.read(process.getInputStream())).startsWith("Status: 500 ");
      assertThat(InstalledProgram.exit(process)).isEqualTo(1);
      assertThat(server.requests()).isEqualTo(1);
    }
  }

  @Test
  void lostPerl_isAnError() throws Exception {
    install();
    warmPid();
    Files.delete(installed().resolve("stub.pl"));

    assertThat(program.get("/")).as("needs no Perl").isEqualTo("hello\n");
    Process process = program.start("/", "", Map.of("CONTENT_LENGTH", "1"));

    assertThat(InstalledProgram.read(process.getInputStream())).isEmpty();
    assertThat(InstalledProgram.exit(process)).isNotZero();
  }
}
