package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.postern.Application;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.platform.testkit.engine.EngineTestKit;

/** How long the contract waits for a gateway that is wrong. */
class ContractWaitTest {
  /** What the contract's client was told; JUnit makes the contract, so it cannot be handed over. */
  private static final List<Duration> WAITS = new ArrayList<>();

  private static boolean underTest;

  /** Not where somebody runs all classes that have tests. */
  static boolean isUnderTest() {
    return underTest;
  }

  @EnabledIf("dev.postern.testing.ContractWaitTest#isUnderTest")
  static class Usual extends GatewayContract {
    Usual() {
      super(ContractWaitTest::start);
    }

    @Override
    boolean selects(ContractCase test) {
      return false;
    }
  }

  @EnabledIf("dev.postern.testing.ContractWaitTest#isUnderTest")
  static class Patient extends GatewayContract {
    Patient() {
      super(Duration.ofMinutes(2), ContractWaitTest::start);
    }

    @Override
    boolean selects(ContractCase test) {
      return false;
    }
  }

  private static GatewayClient start(Application application) {
    GatewayClient client = InMemoryGateway.of(application).client();
    return new GatewayClient() {
      @Override
      public TestResponse send(TestRequest request) throws IOException {
        return client.send(request);
      }

      @Override
      public GatewayClient waiting(Duration silence) {
        WAITS.add(silence);
        return this;
      }
    };
  }

  @BeforeEach
  void forget() {
    WAITS.clear();
  }

  @Test
  void contract_waitsFiveSeconds() {
    run(Usual.class);

    assertThat(WAITS).containsExactly(Duration.ofSeconds(5));
  }

  @Test
  void contract_waitsAsLongAsItsConstructorSays() {
    run(Patient.class);

    assertThat(WAITS).containsExactly(Duration.ofMinutes(2));
  }

  @Test
  void waitThatIsNotPositive_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new GatewayContract(Duration.ZERO, application -> null) {});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ApplicationContract(Duration.ZERO, (program, silence) -> null) {});
  }

  private static void run(Class<?> contract) {
    underTest = true;
    try {
      EngineTestKit.engine("junit-jupiter").selectors(selectClass(contract)).execute();
    } finally {
      underTest = false;
    }
  }
}
