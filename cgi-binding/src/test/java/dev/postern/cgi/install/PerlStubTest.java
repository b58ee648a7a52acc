package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.postern.cgi.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PerlStubTest extends WarmExecutableContract {
  @Override
  List<String> compiler() {
    return List.of();
  }

  @Test
  void compilerThatIsNotThere_isTold() throws Exception {
    assertPerl("/no/such/cc");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exit 1",
        // What is no program is taken for a script, and fails as one.
        "echo fails >\"$out\"; chmod 755 \"$out\"",
        "printf '#!/bin/true\\n' >\"$out\"; chmod 644 \"$out\"",
      })
  void compilerWithoutAProgramThatRuns_isTold(String line) throws Exception {
    String out = "for file; do case $last in -o) out=$file ;; esac; last=$file; done";

    assertPerl(Programs.sh(directory, "cc", out, line).toString());
  }

  @Test
  void pathThatNoFirstLineCanHold_isPerlAlone() throws Exception {
    program = new InstalledProgram(Files.createDirectory(directory.resolve("a b")));

    assertPerl("cc");
  }

  @Test
  void interrupt_endsTheInstallation() throws Exception {
    Path cc = Programs.sh(directory, "cc", "exec sleep 60");
    Thread installing = Thread.currentThread();
    Thread interrupter =
        new Thread(
            () -> {
              while (ProcessHandle.current().children().noneMatch(PerlStubTest::isSleep)) {
                LockSupport.parkNanos(1_000_000);
              }
              installing.interrupt();
            });
    interrupter.start();

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> program.install(warm().compiler(List.of(cc.toString()))));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(program.file).doesNotExist();
  }

  private static boolean isSleep(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("sleep");
  }

  private void assertPerl(String compiler) throws Exception {
    assertThat(program.install(warm().compiler(List.of(compiler))))
        .singleElement()
        .asString()
        .endsWith("more slowly: " + compiler);
    assertThat(program.file).content().startsWith("#!/usr/bin/perl\n");
    assertThat(installed().resolve("stub")).doesNotExist();
    assertThat(installed().resolve("stub.c")).doesNotExist();
    assertThat(program.get("/")).isEqualTo("hello\n");
  }
}
