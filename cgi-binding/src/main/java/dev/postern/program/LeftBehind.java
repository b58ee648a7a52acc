package dev.postern.program;

import java.util.List;

/** Names of what editors and package managers leave beside a program: old and unfinished copies. */
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

  /** What dpkg and ucf add to a name, and then say which of two versions this is. */
  private static final List<String> PARTS = List.of(".dpkg-", ".ucf-");

  private LeftBehind() {}

  /** Whether a file name is one of them. */
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
