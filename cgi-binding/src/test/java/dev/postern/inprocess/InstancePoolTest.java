package dev.postern.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.javaprograms.Plain;
import dev.postern.inprocess.ProgramOptions.State;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstancePoolTest {
  /** The failure stands for any, such as a full heap, while the request is prepared. */
  @Test
  void requestThatCannotBegin_givesItsPlaceBack() throws URISyntaxException {
    Path classes = Path.of(Plain.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    ProgramOptions options =
        new ProgramOptions(
            List.of(),
            State.RESET,
            1,
            Duration.ofMinutes(1),
            1000,
            StandardCharsets.UTF_8,
            Duration.ofSeconds(2),
            1,
            true,
            false,
            false);
    ProgramSource source = ProgramSource.of(List.of(classes), Plain.class.getName());
    try (InstancePool pool = new InstancePool(source, options)) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(
                () -> pool.start(List.of(), Collections.singletonMap("A", null), classes, null))
            .isInstanceOf(NullPointerException.class);
        assertThat(pool.report().busy()).isZero();
      }
      assertThat(pool.report().discarded()).containsEntry("not started", 2L);
    }
  }
}
