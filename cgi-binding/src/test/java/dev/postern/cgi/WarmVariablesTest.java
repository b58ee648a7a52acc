package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a script or its modules read while they load is what each request would give them. */
class WarmVariablesTest {
  private static final String PYTHON = "print('Content-Type: text/plain\\n')";

  @TempDir Path directory;

  private WarmSite site() {
    return new WarmSite(
        directory,
        group -> group,
        host ->
            host.environment("HTTPS_PROXY", "http://proxy")
                .environment("CONTENT_DIR", "/content")
                .environment("PATH_LIB", "/lib")
                .environment("REQUEST_X", "x")
                .environment("TENANT", "none")
                .passVariable("TENANT")
                .passVariable("OIDC_CLAIM_sub"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTPS_PROXY", "CONTENT_DIR", "PATH_LIB", "REQUEST_X"})
  void configuredVariable_isThereForTheLoad(String name) throws IOException {
    Tools.require("perl");
    try (WarmSite site = site()) {
      site.script(
          "p.pl",
          "#!/usr/bin/perl",
          "use constant VALUE => $ENV{" + name + "};",
          "print qq(Content-Type: text/plain\\n\\n), VALUE;");
      site.assertSame(() -> Call.get("/p.pl"));
      assertThat(site.status("p.pl").why()).isEmpty();
    }
  }

  @Test
  void passedVariable_isReadByEachRequest() throws IOException {
    Tools.require("perl");
    try (WarmSite site = site()) {
      site.script(
          "p.pl",
          "#!/usr/bin/perl",
          "BEGIN { $who = $ENV{OIDC_CLAIM_sub} // 'nobody' }",
          "print qq(Content-Type: text/plain\\n\\n$who);");
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("nobody");
      assertEachItsOwn(site, "/p.pl");
    }
  }

  /** The module is not loaded ahead, whichever way it asks. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "os.environ.get('OIDC_CLAIM_sub', 'nobody')",
        "os.fsdecode(os.environb.get(b'OIDC_CLAIM_sub', b'nobody'))",
      })
  void passedVariable_isReadByTheModulesOfEachRequest(String read) throws IOException {
    Tools.require("python3");
    Files.writeString(directory.resolve("user.py"), "import os\nname = " + read + "\n");
    try (WarmSite site = site()) {
      site.script(
          "p.py",
          "#!/usr/bin/python3",
          PYTHON,
          "import sys; print('json' in sys.modules, file=sys.stderr)",
          "import json, user; print(user.name, end='')");
      site.forkUntilLogged(
          "True", () -> Call.get("/p.py"), a -> assertThat(a.body()).isEqualTo("nobody"));
      assertEachItsOwn(site, "/p.py");
    }
  }

  private static void assertEachItsOwn(WarmSite site, String path) {
    for (int i = 0; i < 8; i++) {
      String user = "user" + i;
      assertThat(site.fork(() -> Call.get(path).with("OIDC_CLAIM_sub", user)).body())
          .isEqualTo(user);
    }
  }

  @Test
  void configuredVariableThatIsPassed_needsNoServerForEachValue() throws IOException {
    Tools.require("perl");
    try (WarmSite site = site()) {
      site.script(
          "p.pl", "#!/usr/bin/perl", "print qq(Content-Type: text/plain\\n\\n$ENV{TENANT});");
      assertThat(site.fork(() -> Call.get("/p.pl")).body()).isEqualTo("none");
      for (int i = 0; i < 5; i++) {
        String tenant = "tenant" + i;
        assertThat(site.fork(() -> Call.get("/p.pl").with("TENANT", tenant)).body())
            .isEqualTo(tenant);
      }
      assertThat(site.group.status()).hasSize(1);
    }
  }
}
