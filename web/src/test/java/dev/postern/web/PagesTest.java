package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Middleware;
import dev.postern.Responder;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The examples of docs/web.md and docs/middlewares.md: each program answers the request below it
 * with the response that stands there.
 */
class PagesTest {
  private static final Path DOCS = Path.of("..", "docs");
  private static final List<String> PAGES = List.of("web.md", "middlewares.md");
  private static final Pattern BLOCK = Pattern.compile("(?m)^```(\\w*)\n([\\s\\S]*?)^```");
  private static final Pattern NAME = Pattern.compile("(?:class|record) (\\w+)");

  /** What stands for text that is another one each time. */
  private static final String ANY = "\u2026";

  @TempDir static Path classes;

  /** The examples: a page, a class of it, and a request with its response. */
  static Stream<Arguments> examples() throws IOException {
    List<Arguments> all = new ArrayList<>();
    for (String page : PAGES) {
      Matcher block = BLOCK.matcher(Files.readString(DOCS.resolve(page)));
      String name = "";
      while (block.find()) {
        if (block.group(1).equals("java")) {
          name = name(block.group(2));
        } else if (block.group(1).equals("http")) {
          all.add(Arguments.of(page, name, block.group(2)));
        }
      }
    }
    return all.stream();
  }

  private static String name(String code) {
    Matcher name = NAME.matcher(code);
    assertThat(name.find()).as(code).isTrue();
    return name.group(1);
  }

  /** A page at a time: the compiler opens each jar of the class path anew. */
  @BeforeAll
  static void compile() throws IOException {
    for (String page : PAGES) {
      List<JavaFileObject> sources = new ArrayList<>();
      Matcher block = BLOCK.matcher(Files.readString(DOCS.resolve(page)));
      while (block.find()) {
        if (block.group(1).equals("java")) {
          sources.add(source(name(block.group(2)), block.group(2)));
        }
      }
      compile(sources, Files.createDirectory(classes.resolve(page)));
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("examples")
  void example_answersAsThePageSays(String page, String name, String exchange) throws Exception {
    URL compiled = classes.resolve(page).toUri().toURL();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {compiled})) {
      TestResponse response =
          InMemoryGateway.builder(application(loader.loadClass(name)))
              .variable("REMOTE_ADDR", "127.0.0.1")
              .build()
              .run(request(exchange));
      assertIs(exchange, response);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "org.apache.commons:commons-fileupload2-core, commons-fileupload2",
    "org.springframework.security:spring-security-crypto, spring-security"
  })
  void dependency_hasTheVersionOfTheBuild(String artifact, String property) throws IOException {
    String tag = property + ".version>";
    String pom = Files.readString(Path.of("..", "pom.xml"));
    String version = pom.substring(pom.indexOf(tag) + tag.length(), pom.indexOf("</" + tag));
    assertThat(DOCS.resolve("web.md")).content().contains("`" + artifact + ":" + version + "`");
  }

  private static JavaFileObject source(String name, String code) {
    return new SimpleJavaFileObject(
        URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return code;
      }
    };
  }

  private static void compile(List<JavaFileObject> sources, Path directory) {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> options =
        List.of("-d", directory.toString(), "-cp", classPath, "-proc:none", "--release", "17");
    StringWriter output = new StringWriter();
    boolean compiled =
        ToolProvider.getSystemJavaCompiler()
            .getTask(output, null, null, options, null, sources)
            .call();
    assertThat(compiled).as(output.toString()).isTrue();
  }

  /** The class itself, or what its method {@code of} makes, maybe around an application. */
  private static Application application(Class<?> type) throws Exception {
    if (Responder.class.isAssignableFrom(type) || Application.class.isAssignableFrom(type)) {
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      Object made = constructor.newInstance();
      return made instanceof Responder responder ? Application.of(responder) : (Application) made;
    }
    for (Method method : type.getDeclaredMethods()) {
      if (method.getName().equals("of")) {
        method.setAccessible(true);
        Application hello = Application.of(environ -> Responses.text("Hello\n"));
        return (Application)
            (method.getParameterCount() == 0 ? method.invoke(null) : method.invoke(null, hello));
      }
    }
    throw new IllegalStateException("example must be an application, or have a method of: " + type);
  }

  /** A head, and maybe a body before the response. */
  private static TestRequest request(String exchange) {
    String text =
        exchange.substring(0, exchange.indexOf("HTTP/1.1 ", exchange.indexOf('\n'))).strip();
    String[] parts = text.split("\n\n", 2);
    String[] head = parts[0].split("\n", -1);
    String[] line = head[0].split(" ", -1);
    TestRequest request = TestRequest.of(line[0], line[1]);
    for (int i = 1; i < head.length; i++) {
      String[] field = head[i].split(": ", 2);
      request = request.withHeader(field[0], field[1]);
    }
    return parts.length == 1
        ? request
        : request.withBody(parts[1].getBytes(StandardCharsets.UTF_8));
  }

  private static void assertIs(String exchange, TestResponse response) {
    String text = exchange.substring(exchange.indexOf("HTTP/1.1 ", exchange.indexOf('\n'))).strip();
    String[] parts = text.split("\n\n", 2);
    String[] head = parts[0].split("\n", -1);
    String status = response.status() + " " + dev.postern.Response.reasonPhrase(response.status());
    assertThat("HTTP/1.1 " + status).isEqualTo(head[0].stripTrailing());
    for (int i = 1; i < head.length; i++) {
      String[] field = head[i].stripTrailing().split(": ", 2);
      assertThat(response.header(field[0])).as(field[0]).matches(pattern(field[1]));
    }
    if (parts.length == 2) {
      assertThat(response.text().stripTrailing()).matches(pattern(parts[1].stripTrailing()));
    }
    assertThat(response.isComplete()).isTrue();
  }

  private static String pattern(String text) {
    return "(?s)" + Pattern.quote(text).replace(ANY, "\\E.*\\Q");
  }

  /** Each middleware has a section of its name, and an example in it. */
  @Test
  void middlewares_haveTheirSections() throws Exception {
    String page = Files.readString(DOCS.resolve("middlewares.md"));
    Set<String> names = new TreeSet<>();
    Path sources = Path.of("src/main/java/dev/postern/web");
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".java")).toList()) {
        if (Files.readString(file).contains("implements " + Middleware.class.getSimpleName())) {
          names.add(file.getFileName().toString().replace(".java", ""));
        }
      }
    }
    assertThat(names).hasSizeGreaterThanOrEqualTo(18);
    for (String name : names) {
      int section = page.indexOf("\n## " + name + "\n");
      assertThat(section).as(name).isPositive();
      int end = page.indexOf("\n## ", section + 1);
      assertThat(page.substring(section, end)).as(name).contains("```java\n", "```http\n", name);
    }
  }
}
