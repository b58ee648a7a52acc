package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve --java-cgi} and {@code java-check}. */
class JavaProgramWordsTest {
  @TempDir Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path page;

  @BeforeEach
  void write() throws Exception {
    page =
        Files.writeString(
            directory.resolve("Page.java"),
            """
            public class Page {
              static int count;

              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(++count + " " + System.getenv("QUERY_STRING"));
                System.exit(0);
              }
            }
            """);
  }

  @Test
  void javaCgi_answersInsideTheServer() throws Exception {
    try (Child child =
        Child.start(directory, Map.of(), "serve", "--port", "0", "--java-cgi", "/page=" + page)) {
      HttpClient client = HttpClient.newHttpClient();
      String address = child.address();
      for (int i = 0; i < 3; i++) {
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(address).resolve("/page?q" + i)).build();
        assertThat(client.send(request, BodyHandlers.ofString()).body())
            .isEqualTo("1 q" + i + "\n");
      }
    }
  }

  @Test
  void javaCheck_listsWhatIsRedirected() {
    assertThat(run("java-check", page.toString())).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("redirected: java.lang.System.exit", "redirected: java.lang.System.getenv");
  }

  /** As {@code java -cp} takes it. */
  @Test
  void classOfAJar_isFoundByAStar() throws Exception {
    Path classes = Sources.compile(directory.resolve("classes"), "Page", Files.readString(page));
    Path lib = Files.createDirectory(directory.resolve("lib"));
    try (JarOutputStream jar =
        new JarOutputStream(Files.newOutputStream(lib.resolve("page.jar")))) {
      jar.putNextEntry(new JarEntry("Page.class"));
      Files.copy(classes.resolve("Page.class"), jar);
    }
    assertThat(run("java-check", "--classpath", lib + "/*", "Page")).isZero();
    assertThat(run("serve", "--check", "--classpath", lib + "/*", "--java-cgi", "/x=Page"))
        .isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("redirected: java.lang.System.exit", "the configuration is right");
    assertThat(run("java-check", "--classpath", lib + "/none.jar", "Page")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .isEqualTo("postern: entry of --classpath must exist: \"" + lib + "/none.jar\"\n");
  }

  @Test
  void wrongArguments_areTold() {
    assertThat(run("serve", "--check", "--java-cgi", "/x=none.jar")).isEqualTo(2);
    assertThat(run("serve", "--check", "--java-cgi", "/x=Page")).isEqualTo(2);
    assertThat(run("serve", "--check", "--java-state", "half", "--java-cgi", "/x=" + page))
        .isEqualTo(2);
    assertThat(run("java-check", directory.resolve("none.java").toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains(
            "PROGRAM of --java-cgi must exist",
            "a class on --classpath",
            "--java-state must be reset, fresh or kept: \"half\"",
            "PROGRAM of java-check must exist");
  }

  @Test
  void levelThatNothingInsideHas_isTold() {
    assertThat(run("serve", "--check", "--require-level", "L1", "--java-cgi", "/x=" + page))
        .isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("postern: --require-level: isolation must be at least L1")
        .hasLineCount(1);
  }

  private int run(String... args) {
    return PosternCommand.execute(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        args);
  }
}
