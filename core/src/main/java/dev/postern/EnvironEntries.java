package dev.postern;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;

/** The entries of an {@link Environ}: they refuse the values that its {@code put} refuses. */
final class EnvironEntries extends AbstractSet<Map.Entry<String, Object>> {
  private final Map<String, Object> all;

  EnvironEntries(Map<String, Object> all) {
    this.all = all;
  }

  @Override
  public int size() {
    return all.size();
  }

  @Override
  public Iterator<Map.Entry<String, Object>> iterator() {
    Iterator<Map.Entry<String, Object>> entries = all.entrySet().iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return entries.hasNext();
      }

      @Override
      public Map.Entry<String, Object> next() {
        return new Checked(entries.next());
      }

      @Override
      public void remove() {
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
