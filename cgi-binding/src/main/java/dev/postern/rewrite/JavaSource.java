package dev.postern.rewrite;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** Compiles a program that is one source file, in memory. */
public final class JavaSource {
  private JavaSource() {}

  /** The classes by the names of their class files, and the main class. */
  public record Compiled(Map<String, byte[]> classes, String main) {}

  /**
   * Compiles a program.
   *
   * @throws NotAProgramException when it does not compile, or this runtime has no compiler
   */
  public static Compiled compile(Path file) throws IOException {
    try {
      Map<String, byte[]> classes = classes(file, List.of());
      return new Compiled(classes, main(classes));
    } catch (NotAProgramException e) {
      System.getLogger("dev.postern.cgi")
          .log(System.Logger.Level.WARNING, String.valueOf(e.getMessage()));
      throw e;
    }
  }

  /**
   * Compiles a file.
   *
   * @param options more options of the compiler
   * @return the classes, by the names of their class files, in the order of the source
   * @throws NotAProgramException when it does not compile, or this runtime has no compiler; the
   *     compiler's messages are in the lines after the first
   */
  public static Map<String, byte[]> classes(Path file, List<String> options) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new NotAProgramException("a .java program needs the compiler of a JDK: " + file);
    }
    List<String> all = new ArrayList<>(List.of("-proc:none", "-implicit:none", "-nowarn"));
    all.addAll(options);
    Map<String, byte[]> classes = new LinkedHashMap<>();
    StringWriter said = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      // Otherwise it would be that of the server.
      files.setLocation(StandardLocation.CLASS_PATH, List.of());
      boolean compiled =
          compiler
              .getTask(
                  said,
                  new InMemory(files, classes),
                  null,
                  all,
                  null,
                  files.getJavaFileObjects(file))
              .call();
      if (!compiled || classes.isEmpty()) {
        throw new NotAProgramException("program must compile: " + file + "\n" + said);
      }
    }
    return classes;
  }

  /** The first class of the file that is in no other one, as {@code java} takes it (JEP 330). */
  private static String main(Map<String, byte[]> classes) {
    return classes.keySet().stream()
        .filter(file -> !file.contains("$"))
        .findFirst()
        .orElse("")
        .replace(".class", "")
        .replace('/', '.');
  }

  /** Keeps what the compiler writes. */
  private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final Map<String, byte[]> classes;

    InMemory(JavaFileManager files, Map<String, byte[]> classes) {
      super(files);
      this.classes = classes;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
      String file = name.replace('.', '/') + ".class";
      return new SimpleJavaFileObject(URI.create("memory:///" + file), kind) {
        @Override
        public OutputStream openOutputStream() {
          return new ByteArrayOutputStream() {
            @Override
            public void close() {
              classes.put(file, toByteArray());
            }
          };
        }
      };
    }
  }
}
