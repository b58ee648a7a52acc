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
 * What one request was found to be for, and how that is started: a process of the system, a child
 * of a server of processes, a program inside this JVM, a server on another machine. {@link
 * ProgramHost#run} does for all of them what hosting means: the body, the places, the times, the
 * checks of the output, the diagnosis, the end.
 *
 * <p>Made for one request, and used by the request's thread; a program that works on after its
 * answer is closed by another one.
 */
public interface Hosted {
  /** What logs, listeners and diagnoses call it, as a rule the program's file. */
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

  /** Whether its output may begin with a status line (RFC 3875 5). */
  default boolean isNph() {
    return false;
  }

  /** The places that a run takes, in this order, before it is started. */
  List<Permits> places();

  /**
   * The variables that it is given: as a rule by {@link ProgramEnvironment#of}.
   *
   * @param contentLength of the body that it gets, or -1 for none
   * @throws GatewayException when the request cannot be passed on
   */
  Map<String, String> environment(Environ environ, long contentLength, RefusalCounters counters)
      throws GatewayException;

  /**
   * Starts it, once, when the places are taken. Tries again by itself what is worth another try.
   *
   * @param body what it gets to read, or null for nothing: bytes that are all here are a {@link
   *     java.io.ByteArrayInputStream}. Never closed
   * @throws GatewayException when it cannot be started
   */
  RunningProgram start(Map<String, String> environment, @Nullable InputStream body)
      throws IOException;

  /** Ends what it ran in, after the running program was closed, or could not be started. */
  default void close() throws IOException {}
}
