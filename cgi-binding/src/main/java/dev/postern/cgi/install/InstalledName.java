package dev.postern.cgi.install;

import java.util.Map;

/**
 * How an executable gets its application. {@link ExecutableJar} replaces placeholder names in our
 * class files by the names of the user's class or field.
 *
 * @param names for each constant of a class file, by its whole text, the text that replaces it
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
