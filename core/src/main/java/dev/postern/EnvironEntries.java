package dev.postern;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;

/**
 * The entries of an {@link Environ}: its own, then those that all copies share. They refuse what
 * its {@code put} and {@code remove} refuse.
 */
final class EnvironEntries extends AbstractSet<Map.Entry<String, Object>> {
  private final Map<String, Object> own;
  private final Map<String, Object> shared;

  EnvironEntries(Map<String, Object> own, Map<String, Object> shared) {
    this.own = own;
    this.shared = shared;
  }

  @Override
  public int size() {
    return own.size() + shared.size();
  }

  /** Not supported, because an environ has entries that must not be removed. */
  @Override
  public void clear() {
    throw new UnsupportedOperationException("environ must keep what every request has");
  }

  @Override
  public Iterator<Map.Entry<String, Object>> iterator() {
    return new Iterator<>() {
      private Iterator<Map.Entry<String, Object>> entries = own.entrySet().iterator();
      private boolean atShared;
      private String last = "";

      @Override
      public boolean hasNext() {
        if (!atShared && !entries.hasNext()) {
          return !shared.isEmpty();
        }
        return entries.hasNext();
      }

      @Override
      public Map.Entry<String, Object> next() {
        if (!atShared && !entries.hasNext()) {
          atShared = true;
          entries = shared.entrySet().iterator();
        }
        Map.Entry<String, Object> entry = entries.next();
        last = entry.getKey();
        return new Checked(entry);
      }

      @Override
      public void remove() {
        VariableNames.checkRemovable(last);
        entries.remove();
      }
    };
  }

  private static final class Checked extends AbstractMap.SimpleEntry<String, Object> {
    private static final long serialVersionUID = 1;

    private final transient Map.Entry<String, Object> entry;

    Checked(Map.Entry<String, Object> entry) {
      super(entry);
      this.entry = entry;
    }

    @Override
    public Object setValue(Object value) {
      VariableNames.check(getKey(), value);
      entry.setValue(value);
      return super.setValue(value);
    }
  }
}
