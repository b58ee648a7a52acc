package dev.postern.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.cgi.javaprograms.Plain;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

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
}
