package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code postern cgi} as a process. */
class CgiWordTest {
  private static final Map<String, String> REQUEST =
      Map.of("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/hello", "GATEWAY_INTERFACE", "CGI/1.1");

  @TempDir Path directory;

  @BeforeEach
  void compile() throws Exception {
    Sources.compile(directory, "Hello", Sources.HELLO);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cgi --classpath . Hello",
        "cgi --classpath=. Hello",
        "cgi Hello --classpath .",
        "cgi --classpath . -- Hello"
      })
  void cgi_answersTheRequestOfItsEnvironment(String line) throws Exception {
    try (Child child = Child.start(directory, REQUEST, line.split(" "))) {
      assertThat(child.rest())
          .startsWith("Status: 200")
          .contains("Content-Type: text/plain; charset=utf-8")
          .endsWith("\n\r\nHello from /hello\n".substring(1));
      assertThat(child.exit()).isZero();
      assertThat(child.errors()).isEmpty();
    }
  }

  @Test
  void cgi_withoutRequest_answersGetAndSaysSo() throws Exception {
    try (Child child = Child.start(directory, Map.of(), "cgi", "--classpath", ".", "Hello")) {
      assertThat(child.rest()).startsWith("Status: 200").endsWith("Hello from \n");
      assertThat(child.exit()).isZero();
      assertThat(child.errors()).contains("REQUEST_METHOD").hasLineCount(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cgi Hello", "cgi --classpath nowhere Hello", "cgi java.lang.String"})
  void cgi_badClass_isOneLineAndExit2(String line) throws Exception {
    try (Child child = Child.start(directory, REQUEST, line.split(" "))) {
      assertThat(child.rest()).isEmpty();
      assertThat(child.exit()).isEqualTo(2);
      assertThat(child.errors()).startsWith("postern: ").hasLineCount(1);
    }
  }

  @Test
  void cgi_loadsNothingThatItDoesNotNeed() throws Exception {
    Path log = directory.resolve("classes.txt");
    try (Child child =
        Child.startJava(
            directory,
            REQUEST,
            "-Xlog:class+load:file=" + log,
            Main.class.getName(),
            "cgi",
            "--classpath",
            ".",
            "Hello")) {
      assertThat(child.rest()).endsWith("Hello from /hello\n");
      assertThat(child.exit()).as(child.errors()).isZero();
    }
    List<String> loaded =
        Files.readAllLines(log).stream()
            .map(line -> line.replaceFirst("^(\\[[^]]*])+ ", "").replaceFirst(" .*", ""))
            .toList();
    // To the end of the exchange: what System.exit loads is the JDK's affair.
    int end = loaded.indexOf("dev.postern.Outcome");
    assertThat(end).isNotNegative();
    loaded = loaded.subList(loaded.indexOf(Main.class.getName()), end);

    assertThat(loaded).contains("Hello", "dev.postern.cgi.CgiGateway");
    assertThat(loaded.stream().filter(name -> name.startsWith("dev.postern.launcher.")))
        .hasSizeLessThanOrEqualTo(6);
    assertThat(loaded)
        .noneMatch(name -> name.startsWith("picocli."))
        .noneMatch(name -> name.startsWith("org.eclipse.jetty."))
        .noneMatch(name -> name.startsWith("jakarta."))
        .noneMatch(name -> name.startsWith("com.google."))
        .noneMatch(name -> name.startsWith("java.util.regex."))
        .noneMatch(name -> name.startsWith("java.util.logging."))
        .noneMatch(name -> name.startsWith("java.util.stream."));
  }
}
