package dev.postern.web.middleware;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps sessions between requests. Called on the threads of requests, for several at once.
 *
 * <p>Thread-safe.
 */
public interface SessionStore {
  /**
   * A session as it is kept.
   *
   * @param values by name
   * @param expires the time from which on it does not count
   */
  record Stored(Map<String, String> values, Instant expires) {
    /** Copies the values. */
    public Stored {
      values = Map.copyOf(values);
    }
  }

  /**
   * The session of that id; null when there is none or it has expired.
   *
   * @param id text that a client has sent: 1 to 128 letters, digits, {@code -} and {@code _}
   */
  @Nullable Stored load(String id) throws IOException;

  /** Keeps a session, in place of an earlier one of that id. */
  void save(String id, Stored session) throws IOException;

  /**
   * Keeps a session in place of an earlier one of that id. If there is no earlier one, because
   * another request has ended the session meanwhile, such as a logout, it must stay so. By default
   * this is {@link #load} and {@link #save}; a store that can do it in one step should, because a
   * logout between the two is lost.
   *
   * @return whether there was an earlier session
   */
  default boolean replace(String id, Stored session) throws IOException {
    if (load(id) == null) {
      return false;
    }
    save(id, session);
    return true;
  }

  /** Forgets a session, if there is one of that id. */
  void delete(String id) throws IOException;

  /**
   * Sessions in the memory of this process. They are gone when it ends. So do not use them for CGI
   * executables or for several processes.
   *
   * @param most how many sessions at once; the one that is unused for longest makes room
   */
  static SessionStore inMemory(int most) {
    return new MemorySessions(most, Clock.systemUTC());
  }

  /**
   * Sessions in files of a directory that only this application uses. They suit CGI executables,
   * and several processes of one machine. The directory is made when it is missing; only this user
   * can read it and its files. Expired sessions are deleted about once an hour. Files with other
   * names than those of sessions stay.
   *
   * @throws IOException when the path is no directory and none can be made there
   */
  static SessionStore inFiles(Path directory) throws IOException {
    return FileSessions.of(directory, Clock.systemUTC());
  }
}
