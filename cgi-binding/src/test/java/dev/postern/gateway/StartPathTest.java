package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a CGI executable loads to answer one request: each class costs every request its time. */
class StartPathTest {
  /** Ours, the application apart. A change that needs more says why in its commit. */
  private static final int CLASSES = 36;

  @TempDir Path directory;

  @Test
  void hello_loadsFewClasses() throws Exception {
    List<String> loaded = loadedFrom(new Executable(directory, "C", "hello"), "");

    assertThat(loaded.stream().filter(StartPathTest::isOurs).toList())
        .hasSizeLessThanOrEqualTo(CLASSES)
        .hasSizeGreaterThan(CLASSES / 2);
  }

  @Test
  void hello_loadsNothingThatIsSlowToStart() throws Exception {
    List<String> loaded = loadedFrom(new Executable(directory, "C", "hello"), "");

    assertThat(loaded)
        .noneMatch(name -> name.startsWith("com.google."))
        .noneMatch(name -> name.startsWith("java.util.regex."))
        .noneMatch(name -> name.startsWith("java.util.logging."))
        .noneMatch(name -> name.startsWith("java.lang.System$Logger"))
        .noneMatch(name -> name.startsWith("java.util.Formatter"))
        .noneMatch(name -> name.startsWith("java.lang.invoke."))
        .noneMatch(name -> name.contains("$$Lambda"));
  }

  @Test
  void post_loadsNoMoreThanItNeeds() throws Exception {
    Executable post =
        new Executable(directory, "C", "hello")
            .with("REQUEST_METHOD", "POST")
            .with("CONTENT_LENGTH", "5")
            .with("REQUEST_URI", "/cgi-bin/app");

    assertThat(loadedFrom(post, "hello").stream().filter(StartPathTest::isOurs).toList())
        .hasSizeLessThanOrEqualTo(CLASSES);
  }

  /** From the main class to the first byte of the response. */
  private static List<String> loadedFrom(Executable executable, String stdin) throws Exception {
    Executable.Result result = executable.flag("-verbose:class").run(stdin);
    assertThat(result.exit()).as(result.stderr()).isZero();
    List<String> lines = result.output().lines().toList();
    int main = indexOf(lines, ExecutableApps.class.getName() + " ");
    int first = indexOf(lines, "Status: 200");
    assertThat(main).isNotNegative().isLessThan(first);
    return lines.subList(main + 1, first).stream()
        .map(line -> line.replaceFirst("^(\\[[^]]*])+ ", "").replaceFirst(" .*", ""))
        .toList();
  }

  private static boolean isOurs(String name) {
    return name.startsWith("dev.postern.") && !name.startsWith(ExecutableApps.class.getName());
  }

  private static int indexOf(List<String> lines, String part) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains(part)) {
        return i;
      }
    }
    return -1;
  }
}
