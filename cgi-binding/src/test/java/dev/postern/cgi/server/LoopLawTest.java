package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiGateway;
import dev.postern.cgi.install.CgiExecutable;
import dev.postern.testing.SampleApp;
import dev.postern.testing.SampleCases;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code CgiApplication → this JVM → CgiGateway → app} equals calling the app. */
class LoopLawTest {
  private static final String MOUNT = "/loop/sample";

  private static Site site;
  private static Application loop;
  private static Application warmLoop;

  @BeforeAll
  static void install() throws IOException {
    site = Site.create();
    loop =
        CgiApplication.of(
            JavaProgram.install(
                site,
                "sample",
                SampleMain.class,
                SampleApp.class,
                CgiGateway.class,
                Application.class));
    Path warm = site.cgiBin().resolve("warm");
    CgiExecutable.builder(SampleApp.class.getName())
        .classPath(List.of(JavaProgram.source(SampleApp.class)))
        .library(site.lib())
        .warm()
        .build()
        .install(warm);
    warmLoop = CgiApplication.of(warm);
  }

  @AfterAll
  static void remove() throws IOException {
    WarmServers.end(site.lib());
    site.close();
  }

  @ParameterizedTest
  @MethodSource("dev.postern.testing.SampleCases#all")
  void loop_equalsTheApplication(SampleCases.Case request) {
    assertSame(loop, request);
  }

  @ParameterizedTest
  @MethodSource("dev.postern.testing.SampleCases#all")
  void warmLoop_equalsTheApplication(SampleCases.Case request) {
    Tools.require("perl");
    assertSame(warmLoop, request);
  }

  private static void assertSame(Application loop, SampleCases.Case request) {
    SampleCases.Answer direct = SampleCases.call(new SampleApp(), request, MOUNT);
    SampleCases.Answer looped = SampleCases.call(loop, request, MOUNT);

    if (looped.status() == 400 && !fitsProcessBuilder(request)) {
      return;
    }
    assertThat(looped.status()).isEqualTo(direct.status());
    assertThat(looped.headers()).isEqualTo(direct.headers());
    assertThat(looped.body()).isEqualTo(direct.body());
    request.check(MOUNT, looped);
  }

  /**
   * ProcessBuilder encodes an environment by the locale. Where a program cannot be started natively
   * a host refuses the values that would not come through, and never changes them.
   */
  private static boolean fitsProcessBuilder(SampleCases.Case request) {
    Charset charset = Charset.forName(System.getProperty("sun.jnu.encoding"));
    return request.variables(MOUNT).values().stream()
        .allMatch(
            value -> {
              byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
              return Arrays.equals(new String(bytes, charset).getBytes(charset), bytes);
            });
  }
}
