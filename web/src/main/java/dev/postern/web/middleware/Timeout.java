package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.StartResponse;
import dev.postern.internal.DaemonTimer;
import dev.postern.internal.DirectOutput;
import dev.postern.web.internal.PassedBody;
import dev.postern.web.internal.Wrapped;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends requests that take too long, by an interrupt of the request's thread. If nothing was sent,
 * the client gets 503 with {@code Retry-After}; otherwise the response is cut.
 *
 * <p>Code that does not look at interrupts, such as a loop that computes, runs to its end. Its
 * answer is then dropped. Thread-safe.
 */
public final class Timeout implements Middleware {
  private final Duration limit;

  private Timeout(Duration limit) {
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("limit must be longer than nothing: " + limit);
    }
    this.limit = limit;
  }

  /** Allows {@code limit} for the call and the body together. */
  public static Timeout of(Duration limit) {
    return new Timeout(limit);
  }

  /** One thread for all requests, made for the first one. */
  private static final class Clock {
    static final ScheduledThreadPoolExecutor TIMER = DaemonTimer.named("postern-timeout");
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(application, "Timeout", this::call);
  }

  @SuppressWarnings("NullAway") // What a broken application returns is passed on.
  private Body call(Application application, Environ environ, StartResponse startResponse)
      throws Exception {
    Watch watch = new Watch(Thread.currentThread());
    watch.future = Clock.TIMER.schedule(watch::fire, limit.toNanos(), TimeUnit.NANOSECONDS);
    Body body = null;
    try {
      body = application.call(environ, startResponse);
      watch.check(null);
      if (body == null) {
        watch.end();
        return body;
      }
      return new Timed(body, watch);
    } catch (Throwable e) {
      watch.end();
      if (body != null) {
        Wrapped.abandon(body, e);
      }
      watch.check(e);
      throw e;
    }
  }

  /** Interrupts a thread once, and never when the request is over. */
  private final class Watch {
    private final Thread thread;
    private @Nullable ScheduledFuture<?> future;
    private boolean fired;
    private boolean ended;

    /** The exception that the writer of a body got, which may come back from it. */
    private @Nullable HttpException told;

    Watch(Thread thread) {
      this.thread = thread;
    }

    synchronized void fire() {
      if (!ended) {
        fired = true;
        thread.interrupt();
      }
    }

    /**
     * Called on the request's thread. From here on, this watch does not interrupt that thread any
     * more.
     */
    synchronized void end() {
      if (!ended) {
        ended = true;
        if (future != null) {
          future.cancel(false);
        }
        if (fired) {
          Thread.interrupted();
        }
      }
    }

    /**
     * Throws if the time is over. Takes back the interrupt, with which a channel would close before
     * the error page is written.
     */
    @SuppressWarnings("ReferenceEquality") // Java refuses an exception that suppresses itself.
    synchronized void check(@Nullable Throwable error) {
      if (!fired) {
        return;
      }
      Thread.interrupted();
      if (told != null && error == told) {
        throw told;
      }
      HttpException thrown =
          new HttpException(
              503, "request must not take longer than " + limit, Headers.of("Retry-After", "10"));
      if (error != null) {
        thrown.addSuppressed(error);
      } else {
        told = thrown;
      }
      throw thrown;
    }
  }

  private static final class Timed extends PassedBody {
    private final Watch watch;

    Timed(Body body, Watch watch) {
      super(body);
      this.watch = watch;
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      try {
        body.writeTo(checked(out));
      } catch (Exception e) {
        watch.end();
        watch.check(e);
        throw e;
      }
      watch.end();
      watch.check(null);
    }

    private OutputStream checked(OutputStream out) {
      return out instanceof DirectOutput direct
          ? new CheckedDirect(out, direct, watch)
          : new Checked(out, watch);
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      Iterator<ByteBuffer> blocks = body.iterator();
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          try {
            boolean more = blocks.hasNext();
            watch.check(null);
            return more;
          } catch (RuntimeException e) {
            watch.check(e);
            throw e;
          }
        }

        @Override
        public ByteBuffer next() {
          try {
            ByteBuffer block = blocks.next();
            watch.check(null);
            return block;
          } catch (RuntimeException e) {
            watch.check(e);
            throw e;
          }
        }
      };
    }

    @Override
    public void close() throws IOException {
      watch.end();
      body.close();
    }
  }

  /** Keeps a writer that does not look at interrupts from sending its answer after the limit. */
  private static class Checked extends OutputStream {
    private final OutputStream out;
    final Watch watch;

    Checked(OutputStream out, Watch watch) {
      this.out = out;
      this.watch = watch;
    }

    @Override
    public void write(int b) throws IOException {
      watch.check(null);
      out.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      watch.check(null);
      out.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
      watch.check(null);
      out.flush();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  /** The same for blocks outside the heap, so that files and output of programs are not copied. */
  private static final class CheckedDirect extends Checked implements DirectOutput {
    private final DirectOutput direct;

    CheckedDirect(OutputStream out, DirectOutput direct, Watch watch) {
      super(out, watch);
      this.direct = direct;
    }

    @Override
    public boolean isDirect() {
      return direct.isDirect();
    }

    @Override
    public int write(ByteBuffer block) throws IOException {
      watch.check(null);
      return direct.write(block);
    }

    @Override
    public boolean isOpen() {
      return direct.isOpen();
    }
  }

  @Override
  public String toString() {
    return "Timeout.of(" + limit + ")";
  }
}
