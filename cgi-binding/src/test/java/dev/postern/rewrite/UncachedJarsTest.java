package dev.postern.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.MalformedURLException;
import java.net.URL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The URLs of entries are those of the JDK, apart from its cache. */
class UncachedJarsTest {
  private static final String ENTRY = "jar:file:/lib/p.jar!/app/a.xml";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/schema/x.xsd | jar:file:/lib/p.jar!/schema/x.xsd",
        "x.xsd | jar:file:/lib/p.jar!/app/x.xsd",
        "x#y | jar:file:/lib/p.jar!/app/x#y",
        "#y | jar:file:/lib/p.jar!/app/a.xml#y",
        "x?q=1#y | jar:file:/lib/p.jar!/app/x?q=1#y",
        "./x | jar:file:/lib/p.jar!/app/x",
        "../x | jar:file:/lib/p.jar!/x",
        "jar:file:/q.jar!/z | jar:file:/q.jar!/z",
        "file:/q.xml | file:/q.xml",
      })
  void reference_isResolvedAsByTheJdk(String reference, String resolved) throws Exception {
    URL entry = new URL(null, ENTRY, UncachedJars.JARS);
    assertThat(new URL(entry, reference)).hasToString(resolved);
    assertThat(new URL(new URL(ENTRY), reference)).hasToString(resolved);
    URL inner = new URL(null, ENTRY + "#part", UncachedJars.JARS);
    assertThat(new URL(inner, reference)).hasToString(resolved);
  }

  @ParameterizedTest
  @CsvSource({"''", "../../../x", "/../x", "' x '"})
  void oddReference_isResolvedAsByTheJdk(String reference) throws Exception {
    URL entry = new URL(null, ENTRY + "#part", UncachedJars.JARS);
    assertThat(new URL(entry, reference))
        .hasToString(new URL(new URL(ENTRY + "#part"), reference).toString());
  }

  @Test
  void urlWithoutAnEntry_isMalformed() {
    assertThatThrownBy(() -> new URL(null, "jar:file:/p.jar", UncachedJars.JARS))
        .isInstanceOf(MalformedURLException.class)
        .hasMessageContaining("no !/ in spec");
  }
}
