package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whether a file has changed. */
class StampTest {
  private static Stamp changedAt(Instant time) {
    return new Stamp(Map.of("ctime", FileTime.from(time)));
  }

  /** A time in the future is of a clock that somebody has put back, and passes by itself. */
  @Test
  void fileThatWasChangedSinceALoadBegan_isOneOfNowAndNotOfTheFuture() {
    Instant now = Stamp.now();
    Instant begun = now.minusSeconds(10);
    assertThat(changedAt(now.minusSeconds(11)).isChangedSince(begun)).isFalse();
    assertThat(changedAt(now.minusSeconds(9)).isChangedSince(begun)).isTrue();
    assertThat(changedAt(now).isChangedSince(begun)).isTrue();
    assertThat(changedAt(now.plusSeconds(3600)).isChangedSince(begun)).isFalse();
    assertThat(Stamp.of(Path.of("/no/such/file")).isChangedSince(begun)).isTrue();
  }
}
