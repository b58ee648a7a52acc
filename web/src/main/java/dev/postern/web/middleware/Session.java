package dev.postern.web.middleware;

import static java.util.Objects.requireNonNull;

import dev.postern.Environ;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a site remembers of a browser from one request to the next: texts by name. {@link Sessions}
 * loads a session when it is first asked for, and keeps it when the response starts. Later changes
 * are refused.
 *
 * <pre>{@code
 * Session session = Session.of(environ);
 * session.put("user", name);
 * session.renew();
 * }</pre>
 *
 * <p>Confined to one request.
 */
public final class Session {
  static final String KEY = "web.session";

  /** Where a session comes from. */
  interface Source {
    /** The values of the session that the request names; null when there is none. */
    @Nullable Map<String, String> load();
  }

  private final Source source;
  private @Nullable Map<String, String> values;
  private boolean found;
  private boolean changed;
  private boolean renewed;
  private boolean ended;
  private boolean kept;

  Session(Source source) {
    this.source = source;
  }

  /**
   * The session of this request. If the browser has none, this is a new session, which is kept once
   * something is put into it.
   *
   * @throws IllegalStateException when the application is not in {@link Sessions}
   */
  public static Session of(Environ environ) {
    if (environ.get(KEY) instanceof Session session) {
      return session;
    }
    throw new IllegalStateException("application must be in Sessions to have a session");
  }

  /** The value of that name, or null. */
  public @Nullable String get(String name) {
    return values().get(name);
  }

  /** The names of all values. */
  public Set<String> names() {
    return Set.copyOf(values().keySet());
  }

  /**
   * Sets a value.
   *
   * @throws IllegalStateException when the response has been started
   */
  public void put(String name, String value) {
    change();
    values().put(requireNonNull(name, "name"), requireNonNull(value, "value"));
  }

  /** Removes a value. Throws as {@link #put}. */
  public void remove(String name) {
    if (values().containsKey(name)) {
      change();
      values().remove(name);
    }
  }

  /**
   * Gives the session a new id and keeps its values. Call it when somebody logs in, so that an id
   * that was known before is worth nothing (session fixation). Throws as {@link #put}.
   */
  public void renew() {
    change();
    values();
    renewed = true;
  }

  /** Ends the session. Its values are gone, and the browser forgets it. Throws as {@link #put}. */
  public void end() {
    change();
    values().clear();
    renewed = true;
    ended = true;
  }

  /** Whether the session is new, because the browser had none or one that is not known any more. */
  public boolean isNew() {
    values();
    return !found;
  }

  private void change() {
    if (kept) {
      throw new IllegalStateException("session must be changed before the response is started");
    }
    changed = true;
    ended = false;
  }

  private Map<String, String> values() {
    Map<String, String> known = values;
    if (known == null) {
      Map<String, String> loaded = source.load();
      found = loaded != null;
      known = loaded == null ? new LinkedHashMap<>() : new LinkedHashMap<>(loaded);
      values = known;
    }
    return known;
  }

  boolean isUsed() {
    return values != null;
  }

  boolean isFound() {
    return found;
  }

  boolean isChanged() {
    return changed;
  }

  boolean isRenewed() {
    return renewed;
  }

  boolean isEnded() {
    return ended;
  }

  Map<String, String> all() {
    return values();
  }

  void keep() {
    kept = true;
  }

  /** The names only: values may be secrets. */
  @Override
  public String toString() {
    return "Session" + (values == null ? "" : names());
  }
}
