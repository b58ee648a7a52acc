package dev.postern.cgi.install;

/**
 * Stands for a class of the user's in {@link InstalledInstance} and {@link InstalledConstant}.
 * {@link ExecutableJar} writes that class's name over this one's, and the names of a field and of
 * its type over the field's. Never called.
 */
final class InstalledTarget {
  static final Type INSTALLED_FIELD = new Type();

  InstalledTarget() {}

  /** Stands for the field's type. */
  static final class Type {}
}
