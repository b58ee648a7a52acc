package dev.postern.launcher.status;

import dev.postern.GatewayException;
import dev.postern.cgi.CgiRun;
import dev.postern.internal.Escapes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The last requests that were refused or failed. Requests with the same fault count as one, so that
 * many of them do not push out the others. Thread-safe.
 */
final class Troubles {
  private static final int KEPT = 50;
  private static final int LONGEST = 400;

  private final Map<String, Trouble> last = new LinkedHashMap<>();

  /**
   * What is shown of a request. It does not hold the request's run, which may have a megabyte of a
   * body, nor the exception, which holds the classes of its application.
   *
   * @param program empty if none was chosen
   * @param exit of the program; empty if it is not known
   * @param times how often the same fault happened since it is kept
   */
  record Trouble(
      RequestFacts request,
      int status,
      String program,
      String exit,
      String rule,
      String message,
      GatewayException.@Nullable Diagnosis diagnosis,
      long times) {}

  /** Keeps a request if it was refused or failed. */
  void ended(Ended ended) {
    CgiRun run = ended.run();
    Throwable failure = ended.outcome().failure();
    if (failure == null && run != null) {
      failure = run.failure();
    }
    boolean refused = failure instanceof GatewayException;
    if (failure == null || ended.cancelled() && !refused) {
      return;
    }
    GatewayException.Diagnosis diagnosis =
        failure instanceof GatewayException e ? e.diagnosis() : null;
    String rule =
        diagnosis != null
            ? diagnosis.rule()
            : refused ? "other" : failure.getClass().getSimpleName();
    String message = refused ? String.valueOf(failure.getMessage()) : failure.toString();
    String program = run == null ? "" : run.program().toString();
    int status = ended.outcome().status();
    String key = status + " " + rule + " " + program;
    synchronized (this) {
      Trouble before = last.remove(key);
      long times = before == null ? 1 : before.times() + 1;
      last.put(
          key,
          new Trouble(
              ended.request(),
              status,
              program,
              run == null ? "" : run.exit(),
              rule,
              Escapes.oneLine(message, LONGEST),
              diagnosis,
              times));
      if (last.size() > KEPT) {
        last.remove(last.keySet().iterator().next());
      }
    }
  }

  /** Returns all that are kept, the latest first. */
  synchronized List<Trouble> list() {
    List<Trouble> list = new ArrayList<>(last.values());
    java.util.Collections.reverse(list);
    return list;
  }
}
