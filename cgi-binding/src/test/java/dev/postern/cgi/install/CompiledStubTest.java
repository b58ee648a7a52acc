package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.Programs;
import dev.postern.cgi.server.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  List<String> compiler() {
    return List.of(gcc);
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
    Path socket = installWithoutServer();
    for (String answer : List.of("ro\1\0\0\0001", "rz\0\0\0\0")) {
      try (FakeServer server = new FakeServer(socket, answer, FakeServer.Manner.WAITING)) {
        Process process = program.start("/", "", Map.of());

        assertThat(InstalledProgram.read(process.getInputStream())).startsWith("Status: 500 ");
        assertThat(InstalledProgram.exit(process)).isEqualTo(1);
        assertThat(server.requests()).isEqualTo(1);
      }
    }
  }

  @Test
  void usualRequest_needsNoPerl() throws Exception {
    installOwn();
    warmPid();
    Files.delete(installed().resolve("stub.pl"));
    Files.delete(installed().resolve("rest.pl"));

    assertThat(program.get("/")).isEqualTo("hello\n");
  }

  @Test
  void lostStubFile_isAnErrorWhereItIsNeeded() throws Exception {
    installOwn();
    Files.delete(installed().resolve("stub.pl"));

    Process process = program.start("/", "", Map.of());

    assertThat(InstalledProgram.read(process.getInputStream())).isEmpty();
    assertThat(InstalledProgram.exit(process)).isNotZero();
  }

  @Test
  void lostPerl_isDoneWithout() throws Exception {
    installOwn();
    Path source = installed().resolve("stub.c");
    String text = Files.readString(source).replaceFirst("#define PERL .*", "#define PERL \"/no\"");
    Files.writeString(source, text);
    Path stub = installed().resolve("stub");
    assertThat(run(gcc, "-o", stub.toString(), source.toString())).isZero();

    assertThat(program.get("/")).isEqualTo("hello\n");
    assertThat(program.servers()).isEmpty();
  }

  @Test
  void compilerWithoutStaticLibraries_makesOneThatLoadsThem() throws Exception {
    String refuse = "case \"$*\" in *-static*) exit 1 ;; esac";
    Path cc = Programs.sh(directory, "cc", refuse, "exec " + gcc + " \"$@\"");
    assertThat(program.install(warm().compiler(List.of(cc.toString(), "-Wall")))).isEmpty();

    assertThat(program.file).content().startsWith("#!" + installed().resolve("stub") + "\n");
    assertThat(program.get("/pid")).isNotEqualTo(warmPid());
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
