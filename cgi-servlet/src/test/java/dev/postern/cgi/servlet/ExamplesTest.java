package dev.postern.cgi.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The projects of examples/ have no parent of ours; what they repeat of it is the same there. */
class ExamplesTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  /** A property of an example, and the one of the root that has its value. */
  private static final Map<String, String> SAME =
      Map.of(
          "jetty.version", "jetty.version",
          "undertow.version", "undertow.version",
          "tomcat.version", "tomcat-11.version",
          "junit.version", "junit.version",
          "slf4j.version", "slf4j.version");

  private static List<Path> examples() throws IOException {
    try (Stream<Path> folders = Files.list(ROOT.resolve("examples"))) {
      return folders.filter(Files::isDirectory).sorted().toList();
    }
  }

  private static Map<String, String> elements(String pom) {
    Map<String, String> elements = new TreeMap<>();
    Matcher element = Pattern.compile("<([-.\\w]+)>([^<]*)</\\1>").matcher(pom);
    while (element.find()) {
      elements.putIfAbsent(element.group(1), element.group(2));
    }
    return elements;
  }

  @Test
  void eachFolder_isBuilt_listed_andPublishedNowhere() throws IOException {
    String root = Files.readString(ROOT.resolve("pom.xml"));
    String page = Files.readString(ROOT.resolve("examples/README.md"));
    assertThat(examples()).hasSize(4);
    for (Path example : examples()) {
      String name = example.getFileName().toString();
      assertThat(root).contains("<module>examples/" + name + "</module>");
      assertThat(page).contains("[" + name + "](" + name + ")");
      assertThat(elements(Files.readString(example.resolve("pom.xml"))))
          .containsEntry("maven.deploy.skip", "true")
          .containsEntry("maven.install.skip", "true");
    }
  }

  @Test
  void versions_areThoseThatAreTested() throws IOException {
    Map<String, String> root = elements(Files.readString(ROOT.resolve("pom.xml")));
    for (Path example : examples()) {
      String pom = Files.readString(example.resolve("pom.xml"));
      Map<String, String> own = elements(pom);
      assertThat(own).as(example.toString()).containsEntry("postern.version", root.get("version"));
      SAME.forEach(
          (name, ours) -> {
            if (own.containsKey(name)) {
              assertThat(own).as(example.toString()).containsEntry(name, root.get(ours));
            }
          });
    }
    String boot = Files.readString(ROOT.resolve("examples/spring-boot/pom.xml"));
    assertThat(boot)
        .contains("<version>" + root.get("spring-boot-4.version") + "</version>")
        .contains("Or " + root.get("spring-boot.version") + ",");
  }
}
