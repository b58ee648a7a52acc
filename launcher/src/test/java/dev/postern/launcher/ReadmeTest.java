package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiGateway;
import dev.postern.cgi.CgiHostBuilder;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.Isolation;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.scgi.ScgiApplication;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What the README and the pages in docs show is code that compiles and does what they say. */
class ReadmeTest {
  private static final Path ROOT = Files.exists(Path.of("README.md")) ? Path.of("") : Path.of("..");

  /** A block of a page, without the indentation that a list gives it. */
  private static final Pattern BLOCK =
      Pattern.compile("(?m)(?<!checked by OperationsTest -->\n)^( *)```(\\w+)\n([\\s\\S]*?)^ *```");

  private static final Pattern NAME = Pattern.compile("(?:class|interface|record) (\\w+)");

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#([^)]+))?\\)");

  @TempDir static Path readmeClasses;

  @BeforeAll
  static void compileReadme() throws Exception {
    List<Source> sources = sources("README.md");
    assertThat(sources).hasSizeGreaterThanOrEqualTo(6);
    compile("README.md", sources, readmeClasses, classPath());
  }

  @Test
  void hello_answersAsTheReadmeSays() throws Exception {
    assertThat(answer("Hello"))
        .startsWith("Status: 200 OK\r\n")
        .endsWith("\r\n\r\nHello from /hello\n");
  }

  @Test
  void countdown_answersAsTheReadmeSays() throws Exception {
    assertThat(answer("Countdown")).endsWith("\r\n\r\n3\n2\n1\n");
  }

