package dev.postern.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets few programs begin at once: as many as there are processors. More of them would not be done
 * sooner, but take turns with each other, and with this JVM, which has to serve them.
 *
 * <p>A place is free again when the request has ended, when its program waits for anything but a
 * processor, and when it has had its time; a start that has waited as long goes on without. So
 * programs that sleep, hang or compute for long keep nobody out. First come, first served;
 * thread-safe.
 */
final class StartGate {
  /**
   * That of this JVM, since the processors are everybody's; open where nothing tells of a program
   * whether it waits.
   */
  static final StartGate PROCESSORS =
      new StartGate(
          ProcessTable.isPresent() ? Runtime.getRuntime().availableProcessors() : Integer.MAX_VALUE,
          TimeUnit.MILLISECONDS.toNanos(50));

  /** So many programs are looked at for one that waits. */
  private static final int LOOKS = 4;

  private final int places;
  private final long turnNanos;
  private final Deque<Place> taken = new ArrayDeque<>();
  private final Deque<Place> waiting = new ArrayDeque<>();

  /**
   * A gate.
   *
   * @param turnNanos how long a program may keep its place, and a start may wait for one
   */
  StartGate(int places, long turnNanos) {
    this.places = places;
    this.turnNanos = turnNanos;
  }

  /** Waits for a place; an interrupt ends that, and stays. */
  Place enter() {
    Place place = new Place();
    synchronized (this) {
      if (isFull()) {
        sendAwayWhoIsIdle();
      }
      waiting.add(place);
      admit();
      if (waiting.isEmpty()) {
        return place;
      }
    }
    try {
      place.admitted.await(turnNanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      if (waiting.remove(place)) {
        take(place);
      }
    }
    return place;
  }

  private void admit() {
    while (!waiting.isEmpty() && !isFull()) {
      Place next = waiting.remove();
      take(next);
      next.admitted.countDown();
    }
  }

  private void take(Place place) {
    place.since = System.nanoTime();
    taken.add(place);
  }

  private boolean isFull() {
    long now = System.nanoTime();
    while (!taken.isEmpty() && now - taken.element().since > turnNanos) {
      taken.remove();
    }
    return taken.size() >= places;
  }

  private void sendAwayWhoIsIdle() {
    int looks = LOOKS;
    for (Place place : taken) {
      if (looks-- == 0) {
        return;
      }
      if (place.isIdle()) {
        taken.remove(place);
        return;
      }
    }
  }

  /** What one start has taken. */
  final class Place {
    private final CountDownLatch admitted = new CountDownLatch(1);
    private long since;
    private volatile @Nullable Session session;

    private Place() {}

    /** The program has been started. */
    void begin(Session started) {
      session = started;
    }

    private boolean isIdle() {
      Session started = session;
      return started != null && started.isLeaderIdle();
    }

    /** The program has ended, or could not be started. */
    void leave() {
      synchronized (StartGate.this) {
        taken.remove(this);
        admit();
      }
    }
  }
}
