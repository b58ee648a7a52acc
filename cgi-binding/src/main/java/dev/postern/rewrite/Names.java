package dev.postern.rewrite;

/** The names that rewritten code refers to, in the form of class files. */
final class Names {
  private static final String SHIMS = "dev/postern/inprocess/";

  static final String OWN = SHIMS + "Own";
  static final String POLLS = OWN + "$Polls";
  static final String INSTANCE = "L" + SHIMS + "Instance;";
  static final String FILES = SHIMS + "FileShim";
  static final String LOCALES = SHIMS + "LocaleShim";
  static final String REFLECTION = SHIMS + "ReflectionShim";
  static final String SYSTEM = SHIMS + "SystemShim";
  static final String THREADS = SHIMS + "ThreadShim";
  static final String WIDE = SHIMS + "WideShim";
  static final String FILE_OUTPUT = SHIMS + "ProgramFileOutput";
  static final String FILE_WRITER = FILE_OUTPUT + "$Text";
  static final String FILE_INPUT = SHIMS + "ProgramFileInput";
  static final String FILE_READER = FILE_INPUT + "$Text";
  static final String URL_LOADER = SHIMS + "ProgramUrlLoader";

  /** The beginning of the names of members that were added to a class. */
  static final String PREFIX = "postern$";

  private Names() {}
}
