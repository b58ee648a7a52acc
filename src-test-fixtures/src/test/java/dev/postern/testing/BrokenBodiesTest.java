package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.postern.Body;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;

/** The contract of bodies is tested: each of these breaks one rule. */
class BrokenBodiesTest {
  /** What the next run is about; JUnit makes the contract, so it cannot be told. */
  private static Body broken;

  @AfterEach
  void forget() {
    broken = null;
  }

  @EnabledIf("isUnderTest")
  static final class Contract extends BodyContract {
    /** Not where somebody runs all classes that have tests. */
    static boolean isUnderTest() {
      return broken != null;
    }

    @Override
    protected Body body() {
      return broken;
    }
  }

  @TestFactory
  Stream<DynamicTest> brokenBody_failsWithItsRuleAlone() {
    return Stream.of(
        test("A11", "length too long", new Blocks(4, abc())),
        test("A12", "two different views", new TwoFaced()),
        test("A12", "a buffer that is used again", new Reusing()),
        test("A12", "a swallowed failure", new Swallowing()),
        test("A13", "a null", new Blocks(-1, null, null)));
  }

  private static ByteBuffer abc() {
    return ByteBuffer.wrap(new byte[] {'a', 'b', 'c'});
  }

  private static DynamicTest test(String rule, String what, Body body) {
    return DynamicTest.dynamicTest(
        rule + " " + what,
        () -> {
          broken = body;
          List<String> messages = failures();
          assertThat(messages).anySatisfy(text -> assertThat(text).contains("[" + rule + "]"));
          if (!rule.equals("A13")) {
            assertThat(messages).allSatisfy(text -> assertThat(text).contains("[" + rule + "]"));
          }
        });
  }

  private static List<String> failures() {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Contract.class))
        .execute()
        .testEvents()
        .failed()
        .map(event -> event.getRequiredPayload(TestExecutionResult.class))
        .map(result -> String.valueOf(result.getThrowable().orElseThrow().getMessage()))
        .toList();
  }

  private record Blocks(long length, List<ByteBuffer> blocks) implements Body {
    Blocks(long length, ByteBuffer... blocks) {
      this(length, Arrays.asList(blocks));
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return blocks.stream().map(block -> block == null ? null : block.duplicate()).iterator();
    }
  }

  private static final class TwoFaced implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      return List.of(abc()).iterator();
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write('x');
    }
  }

  private static final class Reusing implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      ByteBuffer one = ByteBuffer.allocate(1);
      return Stream.of('a', 'b').map(c -> one.clear().put(0, (byte) (char) c)).iterator();
    }
  }

  private static final class Swallowing implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      return List.of(abc()).iterator();
    }

    @Override
    public void writeTo(OutputStream out) {
      try {
        out.write(new byte[] {'a', 'b', 'c'});
      } catch (IOException e) {
        // This is what is broken.
      }
    }
  }
}
