package dev.postern.launcher.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The public API of each module is the committed {@code api.txt}: a change of it is seen. */
class ApiTest {
  private static final String UPDATE =
      "mvn -q -pl launcher -am test -Dtest=ApiTest -Dsurefire.failIfNoSpecifiedTests=false"
          + " -Dpostern.api=update";

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LAUNCHER")
  void api_isAsCommitted(HouseModule module) throws IOException {
    Path file = module.directory().resolve("api.txt");
    String api = PublicApi.of(module);
    if ("update".equals(System.getProperty("postern.api"))) {
      Files.writeString(file, api);
    }
    String committed = Files.isRegularFile(file) ? Files.readString(file) : "";
    assertThat(api)
        .as("public API of %s; where the change is wanted, run: %s", module, UPDATE)
        .isEqualTo(committed);
  }

  @Test
  void launcher_exportsNothing() throws IOException {
    assertThat(HouseModule.LAUNCHER.exportedPackages()).isEmpty();
  }

  @Test
  void text_saysWhatMatters() throws IOException {
    assertThat(PublicApi.of(HouseModule.CORE).lines())
        .contains(
            "module dev.postern",
            "package dev.postern",
            "public interface Application",
            "  public Body call(Environ, StartResponse) throws Exception",
            "  public static final String VERSION = 1.0",
            "public final class Headers implements Iterable<java.util.Map.Entry<String, String>>",
            "  public @Nullable String get(String)",
            "  public static Headers of(String...)",
            "public record GatewayException.Diagnosis",
            "  public default void start(int, Headers)")
        .noneMatch(line -> line.contains("LintCall") || line.contains("toString"));
  }
}
