package dev.postern.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An exchange on a thread that is not the container's. If its response was cut, only a servlet can
 * tell the container so, by an exception. For this, the request is dispatched to its servlet once
 * more.
 *
 * <p>When a connection breaks or the web application stops, Tomcat ends the request on a thread of
 * its own, and then uses the request's objects for another request. So Tomcat's thread waits here
 * until the exchange is over.
 */
final class AsideExchange implements Runnable, AsyncListener {
  /** A request attribute. It holds the exception that the servlet has to throw. */
  private static final String CUT = "dev.postern.servlet.cut";

  private final Serving.Arrival arrival;
  private final AsyncContext context;
  private final HttpServletRequest request;
  private final Consumer<AsideExchange> ended;
  private final CountDownLatch over = new CountDownLatch(1);

  /** An executor may queue the exchange and then fail all the same. */
  private final AtomicBoolean taken = new AtomicBoolean();

  private volatile @Nullable Thread thread;

  /** Sends the response. */
  private interface Answer {
    void send() throws IOException;
  }

  /**
   * Takes the request from its container.
   *
   * @param ended is called with this exchange when it is over
   */
  AsideExchange(
      Serving serving,
      HttpServletRequest request,
      HttpServletResponse response,
      Consumer<AsideExchange> ended) {
    this.request = request;
    this.ended = ended;
    this.arrival = serving.new Arrival(request, response, null, null);
    try {
      context = request.startAsync(request, response);
    } catch (RuntimeException | Error e) {
      arrival.leave();
      throw e;
    }
    context.setTimeout(0);
    context.addListener(this);
  }

  /**
   * The exception that an exchange of this request has left for the container's thread, or null.
   */
  static @Nullable IOException cut(HttpServletRequest request) {
    return request.getAttribute(CUT) instanceof IOException cut ? cut : null;
  }

  @Override
  public void run() {
    answer(() -> arrival.answer(null));
  }

  /**
   * Answers the request when no thread will take it. Does nothing if a thread has taken it already.
   */
  void reject(Throwable cause) {
    answer(() -> arrival.reject(cause));
  }

  private void answer(Answer answer) {
    if (taken.getAndSet(true)) {
      return;
    }
    thread = Thread.currentThread();
    try {
      answer.send();
      end(null);
    } catch (IOException e) {
      end(e);
    } catch (RuntimeException | Error e) {
      end(new CutResponseException(e));
    } finally {
      thread = null;
      over.countDown();
      ended.accept(this);
    }
  }

  /** Waits until the exchange is over. Returns false if the time has passed before. */
  boolean await(long nanos) throws InterruptedException {
    return over.await(nanos, TimeUnit.NANOSECONDS);
  }

  private void end(@Nullable IOException cut) {
    try {
      if (cut == null) {
        context.complete();
      } else {
        request.setAttribute(CUT, cut);
        context.dispatch();
      }
    } catch (IllegalStateException e) {
      // The container has ended the request already, because the connection is broken.
    }
  }

  @Override
  public void onError(AsyncEvent event) {
    awaitEnd();
  }

  /** Tomcat ends the requests of a web application that stops, in spite of the time-out of 0. */
  @Override
  public void onTimeout(AsyncEvent event) {
    awaitEnd();
  }

  private void awaitEnd() {
    if (Thread.currentThread().equals(thread)) {
      return;
    }
    try {
      over.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void onComplete(AsyncEvent event) {}

  @Override
  public void onStartAsync(AsyncEvent event) {}
}
