package dev.postern.launcher;

import dev.postern.cgi.CgiRun;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The id of this thread's request in the logs, and how its program went. Confined to the request's
 * thread.
 */
final class RequestMark {
  private static final ThreadLocal<RequestMark> CURRENT = new ThreadLocal<>();

  private final String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  private @Nullable CgiRun run;

  private RequestMark() {}

  /** Marks a request that begins on this thread. */
  static RequestMark begin() {
    RequestMark mark = new RequestMark();
    CURRENT.set(mark);
    return mark;
  }

  /** Removes the mark of this thread's request, which has ended. */
  static void end() {
    CURRENT.remove();
  }

  /** Returns the id of this thread's request, or {@code -} if there is none. */
  static String currentId() {
    RequestMark mark = CURRENT.get();
    return mark == null ? "-" : mark.id;
  }

  /** Notes the run of a program. As a rule this is called on the thread of its request. */
  static void took(CgiRun run) {
    RequestMark mark = CURRENT.get();
    if (mark != null) {
      mark.run = run;
    }
  }

  /** Returns the run of this thread's request, or null if there is none. */
  static @Nullable CgiRun currentRun() {
    RequestMark mark = CURRENT.get();
    return mark == null ? null : mark.run;
  }

  String id() {
    return id;
  }

  /** Returns null if no program was chosen, or if the program works on after its answer. */
  @Nullable CgiRun run() {
    return run;
  }
}
