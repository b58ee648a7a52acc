package dev.postern.launcher.values;

import java.util.List;

/** Suggests a word or an option in place of one that does not exist. */
public final class Spelling {
  private static final int SHORTEST_BEGINNING = 4;

  private Spelling() {}

  /**
   * Returns the end of a message that suggests another name, or an empty text.
   *
   * @param wrong the name that does not exist
   * @param names names that do, the most alike first. Only one that differs in at most a third of
   *     the characters, or that begins with the wrong name, is suggested.
   */
  public static String suggestion(String wrong, List<String> names) {
    for (String name : names) {
      boolean isBeginning = wrong.length() >= SHORTEST_BEGINNING && name.startsWith(wrong);
      if (isBeginning || distance(wrong, name) <= Math.max(1, wrong.length() / 3)) {
        return "; did you mean " + name + "?";
      }
    }
    return "";
  }

  /** Returns how many characters must be inserted, deleted or replaced (Levenshtein). */
  private static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }
}
