package dev.postern.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets few programs begin at once: as many as there are processors. If more begin at once, none of
 * them is done sooner, because they take turns with each other, and with this JVM, which has to
 * serve them.
 *
 * <p>A program gives its place back when its request ends, when it waits for anything else than a
 * processor, or when its time in the gate is over. A start that has waited for that long goes on
 * without a place. So programs that sleep, hang or compute for long keep no other program out.
 *
 * <p>Places are given in the order in which starts came. Thread-safe.
 */
final class StartGate {
  /**
   * The one gate of this JVM, because all programs share the processors. On a system that does not
   * tell whether a program waits, this gate lets every start through.
   */
  static final StartGate PROCESSORS =
      new StartGate(
          ProcessTable.isPresent() ? Runtime.getRuntime().availableProcessors() : Integer.MAX_VALUE,
          TimeUnit.MILLISECONDS.toNanos(50));

  /**
   * How many programs are checked in the search for one that waits. Each check costs system calls.
   */
  private static final int LOOKS = 4;

  /** A program younger than this has not been loaded yet, and is not checked. */
  private static final long LOOK_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /** How often a waiting start checks again. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

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

  /** Waits for a place. An interrupt ends the wait, and the thread stays interrupted. */
  Place enter() {
    Place place = new Place();
    synchronized (this) {
      waiting.add(place);
      sendAwayWhoIsIdle();
      admit();
    }
    try {
      for (long left = turnNanos; left > 0; left -= LOOK_NANOS) {
        if (place.admitted.await(Math.min(left, LOOK_NANOS), TimeUnit.NANOSECONDS)) {
          return place;
        }
        synchronized (this) {
          sendAwayWhoIsIdle();
          admit();
        }
      }
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
    if (!isFull()) {
      return;
    }
    long now = System.nanoTime();
    int looks = LOOKS;
    for (Iterator<Place> all = taken.iterator(); all.hasNext() && looks > 0; looks--) {
      Place place = all.next();
      if (now - place.since < LOOK_AFTER_NANOS) {
        return;
      }
      if (place.isIdle()) {
        all.remove();
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
