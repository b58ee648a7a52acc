package dev.postern.program;

import java.util.List;

/** Names of old and unfinished copies that editors and package managers leave beside a program. */
final class LeftBehind {
  private static final List<String> ENDS =
      List.of(
          "~",
          ".bak",
          ".old",
          ".orig",
          ".rej",
          ".rpmnew",
          ".rpmorig",
          ".rpmsave",
          ".save",
          ".swo",
          ".swp",
          ".tmp");

  /**
   * What dpkg and ucf add to a name. A word follows that says which of two versions the file is.
   */
  private static final List<String> PARTS = List.of(".dpkg-", ".ucf-");

  private LeftBehind() {}

  /** Whether a file has such a name. */
  static boolean is(String name) {
    if (name.length() > 1 && name.startsWith("#") && name.endsWith("#")) {
      return true;
    }
    for (String end : ENDS) {
      if (name.endsWith(end)) {
        return true;
      }
    }
    for (String part : PARTS) {
      if (name.indexOf('.', name.lastIndexOf(part) + 1) < 0 && name.contains(part)) {
        return true;
      }
    }
    return false;
  }
}
