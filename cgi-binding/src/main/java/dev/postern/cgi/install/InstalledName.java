package dev.postern.cgi.install;

import java.util.Map;

/**
 * How an executable gets its application: names that stand in our classes, and the user's in their
 * place, as class files have them.
 *
 * @param names the whole text of constants, and what takes its place
 */
record InstalledName(Map<String, String> names) {
  private static final String PACKAGE = "dev/postern/cgi/install/";
  private static final String APPLICATION = PACKAGE + "InstalledApplication";
  private static final String TARGET = PACKAGE + "InstalledTarget";

  /** A new instance of an application's class. */
  static InstalledName of(String className) {
    return new InstalledName(Map.of(APPLICATION, internal(className)));
  }

  /** A new instance of a responder's class. */
  static InstalledName responder(String className) {
    return new InstalledName(
        Map.of(APPLICATION, PACKAGE + "InstalledInstance", TARGET, internal(className)));
  }

  /** The value of a public static field. */
  static InstalledName field(String className, String field, String descriptor) {
    return new InstalledName(
        Map.of(
            APPLICATION,
            PACKAGE + "InstalledConstant",
            TARGET,
            internal(className),
            "INSTALLED_FIELD",
            field,
            "L" + TARGET + "$Type;",
            descriptor));
  }

  private static String internal(String className) {
    return className.replace('.', '/');
  }
}
