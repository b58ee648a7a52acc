package dev.postern.launcher.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.GatewayException;
import dev.postern.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is kept of the requests that were refused or failed. */
class TroublesTest {
  private final Troubles troubles = new Troubles();

  private void fail(String id, Throwable failure) {
    Outcome outcome = Outcome.of(502, 0, true, failure);
    troubles.ended(
        new Ended(
            new RequestFacts(id, Instant.EPOCH, Duration.ofMillis(1), "GET", "/x", "127.0.0.1"),
            false,
            outcome,
            null));
  }

  @Test
  void sameFault_isKeptOnceWithItsLastRequest() {
    fail("first", new GatewayException(502, "broken"));
    fail("second", new GatewayException(502, "broken"));

    assertThat(troubles.list())
        .singleElement()
        .satisfies(
            trouble -> {
              assertThat(trouble.request().id()).isEqualTo("second");
              assertThat(trouble.status()).isEqualTo(502);
              assertThat(trouble.message()).isEqualTo("broken");
              assertThat(trouble.program()).isEmpty();
              assertThat(trouble.times()).isEqualTo(2);
            });
  }

  /** With --record, a run has the bytes of its request. An exception has its site's classes. */
  @Test
  void trouble_holdsWhatIsShownAlone() {
    Set<Class<?>> values =
        Set.of(
            String.class,
            Instant.class,
            Duration.class,
            int.class,
            long.class,
            GatewayException.Diagnosis.class);
    Stream.of(Troubles.Trouble.class, RequestFacts.class)
        .flatMap(type -> Stream.of(type.getRecordComponents()))
        .filter(component -> component.getType() != RequestFacts.class)
        .forEach(
            component -> assertThat(values).as(component.getName()).contains(component.getType()));
  }
}
