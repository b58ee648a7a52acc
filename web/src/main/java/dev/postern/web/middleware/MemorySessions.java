package dev.postern.web.middleware;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@link SessionStore#inMemory}. Thread-safe. */
final class MemorySessions implements SessionStore {
  private final Clock clock;
  private final Map<String, Stored> sessions;

  MemorySessions(int most, Clock clock) {
    if (most < 1) {
      throw new IllegalArgumentException("store must have room for a session: " + most);
    }
    this.clock = clock;
    this.sessions = new Recent(most);
  }

  /** The session that is unused for longest comes first, and makes room for a new one. */
  private static final class Recent extends LinkedHashMap<String, Stored> {
    private static final long serialVersionUID = 1;
    private final int most;

    Recent(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Stored> eldest) {
      return size() > most;
    }
  }

  @Override
  public synchronized @Nullable Stored load(String id) {
    Stored session = sessions.get(id);
    if (session != null && !session.expires().isAfter(clock.instant())) {
      sessions.remove(id);
      return null;
    }
    return session;
  }

  @Override
  public synchronized void save(String id, Stored session) {
    sessions.put(id, session);
  }

  @Override
  public synchronized boolean replace(String id, Stored session) {
    return load(id) != null && sessions.put(id, session) != null;
  }

  @Override
  public synchronized void delete(String id) {
    sessions.remove(id);
  }

  @Override
  public String toString() {
    return "SessionStore.inMemory";
  }
}
