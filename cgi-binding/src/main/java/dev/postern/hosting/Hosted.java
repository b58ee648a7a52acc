package dev.postern.hosting;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.process.RunningProgram;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What runs for one request, and how to start it: a process of the system, a child of a server of
 * processes, a program inside this JVM, a server on another machine. {@link ProgramHost#run} does
 * the rest for all of them: the body, the places, the times, the checks of the output, the
 * diagnosis, the end.
 *
 * <p>Made for one request, and used by the request's thread. If a program works on after its
 * answer, another thread closes it.
 */
public interface Hosted {
  /** The name for logs, listeners and diagnoses; usually the program's file. */
  Path program();

  /**
   * The command of the program itself, without helpers before it. Empty where there is no such
   * command.
   */
  List<String> command();

  /** Where the command is started; null where there is no command. */
  default @Nullable Path directory() {
    return null;
  }

  /** Whether the program's output may begin with a status line (RFC 3875 5). */
  default boolean isNph() {
    return false;
  }

  /**
   * Whether the exit status tells if the response is whole, whatever {@link HostOptions} say.
   * Called only after a run that did not end with 0.
   */
  default boolean isStrict() {
    return false;
  }

  /** The places that a run takes, in this order, before it is started. */
  List<Permits> places();

  /**
   * The variables that the program is given, usually by {@link ProgramEnvironment#of}.
   *
   * @param contentLength of the body that the program gets, or -1 for none
   * @throws GatewayException when the request cannot be passed on
   */
  Map<String, String> environment(Environ environ, long contentLength, RefusalCounters counters)
      throws GatewayException;

  /**
   * Starts the program. Called once, when the places are taken. A start that is worth another try
   * is tried again here.
   *
   * @param body what the program gets to read, or null for nothing. A body that is in memory is a
   *     {@link java.io.ByteArrayInputStream}. Never closed
   * @throws GatewayException when the program cannot be started
   */
  RunningProgram start(Map<String, String> environment, @Nullable InputStream body)
      throws IOException;

  /** Ends what the program ran in. Called after the program was closed, or could not be started. */
  default void close() throws IOException {}
}
