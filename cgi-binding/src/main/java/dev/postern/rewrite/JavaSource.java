package dev.postern.rewrite;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.tree.ClassNode;

/** Compiles a program that is one source file, in memory. */
public final class JavaSource {
  private JavaSource() {}

  /** The classes by the names of their class files, and the class that has main. */
  public record Compiled(Map<String, byte[]> classes, String main) {}

  /**
   * Compiles a program.
   *
   * @throws NotAProgramException when it does not compile, or this runtime has no compiler
   */
  public static Compiled compile(Path file) throws IOException {
    try {
      Map<String, byte[]> classes = classes(file, List.of());
      return new Compiled(classes, main(file, classes));
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
   * @return the classes, by the names of their class files
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
    Map<String, byte[]> classes = new TreeMap<>();
    StringWriter said = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
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

  /** The class with a main that has the file's name; otherwise the first class with a main. */
  private static String main(Path file, Map<String, byte[]> classes) {
    String base = String.valueOf(file.getFileName()).replace(".java", "");
    String first = "";
    for (Map.Entry<String, byte[]> entry : classes.entrySet()) {
      String name = entry.getKey().replace(".class", "").replace('/', '.');
      ClassNode node = new ClassNode();
      new ClassReader(entry.getValue()).accept(node, ClassReader.SKIP_CODE);
      if (node.methods.stream().anyMatch(method -> method.name.equals("main"))) {
        if (name.substring(name.lastIndexOf('.') + 1).equals(base)) {
          return name;
        }
        first = first.isEmpty() ? name : first;
      }
    }
    return first.isEmpty() ? base : first;
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