  @ParameterizedTest
  @MethodSource("pages")
  void javaBlocks_compile(String page, @TempDir Path pageClasses) throws Exception {
    List<Source> sources = sources(page);
    if (!page.equals("README.md") && !sources.isEmpty()) {
      compile(page, sources, pageClasses, readmeClasses + File.pathSeparator + classPath());
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void xmlBlocks_nameArtifactsAndVersionsOfTheBuild(String page) throws Exception {
    String build = Files.readString(ROOT.resolve("pom.xml"));
    Matcher block = BLOCK.matcher(Files.readString(ROOT.resolve(page)));
    while (block.find()) {
      if (block.group(2).equals("xml")) {
        for (Element version :
            elements(parse("<block>" + block.group(3) + "</block>"), "version")) {
          Element owner = (Element) version.getParentNode();
          if (!owner.getTagName().equals("project")) {
            String artifact = elements(owner, "artifactId").get(0).getTextContent();
            assertThat(build)
                .as("%s of %s", artifact, page)
                .contains(
                    artifact.equals("junit-jupiter")
                        ? "<junit.version>" + version.getTextContent() + "</junit.version>"
                        : artifact.startsWith("postern-")
                            ? "<version>" + version.getTextContent() + "</version>\n  <packaging>"
                            : artifact
                                + "</artifactId>\n          <version>"
                                + version.getTextContent()
                                + "<");
            if (artifact.startsWith("postern-")) {
              assertThat(build).contains("<artifactId>" + artifact + "</artifactId>");
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void links_leadToFiles(String page) throws Exception {
    Path file = ROOT.resolve(page);
    Matcher link = LINK.matcher(Files.readString(file).replaceAll("(?s)```.*?```", ""));
    while (link.find()) {
      Path target = file.resolveSibling(link.group(1));
      assertThat(target).as(link.group()).exists();
      if (link.group(2) != null) {
        assertThat(anchors(target)).as(link.group()).contains(link.group(2));
      }
    }
  }

  @Test
  void index_namesEachPage() throws Exception {
    String index = Files.readString(ROOT.resolve("docs/README.md"));
    for (String page : pages()) {
      if (page.startsWith("docs/") && !page.endsWith("README.md")) {
        assertThat(index).contains("](" + page.substring("docs/".length()) + ")");
      }
    }
  }

  /** docs/options.md has each option of the builders, and no other. */
  @Test
  void options_areThoseOfTheBuilders() throws Exception {
    Set<String> options = new TreeSet<>();
    for (Class<?> builder :
        List.of(
            HostBuilder.class,
            CgiHostBuilder.class,
            CgiApplication.Builder.class,
            CgiDirectory.Builder.class,
            FastCgiApplication.Builder.class,
            ScgiApplication.Builder.class,
            Isolation.Builder.class)) {
      for (Method method : builder.getDeclaredMethods()) {
        if (Modifier.isPublic(method.getModifiers()) && !method.getName().equals("build")) {
          options.add(method.getName());
        }
      }
    }
    assertThat(found("docs/options.md", "\\| `(\\w+)\\(")).isEqualTo(options);
  }

  /** docs/command.md has each option of each word, and no other, also in its summary. */
  @Test
  void command_hasTheOptionsOfItsWords() throws Exception {
    Set<String> options = new TreeSet<>();
    options.add("--help");
    options.add("--version");
    for (CommandLine word : PosternCommand.whole().getSubcommands().values()) {
      word.getCommandSpec().options().forEach(option -> options.add(option.longestName()));
    }
    String page = Files.readString(ROOT.resolve("docs/command.md"));
    assertThat(foundIn(page, "(--[a-z][a-z-]*)")).isEqualTo(options);
    assertThat(foundIn(page.split("```")[1], "(--[a-z][a-z-]*)")).isEqualTo(options);
    assertThat(options).containsAll(found("docs/options.md", "`(--[a-z-]+)"));
  }

  /**
   * Each default of docs/command.md and docs/options.md, and each status, is also in the help. So
   * is whether an option may be repeated.
   */
  @Test
  void help_hasTheDefaultsAndStatusesOfTheDocuments() throws Exception {
    Map<String, String> help = new TreeMap<>();
    Set<String> repeated = new TreeSet<>();
    for (OptionSpec option :
        PosternCommand.whole().getSubcommands().get("serve").getCommandSpec().options()) {
      String text = String.join(" ", option.description());
      help.put(option.longestName(), text);
      if (option.isMultiValue() != text.contains("May be repeated.")) {
        repeated.add(option.longestName());
      }
    }
    assertThat(repeated).isEmpty();
    Set<String> missing = new TreeSet<>();
    int facts = 0;
    for (String page : List.of("docs/command.md", "docs/options.md")) {
      boolean ofBuilders = page.equals("docs/options.md");
      for (String row : Files.readString(ROOT.resolve(page)).split("\n")) {
        // docs/command.md: option, default, text. docs/options.md: option of the builder, default,
        // option, text; the table of isolation has no default.
        String[] cells = row.split("\\s*\\|\\s*");
        int option = !ofBuilders ? 1 : cells.length == 4 ? 2 : 3;
        if (cells.length <= option + 1 || !cells[option].startsWith("`--")) {
          continue;
        }
        Set<String> said = foundIn(cells[cells.length - 1], "\\b([345][0-9][0-9])\\b");
        if (option != 2) {
          said.addAll(foundIn(cells[2], "([0-9]+(?: MiB|(?:\\.[0-9]+)+)?|combined)"));
        }
        facts += said.size();
        for (String name : foundIn(cells[option], "(--[a-z-]+)")) {
          said.stream()
              .filter(fact -> !help.getOrDefault(name, "").contains(fact))
              .forEach(fact -> missing.add(name + " " + fact));
        }
      }
    }
    assertThat(missing).isEmpty();
    assertThat(facts).isGreaterThan(20);
  }

  @Test
  void contributing_hasEachPackage() throws IOException {
    String page = Files.readString(ROOT.resolve("CONTRIBUTING.md"));
    Set<String> missing = new TreeSet<>();
    for (Path sources : sources()) {
      try (Stream<Path> files = Files.walk(sources)) {
        files
            .filter(file -> file.endsWith("package-info.java"))
            .map(file -> sources.relativize(file.getParent()).toString().replace('/', '.'))
            .filter(name -> !page.contains("`" + name + "`"))
            .filter(name -> !page.contains("`" + name.substring(name.lastIndexOf('.')) + "`"))
            .forEach(missing::add);
      }
    }
    assertThat(missing).isEmpty();
  }

  /** The sources of each published module. */
  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.list(ROOT.toAbsolutePath())) {
      return files
          .filter(file -> !file.endsWith("benchmarks"))
          .map(file -> file.resolve("src/main/java"))
          .filter(Files::isDirectory)
          .toList();
    }
  }

  private static Set<String> found(String page, String regex) throws IOException {
    return foundIn(Files.readString(ROOT.resolve(page)), regex);
  }

  private static Set<String> foundIn(String text, String regex) {
    Set<String> found = new TreeSet<>();
    Matcher matcher = Pattern.compile(regex).matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  static List<String> pages() throws IOException {
    List<String> pages = new ArrayList<>(List.of("README.md", "CONTRIBUTING.md"));
    try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
      files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.endsWith(".md"))
          .sorted()
          .forEach(name -> pages.add("docs/" + name));
    }
    return pages;
  }

  private String answer(String className) throws Exception {
    try (URLClassLoader loader = new URLClassLoader(new URL[] {readmeClasses.toUri().toURL()})) {
      Application application =
          (Application) loader.loadClass(className).getDeclaredConstructor().newInstance();
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      CgiGateway.builder(application)
          .environment(Map.of("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/hello"))
          .output(output)
          .build()
          .run();
      return output.toString(StandardCharsets.ISO_8859_1);
    }
  }

  private static void compile(String page, List<Source> sources, Path classes, String classPath) {
    StringWriter output = new StringWriter();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> options =
        List.of("-d", classes.toString(), "-cp", classPath, "-proc:none", "--release", "17");
    boolean compiled = compiler.getTask(output, null, null, options, null, sources).call();
    assertThat(compiled).as("%s: %s", page, output).isTrue();
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private static List<Source> sources(String page) throws IOException {
    List<Source> sources = new ArrayList<>();
    Matcher block = BLOCK.matcher(Files.readString(ROOT.resolve(page)));
    while (block.find()) {
      if (block.group(2).equals("java")) {
        Matcher name = NAME.matcher(block.group(3));
        assertThat(name.find()).as("a class in %s of %s", block.group(3), page).isTrue();
        sources.add(new Source(name.group(1), block.group(3)));
      }
    }
    return sources;
  }

  private static Document parse(String xml) throws Exception {
    byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(bytes));
  }

  private static List<Element> elements(Node below, String name) {
    NodeList found =
        below instanceof Document document
            ? document.getElementsByTagName(name)
            : ((Element) below).getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      elements.add((Element) found.item(i));
    }
    return elements;
  }

  /** The anchors that a page's headings are given. */
  private static List<String> anchors(Path page) throws IOException {
    List<String> anchors = new ArrayList<>();
    for (String line : Files.readAllLines(page)) {
      if (line.startsWith("#")) {
        String title = line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT);
        anchors.add(title.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'));
      }
    }
    return anchors;
  }

  /** A block of a page as a source file. */
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
