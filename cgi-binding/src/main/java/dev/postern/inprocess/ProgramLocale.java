package dev.postern.inprocess;

import java.util.Locale;
import java.util.Map;

/** The locale that a JVM would take from its environment. */
final class ProgramLocale {
  private static final String[] VARIABLES = {"LC_ALL", "LC_MESSAGES", "LANG"};

  private ProgramLocale() {}

  /** {@code language[_COUNTRY][.charset][@modifier]} of POSIX; English where there is none. */
  static Locale of(Map<String, String> environment) {
    for (String name : VARIABLES) {
      String value = environment.get(name);
      if (value != null && !value.isEmpty()) {
        String plain = value.split("[.@]", 2)[0].replace('_', '-');
        boolean portable = plain.equals("C") || plain.equals("POSIX");
        return portable ? Locale.ENGLISH : Locale.forLanguageTag(plain);
      }
    }
    return Locale.ENGLISH;
  }
}
