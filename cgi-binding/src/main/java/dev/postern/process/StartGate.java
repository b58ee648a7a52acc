package dev.postern.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
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

  /** So many programs are looked at for one that waits: each look costs a few system calls. */
  private static final int LOOKS = 4;

  /** Before that a program has not even been loaded. */
  private static final long LOOK_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /** How often one that waits looks again. */
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

  /** Waits for a place; an interrupt ends that, and stays. */
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
