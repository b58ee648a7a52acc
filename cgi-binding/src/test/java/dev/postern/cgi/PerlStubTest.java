package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PerlStubTest extends WarmExecutableContract {
  @Override
  String compiler() {
    return "";
  }

  @Test
  void executable_isPerlAlone() throws Exception {
    install();

    assertThat(program.file).content().startsWith("#!/usr/bin/perl\n");
    assertNoProgram();
  }

  @Test
  void compilerThatIsNotThere_isDoneWithout() throws Exception {
    assertPerl(warm().compiler("/no/such/cc"));
  }

  @Test
  void compilerThatFails_isDoneWithout() throws Exception {
    assertPerl(warm().compiler(Programs.sh(directory, "cc", "exit 1").toString()));
  }

  @Test
  void compiledStubThatCannotRun_isDoneWithout() throws Exception {
    String file = "for file; do case $last in -o) out=$file ;; esac; last=$file; done";
    String written = "printf 'no program' >\"$out\"; chmod 755 \"$out\"";

    assertPerl(warm().compiler(Programs.sh(directory, "cc", file, written).toString()));
  }

  @Test
  void pathThatNoFirstLineCanHold_isPerlAlone() throws Exception {
    Path blank = Files.createDirectory(directory.resolve("a lib"));

    assertPerl(warm().compiler("cc").library(blank));
  }

  private void assertPerl(CgiExecutable.Builder builder) throws Exception {
    assertThat(program.install(builder)).isEmpty();
    assertThat(program.file).content().startsWith("#!/usr/bin/perl\n");
    assertThat(program.get("/")).isEqualTo("hello\n");
  }

  private void assertNoProgram() throws Exception {
    assertThat(installed().resolve("stub")).doesNotExist();
    assertThat(installed().resolve("stub.c")).doesNotExist();
  }
}
