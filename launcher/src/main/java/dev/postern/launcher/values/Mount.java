package dev.postern.launcher.values;

/**
 * {@code PREFIX=VALUE}, as options of {@code serve} take it.
 *
 * @param prefix without a slash at its end; "" for the root
 * @param value a class, a program or a directory
 */
public record Mount(String prefix, String value) {
  /**
   * Reads an option's value.
   *
   * @param form of the value, for the message
   * @throws LauncherException when it is not of that form
   */
  public static Mount parse(String option, String form, String text) {
    int equals = text.indexOf('=');
    if (equals < 0 || equals == text.length() - 1) {
      throw LauncherException.badArgument(option + " must be " + form + ": \"" + text + "\"");
    }
    return new Mount(prefix(option, text, text.substring(0, equals)), text.substring(equals + 1));
  }

  /**
   * Reads a prefix alone, and returns it without a slash at its end.
   *
   * @throws LauncherException when no request can have it
   */
  public static String prefix(String option, String text) {
    return prefix(option, text, text);
  }

  private static String prefix(String option, String text, String given) {
    String prefix = given;
    if (!prefix.startsWith("/")) {
      throw LauncherException.badArgument(
          "PREFIX of " + option + " must start with a slash: \"" + text + "\"");
    }
    if (prefix.endsWith("/")) {
      prefix = prefix.substring(0, prefix.length() - 1);
    }
    checkReachable(option, text, prefix);
    return prefix;
  }

  /** Refuses a prefix that no request can match, as it is a mistake. */
  private static void checkReachable(String option, String text, String prefix) {
    boolean reachable = !prefix.endsWith("/");
    for (int i = 0; i < prefix.length(); i++) {
      char c = prefix.charAt(i);
      reachable &= !Character.isISOControl(c) && c != '?' && c != '#' && c != ';';
    }
    for (String segment : prefix.isEmpty() ? new String[0] : prefix.substring(1).split("/")) {
      reachable &= !segment.isEmpty() && !segment.equals(".") && !segment.equals("..");
    }
    if (!reachable) {
      throw LauncherException.badArgument(
          "PREFIX of " + option + " must be a path that a request can have: \"" + text + "\"");
    }
  }
}
