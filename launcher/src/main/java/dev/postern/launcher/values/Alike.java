package dev.postern.launcher.values;

import com.google.common.base.Ascii;
import java.util.Collection;

/** Finds the name that somebody meant who has misspelled it. */
public final class Alike {
  /** All names are shorter; the cost grows with the product of the two lengths. */
  private static final int LONGEST = 64;

  /** A shorter beginning fits too many names. */
  private static final int SHORTEST_BEGINNING = 4;

  private Alike() {}

  /**
   * Returns the end of a message about an unknown name: which of the known names is spelled most
   * alike. Returns an empty text if none is alike.
   *
   * @param written the unknown name, with or without dashes in front, as the known ones are
   */
  public static String suggestion(String written, Collection<String> names) {
    if (written.length() > LONGEST) {
      return "";
    }
    String word = Ascii.toLowerCase(written);
    int letters = word.replace("-", "").length();
    String best = "";
    int least = letters / 3 + 1;
    for (String name : names) {
      int distance = distance(word, name);
      if (distance < least) {
        least = distance;
        best = name;
      }
    }
    if (best.isEmpty() && letters >= SHORTEST_BEGINNING) {
      best = names.stream().filter(name -> name.startsWith(word)).findFirst().orElse("");
    }
    return best.isEmpty() ? "" : "; did you mean " + best + "?";
  }

  /**
   * Returns how many letters must be put in, left out, replaced or swapped with the next one, to
   * make one text from the other (optimal string alignment).
   */
  private static int distance(String a, String b) {
    int[][] steps = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        steps[i][j] = i == 0 || j == 0 ? i + j : step(steps, a, b, i, j);
      }
    }
    return steps[a.length()][b.length()];
  }

  private static int step(int[][] steps, String a, String b, int i, int j) {
    int replaced = steps[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
    int least = Math.min(replaced, Math.min(steps[i - 1][j], steps[i][j - 1]) + 1);
    boolean isSwapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return isSwapped ? Math.min(least, steps[i - 2][j - 2] + 1) : least;
  }
}
