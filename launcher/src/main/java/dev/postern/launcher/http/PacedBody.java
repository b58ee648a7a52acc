package dev.postern.launcher.http;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * A request whose body must come at a least rate, as it holds a thread while it is read. Only the
 * time in which the reader waits for the client counts. That time may be a grace, and more for each
 * byte that has come. The grace is short while other bodies wait for a thread. A body that is late
 * fails with a {@link TimeoutException}.
 */
final class PacedBody extends Request.Wrapper {
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Duration SHORT_GRACE = Duration.ofSeconds(2);

  /** How often a waiting reader is checked, as other bodies may begin to wait meanwhile. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private final int rate;
  private final BooleanSupplier othersWait;
  private final LongSupplier clock;
  private final AtomicReference<@Nullable Runnable> waiting = new AtomicReference<>();

  private final AtomicBoolean looking = new AtomicBoolean();

  private volatile boolean demanded;

  /** When the reader began to wait, if it waits. */
  private volatile long since;

  /** How long the reader has waited before, in nanoseconds. */
  private volatile long waited;

  /** Bytes until now. Written by the reading thread. */
  private volatile long bytes;

  private volatile Content.@Nullable Chunk failure;

  /**
   * Makes a body of at least {@code rate} bytes a second. {@code othersWait} says whether other
   * bodies wait for a thread; any thread calls it.
   */
  PacedBody(Request request, int rate, BooleanSupplier othersWait) {
    this(request, rate, othersWait, System::nanoTime);
  }

  PacedBody(Request request, int rate, BooleanSupplier othersWait, LongSupplier clock) {
    super(request);
    this.rate = rate;
    this.othersWait = othersWait;
    this.clock = clock;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // Only the reading thread writes.
  public Content.@Nullable Chunk read() {
    if (failure != null) {
      return failure;
    }
    Content.Chunk chunk = super.read();
    if (chunk != null) {
      bytes += chunk.remaining();
      if (!chunk.isLast() && isLate()) {
        chunk.release();
        return fail();
      }
    }
    return chunk;
  }

  @Override
  public void demand(Runnable reader) {
    waiting.set(reader);
    if (looking.compareAndSet(false, true)) {
      lookLater();
    }
    since = clock.getAsLong();
    demanded = true;
    super.demand(this::ready);
  }

  /**
   * Whether the server still owes a call for a demand, and takes no other one. That holds after the
   * body was late, and where its reader was interrupted.
   */
  boolean isDemanded() {
    return demanded;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // There is one demand at a time.
  private void ready() {
    long time = clock.getAsLong() - since;
    demanded = false;
    waited += time;
    wake();
  }

  private void lookLater() {
    getComponents().getScheduler().schedule(this::look, LOOK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look() {
    if (waiting.get() == null) {
      looking.set(false);
    } else if (isLate()) {
      fail();
      wake();
    } else {
      lookLater();
    }
  }

  private void wake() {
    Runnable reader = waiting.getAndSet(null);
    if (reader != null) {
      reader.run();
    }
  }

  private boolean isLate() {
    Duration grace = othersWait.getAsBoolean() ? SHORT_GRACE : GRACE;
    // A demand that ends just now may count for nothing, and never twice.
    long before = waited;
    long now = demanded ? clock.getAsLong() - since : 0;
    return isLate(before + now - grace.toNanos(), bytes, rate);
  }

  /** Returns whether so many nanoseconds without the grace are too long for so many bytes. */
  static boolean isLate(long nanos, long bytes, int rate) {
    return nanos > TimeUnit.SECONDS.toNanos(bytes / rate);
  }

  private Content.Chunk fail() {
    Content.Chunk late =
        Content.Chunk.from(
            new TimeoutException("request body must bring " + rate + " bytes a second"), true);
    failure = late;
    return late;
  }
}
