package dev.postern.inprocess;

import dev.postern.rewrite.ClassPathRoot;
import dev.postern.rewrite.JavaSource;
import dev.postern.rewrite.NotAProgramException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Where a program comes from: a jar with a Main-Class, a source file, or a class path and a class.
 */
public final class ProgramSource {
  private final List<Path> classPath;
  private final @Nullable String main;

  private ProgramSource(List<Path> classPath, @Nullable String main) {
    this.classPath = List.copyOf(classPath);
    this.main = main;
  }

  /** A {@code .java} file, or a jar whose manifest names its main class. */
  public static ProgramSource of(Path file) {
    return new ProgramSource(List.of(file), null);
  }

  /** A class on a class path of directories and jars. */
  public static ProgramSource of(List<Path> classPath, String main) {
    return new ProgramSource(classPath, main);
  }

  /** The program as it is now. */
  ProgramCode load(ProgramOptions options) throws IOException {
    Path first = classPath.get(0);
    if (isOneFile()) {
      JavaSource.Compiled compiled = JavaSource.compile(first);
      ClassPathRoot root = ClassPathRoot.of(first, compiled.classes());
      return new ProgramCode(options, List.of(root), compiled.main());
    }
    List<ClassPathRoot> roots;
    try {
      roots = ProgramCode.roots(classPath);
    } catch (ZipException e) {
      throw new NotAProgramException(
          "program must be a jar: " + first + " (" + e.getMessage() + ")");
    }
    return new ProgramCode(options, roots, main == null ? mainClass(first, roots.get(0)) : main);
  }

  private static String mainClass(Path file, ClassPathRoot root) throws IOException {
    Manifest manifest = root.manifest();
    String name =
        manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
    if (name == null) {
      throw new NotAProgramException("jar must name its Main-Class: " + file);
    }
    return name.trim();
  }

  /** Whether the program is a source file, which needs no other file. */
  boolean isOneFile() {
    return main == null && classPath.get(0).toString().endsWith(".java");
  }

  /** What tells whether an entry of the class path is another file now. */
  List<Object> stamps() {
    return classPath.stream().map(ClassPathRoot::stamp).toList();
  }

  @Override
  public String toString() {
    return String.valueOf(classPath.get(0).getFileName());
  }
}
