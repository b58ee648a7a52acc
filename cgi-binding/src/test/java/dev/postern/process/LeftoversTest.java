package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LeftoversTest {
  private static final long HOUR = TimeUnit.HOURS.toNanos(1);
  private static final long TENTH = TimeUnit.MILLISECONDS.toNanos(100);

  private final Leftovers leftovers = new Leftovers();

  @Test
  void runningProgram_isReadForEver() {
    leftovers.waited(HOUR, 0);
    leftovers.waited(HOUR, 1 << 30);
    assertThat(leftovers.isOver(2 * HOUR)).isFalse();
  }

  @Test
  void silence_isOverAfterTheGrace() {
    leftovers.end(0);
    for (int i = 0; i < 10; i++) {
      assertThat(leftovers.isOver(i * TENTH)).isFalse();
      leftovers.waited(TENTH, 0);
    }
    assertThat(leftovers.isOver(10 * TENTH)).isTrue();
    assertThat(leftovers.wereWriting()).isFalse();
  }

  @Test
  void drip_isOverAfterTheGraceAndTold() {
    leftovers.end(0);
    for (int i = 0; i < 10; i++) {
      leftovers.waited(TENTH, 1);
    }
    assertThat(leftovers.isOver(10 * TENTH)).isTrue();
    assertThat(leftovers.wereWriting()).isTrue();
  }

  @Test
  void lateDrop_isNotStillWriting() {
    leftovers.end(0);
    leftovers.waited(4 * TENTH, 1);
    leftovers.waited(6 * TENTH, 0);
    assertThat(leftovers.isOver(10 * TENTH)).isTrue();
    assertThat(leftovers.wereWriting()).isFalse();
  }

  @Test
  void whatThePipeHeld_isReadHoweverSlowTheClient() {
    leftovers.end(0);
    for (long read = 0; read < 1 << 20; read += 1 << 16) {
      leftovers.waited(1000, 1 << 16);
    }
    assertThat(leftovers.isOver(HOUR)).isFalse();
  }

  @Test
  void flood_isOverAfterTheGraceAndTold() {
    leftovers.end(0);
    leftovers.waited(1000, 1 << 21);
    assertThat(leftovers.isOver(9 * TENTH)).isFalse();
    assertThat(leftovers.isOver(10 * TENTH)).isTrue();
    assertThat(leftovers.wereWriting()).isTrue();
  }
}
