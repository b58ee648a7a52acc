package dev.postern;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A sink that keeps what it is given, does what a test asks at a given call, and notes every call
 * that {@link ResponseSink} does not allow.
 */
public class RecordingSink implements ResponseSink {
  /** The methods of a sink. */
  public enum Step {
    HEAD,
    WRITE,
    FLUSH,
    TRAILERS,
    FINISH,
    ABORT,
    HINTS
  }

  /** What a test does inside a call of the sink. */
  @FunctionalInterface
  public interface Action {
    void run() throws Throwable;
  }

  private record Planned(int call, Action action) {}

  private final List<String> events = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final Map<Step, Integer> calls = new EnumMap<>(Step.class);
  private final Map<Step, Planned> plan = new EnumMap<>(Step.class);
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Thread thread;
  private int status;
  private Headers headers;
  private Throwable aborted;
  private boolean finished;
  private boolean failed;
  private boolean resettable;
  private boolean trailing;

  /** Runs {@code action} inside that call of that method, counted from 1. */
  public RecordingSink at(Step step, int call, Action action) {
    plan.put(step, new Planned(call, action));
    return this;
  }

  /** Keeps everything back, so that a head can be forgotten. */
  public RecordingSink resettable() {
    resettable = true;
    return this;
  }

  /** Of a protocol that has trailers. */
  public RecordingSink trailing() {
    trailing = true;
    return this;
  }

  /** Lets that call of that method fail. */
  public RecordingSink failAt(Step step, int call, Throwable error) {
    return at(
        step,
        call,
        () -> {
          throw error;
        });
  }

  @Override
  public void head(int newStatus, Headers newHeaders) throws IOException {
    enter(Step.HEAD, "head " + newStatus);
    status = newStatus;
    headers = newHeaders;
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    enter(Step.WRITE, "write " + length);
    bytes.write(source, offset, length);
  }

  @Override
  public void flush() throws IOException {
    enter(Step.FLUSH, "flush");
  }

  @Override
  public void earlyHints(Headers hints) throws IOException {
    enter(Step.HINTS, "hints " + hints.get("Link"));
  }

  @Override
  public boolean takesTrailers() {
    return trailing;
  }

  @Override
  public void trailers(Headers fields) throws IOException {
    enter(Step.TRAILERS, "trailers " + fields.get("X-Sum"));
  }

  @Override
  public void finish() throws IOException {
    enter(Step.FINISH, "finish");
    finished = true;
  }

  @Override
  public void abort(Throwable cause) {
    aborted = cause;
    try {
      enter(Step.ABORT, "abort");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public boolean reset() {
    events.add("reset");
    if (!calls.containsKey(Step.HEAD)) {
      violations.add("reset after " + events);
    }
    if (resettable) {
      calls.clear();
      plan.clear();
      bytes.reset();
      status = 0;
      finished = false;
      failed = false;
    }
    return resettable;
  }

  /** The status of the head, or 0. */
  public int status() {
    return status;
  }

  /** The headers of the head, or null. */
  public Headers headers() {
    return headers;
  }

  /** The body so far. */
  public byte[] bytes() {
    return bytes.toByteArray();
  }

  /** The body so far as UTF-8. */
  public String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Every call, such as {@code head 200}, {@code write 5}, {@code flush}, {@code finish}. */
  public List<String> events() {
    return List.copyOf(events);
  }

  public boolean isFinished() {
    return finished;
  }

  /** What {@code abort} was given, or null. */
  public Throwable aborted() {
    return aborted;
  }

  /** The calls that the contract of a sink does not allow. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  private void enter(Step step, String event) throws IOException {
    check(step, event);
    events.add(event);
    int call = calls.merge(step, 1, Integer::sum);
    Planned planned = plan.get(step);
    if (planned != null && planned.call() == call) {
      try {
        planned.action().run();
      } catch (Throwable e) {
        failed = step != Step.HEAD || e instanceof IOException;
        if (!failed) {
          calls.remove(step);
          plan.remove(step);
        }
        throw Sneaky.<RuntimeException>rethrow(e);
      }
    }
  }

  private void check(Step step, String event) {
    if (thread == null) {
      thread = Thread.currentThread();
    }
    boolean headSeen = calls.containsKey(Step.HEAD);
    boolean ended = calls.containsKey(Step.FINISH) || calls.containsKey(Step.ABORT);
    boolean allowed =
        switch (step) {
          case HEAD -> !headSeen && !ended && !failed;
          case HINTS -> !headSeen && !ended && !failed;
          case TRAILERS -> headSeen && !ended && !failed && !calls.containsKey(Step.TRAILERS);
          case WRITE, FLUSH, FINISH -> headSeen && !ended && !failed;
          case ABORT -> !ended || failed && !calls.containsKey(Step.ABORT);
        };
    if (!allowed) {
      violations.add(event + " after " + events);
    }
    if (thread != Thread.currentThread()) {
      violations.add(event + " on another thread");
    }
  }
}
