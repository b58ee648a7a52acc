package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** docs/cgi-executables.md shows the lines that the contract's servers run with, and no others. */
class ServerPageTest {
  private static final Path PAGE =
      Path.of("").toAbsolutePath().getParent().resolve("docs/cgi-executables.md");

  @ParameterizedTest
  @CsvSource({
    "APACHE_CGID, apache, apache.conf",
    "APACHE_CGI, apache, apache.conf",
    "LIGHTTPD, lighttpd, lighttpd.conf",
    "NGINX_FCGIWRAP, nginx, nginx.conf",
  })
  void block_isOfTheConfiguration(WebServerKind kind, String language, String file)
      throws IOException {
    try (Site site = Site.create()) {
      kind.commands(site, 8080);
      List<String> configured = lines(rooted(site, Files.readString(site.conf().resolve(file))));
      Matcher block =
          Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
              .matcher(Files.readString(PAGE));

      assertThat(block.find()).isTrue();
      assertThat(configured).containsAll(lines(block.group(1)));
      assertThat(block.find()).as("a second block").isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({"BUSYBOX, busybox", "NGINX_FCGIWRAP, fcgiwrap"})
  void command_isTheOneThatIsRun(WebServerKind kind, String program) throws IOException {
    try (Site site = Site.create()) {
      List<String> command = new ArrayList<>(kind.commands(site, 8080).get(0));
      command.set(0, program);

      assertThat(Files.readString(PAGE))
          .contains("`" + rooted(site, String.join(" ", command)) + "`");
    }
  }

  @Test
  void nginx_hasNoOtherParameters() throws IOException {
    try (Site site = Site.create()) {
      WebServerKind.NGINX_FCGIWRAP.commands(site, 8080);
      String page = Files.readString(PAGE);

      assertThat(
              lines(Files.readString(site.conf().resolve("nginx.conf"), StandardCharsets.UTF_8))
                  .stream()
                  .filter(line -> line.startsWith("fastcgi_param "))
                  .map(line -> rooted(site, line)))
          .isNotEmpty()
          .allMatch(page::contains);
    }
  }

  private static String rooted(Site site, String text) {
    return text.replace(site.root().toString(), "ROOT");
  }

  private static List<String> lines(String text) {
    return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }
}
