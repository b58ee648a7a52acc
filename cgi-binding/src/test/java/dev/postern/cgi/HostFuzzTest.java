package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.hosting.EnvironmentRules;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.ProgramEnvironment;
import dev.postern.hosting.RefusalCounters;
import dev.postern.hosting.RequestRules;
import dev.postern.program.LinkRules;
import dev.postern.program.ProgramFinder;
import dev.postern.program.RequestPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Any request: no path leads out of the root, and no variable is one that a request may not set. In
 * a build the inputs in the resources are tried; {@code .ci/fuzz} looks for new ones.
 */
class HostFuzzTest {
  private static final Path ROOT = root();
  private static final ProgramFinder FINDER =
      new ProgramFinder(ROOT, "index", null, LinkRules.INSIDE);
  private static final HostOptions OPTIONS = CgiApplication.builder(Path.of("/p")).options();
  private static final Set<Integer> REFUSALS = Set.of(400, 403, 404, 405, 414, 431);

  @FuzzTest
  void pathResolver(FuzzedDataProvider data) {
    Call call = Call.get(text(data, 80));
    if (data.consumeBoolean()) {
      call.with("REQUEST_URI", text(data, 80));
    }
    try {
      RequestRules.check(call.environ(), OPTIONS);
      ProgramFinder.Found found = FINDER.find(call.environ());
      assertThat(found.file().startsWith(ROOT)).isTrue();
      assertThat(found.file().getFileName().toString()).isIn("x.cgi", "y", "index", "in");
      assertThat(found.pathInfo()).matches(path -> path.isEmpty() || path.startsWith("/"));
      String path = call.environ().variable("PATH_INFO");
      if (found.scriptName().endsWith("/index") && !path.contains("/index")) {
        assertThat(found.scriptName()).startsWith(path.isEmpty() ? "/" : path);
        assertThat(found.pathInfo()).isEmpty();
      } else {
        assertThat(found.scriptName() + found.pathInfo()).isEqualTo(path);
      }
    } catch (GatewayException e) {
      assertThat(e.status()).isIn(REFUSALS);
    }
  }

  @FuzzTest
  void encodedPath(byte[] bytes) {
    String path = new String(bytes, StandardCharsets.ISO_8859_1);
    try {
      String decoded = RequestPath.checkEncoded(path, false);
      assertThat(decoded.chars().noneMatch(c -> c < ' ' || c == 0x7F)).isTrue();
      for (String segment : decoded.split("/", -1)) {
        assertThat(segment.split(";", 2)[0]).isNotIn(".", "..");
      }
      assertThat(decoded.chars().filter(c -> c == '/').count())
          .isEqualTo(path.chars().filter(c -> c == '/').count());
    } catch (GatewayException e) {
      assertThat(e.status()).isEqualTo(400);
    }
  }

  @FuzzTest
  void environment(FuzzedDataProvider data) {
    Call call = Call.of(text(data, 8), text(data, 20));
    call.with("REMOTE_ADDR", text(data, 20)).with("SERVER_NAME", text(data, 20));
    for (int i = data.consumeInt(0, 8); i > 0; i--) {
      String name = text(data, 16);
      if (name.indexOf('.') < 0) {
        call.with(data.consumeBoolean() ? "HTTP_" + name : name, text(data, 40));
      }
    }
    Environ environ;
    try {
      environ = call.environ();
    } catch (IllegalArgumentException e) {
      // Core refuses names that no gateway can give a variable.
      return;
    }
    RefusalCounters counters = new RefusalCounters();
    try {
      Map<String, String> environment =
          ProgramEnvironment.of(
              environ,
              OPTIONS,
              new ProgramEnvironment.Own(Map.of("PATH", "/bin"), Map.of(), "/p", false, true),
              data.consumeLong(-1, 1 << 20),
              counters);
      environment.forEach(HostFuzzTest::checkVariable);
    } catch (GatewayException e) {
      assertThat(e.status()).isIn(REFUSALS);
    }
  }

  private static void checkVariable(String name, String value) {
    boolean known =
        name.equals("PATH")
            || EnvironmentRules.PASSED.contains(name)
            || EnvironmentRules.COMPUTED.contains(name)
            || name.matches("HTTP_[A-Z0-9_]+");
    assertThat(known).as(name).isTrue();
    assertThat(name).isNotIn("HTTP_PROXY", "HTTP_AUTHORIZATION", "HTTP_CONTENT_LENGTH");
    assertThat(value.chars().noneMatch(c -> c < ' ' && c != '\t' || c == 0x7F)).as(name).isTrue();
    assertThat(value).doesNotStartWith("() {");
  }

  private static String text(FuzzedDataProvider data, int length) {
    return new String(data.consumeBytes(length), StandardCharsets.ISO_8859_1);
  }

  private static Path root() {
    try {
      Path top = Jimfs.newFileSystem(Configuration.unix()).getPath("/srv");
      Path root = Files.createDirectories(top.resolve("a"));
      for (String file : List.of("a/x.cgi", "a/d/y", "a/d/index", "a/.hidden", "a-b/x", "secret")) {
        Files.createDirectories(top.resolve(file).getParent());
        Files.createFile(top.resolve(file));
      }
      Files.createSymbolicLink(root.resolve("out"), top.resolve("secret"));
      Files.createSymbolicLink(root.resolve("up"), top);
      Files.createSymbolicLink(root.resolve("in"), root.resolve("x.cgi"));
      return root.toRealPath();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
