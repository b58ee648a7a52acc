package dev.postern.launcher;

import dev.postern.cgi.CgiRun;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What the request of this thread is known by in the logs, and how its program went. Confined to
 * the request's thread.
 */
final class RequestMark {
  private static final ThreadLocal<RequestMark> CURRENT = new ThreadLocal<>();

  private final String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  private @Nullable CgiRun run;

  private RequestMark() {}

  /** A request begins on this thread. */
  static RequestMark begin() {
    RequestMark mark = new RequestMark();
    CURRENT.set(mark);
    return mark;
  }

  /** It has ended. */
  static void end() {
    CURRENT.remove();
  }

  /** The id of this thread's request; {@code -} outside of any. */
  static String currentId() {
    RequestMark mark = CURRENT.get();
    return mark == null ? "-" : mark.id;
  }

  /** The run of a program, told on the thread of its request as a rule. */
  static void took(CgiRun run) {
    RequestMark mark = CURRENT.get();
    if (mark != null) {
      mark.run = run;
    }
  }

  /** The run of this thread's request; null when there is none. */
  static @Nullable CgiRun currentRun() {
    RequestMark mark = CURRENT.get();
    return mark == null ? null : mark.run;
  }

  String id() {
    return id;
  }

  /** Null when no program was chosen, and for one that works on after its answer. */
  @Nullable CgiRun run() {
    return run;
  }
}
