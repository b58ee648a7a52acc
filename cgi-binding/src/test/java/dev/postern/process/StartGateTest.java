package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
class StartGateTest {
  private static final long HOUR = TimeUnit.HOURS.toNanos(1);
  private static final long TENTH = TimeUnit.MILLISECONDS.toNanos(100);

  @Test
  void freePlaces_areTakenAtOnce() {
    StartGate gate = new StartGate(2, HOUR);
    gate.enter();
    gate.enter();
  }

  @Test
  void placeThatWasLeft_isTakenAgain() {
    StartGate gate = new StartGate(1, HOUR);
    for (int i = 0; i < 3; i++) {
      gate.enter().leave();
    }
  }

  @Test
  void startThatFindsNoPlace_waitsForOneToBeLeft() throws InterruptedException {
    StartGate gate = new StartGate(1, HOUR);
    StartGate.Place first = gate.enter();
    Thread second = start(gate::enter);
    awaitWaiting(second);

    first.leave();

    second.join();
  }

  @Test
  void placesAreGivenInTheOrderOfTheirWait() throws InterruptedException {
    StartGate gate = new StartGate(1, HOUR);
    StartGate.Place first = gate.enter();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int number = i;
      Thread thread =
          start(
              () -> {
                StartGate.Place place = gate.enter();
                order.add(number);
                place.leave();
              });
      awaitWaiting(thread);
      threads.add(thread);
    }

    first.leave();

    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
  }

  @Test
  void startThatHasWaitedItsTime_goesOnWithout() {
    StartGate gate = new StartGate(1, 10 * TENTH);
    gate.enter();
    assertThat(nanosToEnter(gate)).isBetween(TENTH, HOUR);
  }

  @Test
  void placeHeldForItsTime_isFree() throws InterruptedException {
    StartGate gate = new StartGate(1, 10 * TENTH);
    gate.enter();
    Thread.sleep(TimeUnit.NANOSECONDS.toMillis(11 * TENTH));
    assertThat(nanosToEnter(gate)).isLessThan(9 * TENTH);
  }

  @Test
  void placeLeftTooLate_isNotLeftForAnother() throws InterruptedException {
    StartGate gate = new StartGate(1, 10 * TENTH);
    StartGate.Place first = gate.enter();
    Thread.sleep(TimeUnit.NANOSECONDS.toMillis(11 * TENTH));
    gate.enter();
    first.leave();
    assertThat(nanosToEnter(gate)).isGreaterThan(TENTH);
  }

  @Test
  void interrupt_endsTheWaitAndStays() throws InterruptedException {
    StartGate gate = new StartGate(1, HOUR);
    gate.enter();
    List<Boolean> interrupted = Collections.synchronizedList(new ArrayList<>());
    Thread second =
        start(
            () -> {
              gate.enter().leave();
              interrupted.add(Thread.currentThread().isInterrupted());
            });
    awaitWaiting(second);

    second.interrupt();

    second.join();
    assertThat(interrupted).containsExactly(true);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void programThatSleeps_keepsNobodyOut() throws IOException, InterruptedException {
    StartGate gate = new StartGate(2, HOUR);
    gate.enter();
    Process sleeping = new ProcessBuilder("sleep", "987").start();
    try {
      gate.enter().begin(new PortableSession(sleeping));
      ProcessFixture.await(() -> ProcessTable.of(sleeping.pid()).isIdle());
      gate.enter();
    } finally {
      sleeping.destroyForcibly().waitFor();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void programThatComputes_keepsItsPlace() throws IOException, InterruptedException {
    StartGate gate = new StartGate(1, 20 * TENTH);
    Process computing = new ProcessBuilder("sh", "-c", "echo; while :; do :; done").start();
    try {
      assertThat(computing.getInputStream().read()).isEqualTo('\n');
      gate.enter().begin(new PortableSession(computing));
      assertThat(nanosToEnter(gate)).isGreaterThan(TENTH);
    } finally {
      computing.destroyForcibly().waitFor();
    }
  }

  /** Its request still has all to do that comes after. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void programThatHasEnded_keepsItsPlaceUntilItIsLeft() throws IOException, InterruptedException {
    StartGate gate = new StartGate(1, 10 * TENTH);
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    gate.enter().begin(new PortableSession(ended));
    assertThat(nanosToEnter(gate)).isGreaterThan(TENTH);
  }

  private static long nanosToEnter(StartGate gate) {
    long start = System.nanoTime();
    gate.enter();
    return System.nanoTime() - start;
  }

  private static Thread start(Runnable task) {
    Thread thread = new Thread(task);
    thread.start();
    return thread;
  }

  private static void awaitWaiting(Thread thread) {
    ProcessFixture.await(() -> thread.getState() == Thread.State.TIMED_WAITING);
  }
}
