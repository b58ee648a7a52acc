package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PathInfoTest {
  @Test
  void of_takesTheBytesBehindTheScript() {
    assertThat(PathInfo.of("/app/x/a", "/app/x", "/a")).isEqualTo("/a");
    assertThat(PathInfo.of("/app/x/%C3%A9", "/app/x", "/\u00c3\u00a9")).isEqualTo("/\u00c3\u00a9");
    assertThat(PathInfo.of("/a%2Cb", "", "/a,b")).isEqualTo("/a,b");
    assertThat(PathInfo.of("/app/x/%252e", "/app/x", "/%2e")).isEqualTo("/%2e");
  }

  @Test
  void of_keepsWhatTheContainerDrops() {
    assertThat(PathInfo.of("/x/a;p=1/b;q", "/x", "/a/b")).isEqualTo("/a;p=1/b;q");
    assertThat(PathInfo.of("/x//a///", "/x", "/a/")).isEqualTo("//a///");
    assertThat(PathInfo.of("/x/%ff%41", "/x", "/\u00ef\u00bf\u00bdA")).isEqualTo("/\u00ffA");
    assertThat(PathInfo.of("/x/;a=b/", "/x", "//")).isEqualTo("/;a=b/");
  }

  @Test
  void of_findsTheScriptInOtherSpellings() {
    assertThat(PathInfo.of("/%61pp;v=1//x/a%20", "/app/x", "/a ")).isEqualTo("/a ");
    assertThat(PathInfo.of("//app/x;s/a%20", "/app/x", "/a ")).isEqualTo("/a ");
    assertThat(PathInfo.of("/caf%C3%A9/a%20", "/caf\u00c3\u00a9", "/a ")).isEqualTo("/a ");
  }

  @Test
  void of_takesTheContainersWhereTheUriIsAnother() {
    assertThat(PathInfo.of("/elsewhere/a%2C", "/app/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of("/app", "/app/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of("/app/xy/b%2C", "/app/x", "/y/b,")).isEqualTo("/y/b,");
    assertThat(PathInfo.of("/app/x/rewritten%2C", "/app/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of(null, "/app/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of("", "/app/x", "/b")).isEqualTo("/b");
  }

  /** Else a security constraint would have been applied to another path. */
  @Test
  void of_takesTheContainersWhereTheTwoMeanDifferentPaths() {
    assertThat(PathInfo.of("/x/admin/../b", "/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of("/x/admin/%2e%2e/b", "/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of("/x/admin%2Fb", "/x", "/admin%2Fb")).isEqualTo("/admin%2Fb");
    assertThat(PathInfo.of("/x/admin/..;/b", "/x", "/b")).isEqualTo("/b");
    assertThat(PathInfo.of("/x/%zz", "/x", "/?")).isEqualTo("/?");
    assertThat(PathInfo.of("/x/a%2", "/x", "/a")).isEqualTo("/a");
  }

  @Test
  void withoutParameters_endsThemAtTheirSegment() {
    assertThat(PathInfo.withoutParameters("/a;b;c/d;/e;f")).isEqualTo("/a/d/e");
    assertThat(PathInfo.withoutParameters(";x")).isEmpty();
    assertThat(PathInfo.withoutParameters("/a/b")).isEqualTo("/a/b");
  }
}
