package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import java.io.ByteArrayOutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows is code that compiles and does what it says. */
class ReadmeTest {
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern NAME = Pattern.compile("(?:class|interface|record) (\\w+)");

  @TempDir Path classes;

  @Test
  void javaBlocks_compile() throws Exception {
    List<Source> sources = sources();
    StringWriter output = new StringWriter();
    assertThat(compile(sources, output)).as(output.toString()).isTrue();
    assertThat(sources).hasSizeGreaterThanOrEqualTo(6);
  }

  @Test
  void hello_answersAsTheReadmeSays() throws Exception {
    compile(sources(), new StringWriter());
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      Application hello =
          (Application) loader.loadClass("Hello").getDeclaredConstructor().newInstance();
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      CgiGateway.builder(hello)
          .environment(Map.of("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/hello"))
          .output(output)
          .build()
          .run();
      assertThat(output.toString(StandardCharsets.ISO_8859_1))
          .startsWith("Status: 200 OK\r\n")
          .endsWith("\r\n\r\nHello from /hello\n");
    }
  }

  private boolean compile(List<Source> sources, StringWriter output) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> options =
        List.of("-d", classes.toString(), "-cp", path, "-proc:none", "--release", "17");
    return compiler.getTask(output, null, null, options, null, sources).call();
  }

  private static List<Source> sources() throws Exception {
    String readme = Files.readString(readme());
    List<Source> sources = new ArrayList<>();
    Matcher block = BLOCK.matcher(readme);
    while (block.find()) {
      Matcher name = NAME.matcher(block.group(1));
      assertThat(name.find()).as("a class in %s", block.group(1)).isTrue();
      sources.add(new Source(name.group(1), block.group(1)));
    }
    return sources;
  }

  private static Path readme() {
    Path readme = Path.of("README.md");
    return Files.exists(readme) ? readme : Path.of("..", "README.md");
  }

  /** A block of the README as a source file. */
  private static final class Source extends SimpleJavaFileObject {
    private final String code;

    Source(String name, String code) {
      super(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE);
      this.code = code;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return code;
    }
  }
}
