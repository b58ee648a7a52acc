package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.JavaProgram.State;
import dev.postern.cgi.JavaProgramFixture.Answer;
import dev.postern.cgi.javaprograms.Statics;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Inside the server, again and again, a program answers what it answers in a JVM of its own. */
class JavaProgramOracleTest {
  /** They have state that cannot be initialized again, which the report names. */
  private static final Set<Class<?>> CANNOT_BE_RESET = Set.of(Statics.MutableEnum.class);

  @TempDir static Path directory;

  static List<Class<?>> programs() {
    return JavaProgramFixture.ALL;
  }

  @ParameterizedTest
  @MethodSource("programs")
  void reset_answersAsSpawned(Class<?> program) {
    try (JavaProgram inside = JavaProgramFixture.inside(program).build()) {
      assertSame(program, inside, 3);
      assertThat(inside.report().state())
          .isEqualTo(CANNOT_BE_RESET.contains(program) ? State.FRESH : State.RESET);
      assertThat(inside.report().reason().isEmpty()).isEqualTo(!CANNOT_BE_RESET.contains(program));
    }
  }

  @ParameterizedTest
  @MethodSource("programs")
  void fresh_answersAsSpawned(Class<?> program) {
    try (JavaProgram inside = JavaProgramFixture.inside(program).state(State.FRESH).build()) {
      assertSame(program, inside, 2);
    }
  }

  private static void assertSame(Class<?> program, JavaProgram inside, int times) {
    Answer spawned = JavaProgramFixture.spawned(program, directory);
    CgiApplication application = JavaProgramFixture.application(inside, directory);
    for (int i = 0; i < times; i++) {
      String query = "query" + System.nanoTime();
      assertThat(JavaProgramFixture.ask(application, query)).isEqualTo(spawned);
    }
    assertThat(inside.report().abandoned()).isZero();
    assertThat(inside.report().busy()).isZero();
  }
}
