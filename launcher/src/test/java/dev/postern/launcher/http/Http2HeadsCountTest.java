package dev.postern.launcher.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

class Http2HeadsCountTest {
  private final Semaphore places = new Semaphore(2);
  private final Http2Heads heads = new Http2Heads(places, 2, Duration.ofSeconds(30));

  @Test
  void shortHeads_takeNoPlace() {
    assertThat(heads.take(1, Http2Heads.FREE)).isTrue();
    assertThat(places.availablePermits()).isEqualTo(2);
    assertThat(heads.take(3, 1)).isTrue();
    assertThat(places.availablePermits()).isEqualTo(1);
    heads.closed(3);
    assertThat(places.availablePermits()).isEqualTo(2);
  }

  @Test
  void connection_leavesPlacesToOthers() {
    Http2Heads one = new Http2Heads(places, 1, Duration.ofSeconds(30));
    assertThat(one.take(1, ServerLimits.HEAD)).isTrue();
    assertThat(one.take(3, ServerLimits.HEAD)).isFalse();
    assertThat(places.availablePermits()).isEqualTo(1);
    assertThat(heads.take(1, ServerLimits.HEAD)).isTrue();
  }

  @Test
  void requestThatRuns_keepsItsPlaceWhenTheClientResetsTheStream() {
    assertThat(heads.take(1, ServerLimits.HEAD)).isTrue();
    assertThat(heads.run(1)).isTrue();
    heads.closed(1);
    assertThat(places.availablePermits()).isEqualTo(1);
    heads.ran(1);
    assertThat(places.availablePermits()).isEqualTo(2);
    assertThat(heads.run(1)).isFalse();
  }

  @Test
  void headThatArrives_takesAPlaceUntilItIsWhole() {
    assertThat(heads.arrives(1)).isTrue();
    assertThat(heads.arrives(1)).isTrue();
    assertThat(places.availablePermits()).isEqualTo(1);
    heads.arrived();
    assertThat(places.availablePermits()).isEqualTo(2);
  }

  @Test
  void connectionThatEnds_keepsOnlyWhatRequestsThatRunHold() {
    assertThat(heads.take(1, ServerLimits.HEAD)).isTrue();
    assertThat(heads.take(3, ServerLimits.HEAD)).isTrue();
    assertThat(heads.run(3)).isTrue();
    heads.end();
    assertThat(places.availablePermits()).isEqualTo(1);
    heads.ran(3);
    assertThat(places.availablePermits()).isEqualTo(2);
  }

  @Test
  void connectionThatEnds_givesAllBackOnce() {
    assertThat(heads.take(1, 2L * ServerLimits.HEAD)).isTrue();
    assertThat(heads.take(3, ServerLimits.HEAD)).isFalse();
    heads.end();
    heads.closed(1);
    heads.end();
    assertThat(places.availablePermits()).isEqualTo(2);
    assertThat(heads.arrives(5)).isFalse();
  }
}
