package dev.postern.inprocess;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.postern.cgi.javaprograms.Heavy;
import dev.postern.cgi.javaprograms.Opens;
import dev.postern.cgi.javaprograms.Plain;
import dev.postern.process.RunningProgram;
import dev.postern.rewrite.NotAProgramException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstancePoolTest {
  /** The failure stands for any, such as a full heap, while the request is prepared. */
  @Test
  void requestThatCannotBegin_givesItsPlaceBack() throws URISyntaxException {
    Path classes = RewrittenJarsTest.source(Plain.class);
    ProgramSource source = ProgramSource.of(List.of(classes), Plain.class.getName());
    try (InstancePool pool = new InstancePool(source, RewrittenJarsTest.options())) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(
                () -> pool.start(List.of(), Collections.singletonMap("A", null), classes, null))
            .isInstanceOf(NullPointerException.class);
        assertThat(pool.report().busy()).isZero();
      }
      assertThat(pool.report().discarded()).containsEntry("not started", 2L);
    }
  }

  @Test
  void sourceThatDoesNotCompile_isCompiledOnce(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("Page.java"), "class Page {");
    try (InstancePool pool =
        new InstancePool(ProgramSource.of(file), RewrittenJarsTest.options())) {
      Throwable broken = catchThrowable(pool::code);
      assertThat(broken).isInstanceOf(NotAProgramException.class);
      assertThat(catchThrowable(pool::code)).isSameAs(broken);

      Files.writeString(file, "class Page { public static void main(String[] args) {} }");
      assertThat(pool.code().main()).isEqualTo("Page");
    }
  }

  @Test
  void whatAProgramHasClosed_isForgotten(@TempDir Path directory) throws Exception {
    assertOpenAtItsEnd(Heavy.OpensAgainAndAgain.class, directory, 5);
  }

  /** What has no call of its own for that is forgotten from time to time. */
  @Test
  void manyThingsThatAProgramHasClosed_areForgotten(@TempDir Path directory) throws Exception {
    assertOpenAtItsEnd(Opens.ClosesAll.class, directory, 2_000);
  }

  private static void assertOpenAtItsEnd(Class<?> type, Path directory, int fewer)
      throws Exception {
    Path classes = RewrittenJarsTest.source(type);
    ProgramSource source = ProgramSource.of(List.of(classes), type.getName());
    try (InstancePool pool = new InstancePool(source, RewrittenJarsTest.options())) {
      RunningProgram running = pool.start(List.of(), Map.of(), directory, null);
      while (running.read(Duration.ofMinutes(1)) == RunningProgram.Read.BLOCK) {
        assertThat(new String(running.bytes(), 0, running.length(), UTF_8)).isEqualTo("done");
      }
      assertThat(running.exit().toString()).isEqualTo("exit 0");
      assertThat(((RunningInstance) running).run().open).hasSizeLessThan(fewer);
      running.close();
    }
  }
}
