package dev.postern.cgi.install;

/**
 * A placeholder for a class of the user in {@link InstalledInstance} and {@link InstalledConstant}.
 * {@link ExecutableJar} replaces its name by the name of that class. It also replaces the names of
 * the field and of the field's type. Never called.
 */
final class InstalledTarget {
  static final Type INSTALLED_FIELD = new Type();

  InstalledTarget() {}

  /** A placeholder for the field's type. */
  static final class Type {}
}
