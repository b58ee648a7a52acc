package dev.postern;

import java.lang.StackWalker.StackFrame;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds where an application called {@link LintCall}. */
final class LintPlace {
  private static final StackWalker WALKER = StackWalker.getInstance();
  private static final String CALL = LintCall.class.getName();

  /** Frames of the interface itself between an application and {@link LintCall#start}. */
  private static final Set<String> OWN =
      Set.of(
          LintPlace.class.getName(),
          CALL,
          StartResponse.class.getName(),
          Responder.class.getName(),
          RespondingApplication.class.getName());

  private LintPlace() {}

  /**
   * The nearest frame that is not one of {@link #OWN}; null when there is none before the frame in
   * which Lint calls the application.
   */
  static @Nullable StackTraceElement here() {
    Optional<StackFrame> frame =
        WALKER.walk(
            frames ->
                frames
                    .takeWhile(f -> !isLintsCall(f))
                    .filter(f -> !OWN.contains(f.getClassName()))
                    .findFirst());
    return frame.isPresent() ? frame.get().toStackTraceElement() : null;
  }

  private static boolean isLintsCall(StackFrame frame) {
    return frame.getMethodName().equals("checked") && frame.getClassName().equals(CALL);
  }
}
