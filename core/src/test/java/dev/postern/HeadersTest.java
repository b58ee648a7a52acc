package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadersTest {
  private static final Headers COOKIES =
      Headers.of("Set-Cookie", "a=1", "Content-Type", "text/plain", "set-cookie", "b=2");

  @Test
  void of_nothing_isEmpty() {
    assertThat(Headers.of().isEmpty()).isTrue();
    assertThat(Headers.of().size()).isZero();
    assertThat(Headers.of()).isEmpty();
  }

  @Test
  void of_oddNumberOfTexts_namesTheOneWithoutValue() {
    assertThatThrownBy(() -> Headers.of("A", "1", "Location"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "headers must be names and values in turn: a value is missing for \"Location\"");
  }

  @Test
  void get_otherCase_findsFirst() {
    assertThat(COOKIES.get("SET-COOKIE")).isEqualTo("a=1");
    assertThat(COOKIES.contains("content-type")).isTrue();
    assertThat(COOKIES.get("ETag")).isNull();
    assertThat(COOKIES.contains("ETag")).isFalse();
  }

  @Test
  void all_repeatedName_keepsOrder() {
    assertThat(COOKIES.all("Set-Cookie")).containsExactly("a=1", "b=2");
    assertThat(COOKIES.all("ETag")).isEmpty();
  }

  @Test
  void iterator_repeatedName_givesEachFieldAsItWasWritten() {
    List<String> lines = new ArrayList<>();
    for (Map.Entry<String, String> field : COOKIES) {
      lines.add(field.getKey() + ": " + field.getValue());
    }
    assertThat(lines)
        .containsExactly("Set-Cookie: a=1", "Content-Type: text/plain", "set-cookie: b=2");
  }

  @Test
  void iterator_atEnd_throws() {
    assertThatThrownBy(() -> Headers.of().iterator().next())
        .isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void with_nameThatIsThere_replacesAllInPlaceOfFirst() {
    assertThat(COOKIES.with("SET-COOKIE", "c=3"))
        .isEqualTo(Headers.of("SET-COOKIE", "c=3", "Content-Type", "text/plain"));
  }

  @Test
  void with_newName_appends() {
    assertThat(Headers.of("A", "1").with("B", "2")).isEqualTo(Headers.of("A", "1", "B", "2"));
  }

  @Test
  void plus_nameThatIsThere_appends() {
    assertThat(Headers.of("Link", "</a>").plus("Link", "</b>").all("link"))
        .containsExactly("</a>", "</b>");
  }

  @Test
  void without_repeatedName_removesAll() {
    assertThat(COOKIES.without("set-Cookie")).isEqualTo(Headers.of("Content-Type", "text/plain"));
    assertThat(Headers.of("A", "1").without("a")).isEqualTo(Headers.of());
    assertThat(COOKIES.without("ETag")).isSameAs(COOKIES);
  }

  @Test
  void change_leavesOriginalAlone() {
    Headers headers = Headers.of("A", "1");
    headers.with("A", "2");
    headers.plus("B", "1");
    headers.without("A");
    assertThat(headers).isEqualTo(Headers.of("A", "1"));
  }

  @Test
  void of_arrayChangedLater_keepsItsFields() {
    String[] fields = {"A", "1"};
    Headers headers = Headers.of(fields);
    fields[1] = "evil\r\n";
    assertThat(headers.get("A")).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "A B", "A:", "(A)", "Ä", "A\r\nB", "A\u0000", "A,", "\u212Aelvin"})
  void name_noToken_throws(String name) {
    assertThatThrownBy(() -> Headers.of(name, "1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("header name must be a token: \"");
    assertThatThrownBy(() -> Headers.of().with(name, "1"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Headers.of().plus(name, "1"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a\rb", "a\nb", "\n", "a\r\n", "a\u0000b", "\u0001", "a\u007F", "a\u001Fb"})
  void value_controlCharacter_throwsAndDoesNotShowValue(String value) {
    assertThatThrownBy(() -> Headers.of("X-Secret", value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("header value must hold no control characters: X-Secret");
    assertThatThrownBy(() -> Headers.of().with("X-Secret", value))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Headers.of().plus("X-Secret", value))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"€", "a\u0100", "\uD83D\uDE00", "\u560A"})
  void value_beyondLatin1_namesRfc8187(String value) {
    assertThatThrownBy(() -> Headers.of("Content-Disposition", value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("RFC 8187")
        .hasMessageContaining("Content-Disposition");
  }

  @Test
  void value_tabAndLatin1_areKept() {
    assertThat(Headers.of("A", "x\ty\u00E9\u0080\u00FF").get("A"))
        .isEqualTo("x\ty\u00E9\u0080\u00FF");
  }

  @Test
  void value_whiteSpaceAround_isNoPartOfIt() {
    assertThat(Headers.of("A", " \t a  b \t").get("A")).isEqualTo("a  b");
    assertThat(Headers.of("A", "  ").get("A")).isEmpty();
  }

  @Test
  void nulls_throw() {
    assertThatNullPointerException().isThrownBy(() -> Headers.of((String) null, "1"));
    assertThatNullPointerException().isThrownBy(() -> Headers.of("A", null));
    assertThatNullPointerException().isThrownBy(() -> Headers.of().with("A", null));
  }

  @Test
  void equals_namesInOtherCase_isTrue() {
    Headers headers = Headers.of("Content-Type", "a", "X", "b");
    assertThat(headers).isEqualTo(Headers.of("content-type", "a", "x", "b"));
    assertThat(headers).hasSameHashCodeAs(Headers.of("content-type", "a", "x", "b"));
    assertThat(headers).isNotEqualTo(Headers.of("Content-Type", "A", "X", "b"));
    assertThat(headers).isNotEqualTo(Headers.of("X", "b", "Content-Type", "a"));
    assertThat(headers).isNotEqualTo(Headers.of("Content-Type", "a"));
    assertThat(headers).isNotEqualTo(null);
  }

  @Test
  void toString_showsNamesOnly() {
    assertThat(COOKIES).hasToString("Headers[Set-Cookie, Content-Type, set-cookie]");
  }

  // ---- the builder ----

  @Test
  void builder_collectsInOrderWithRepeats() {
    Headers.Builder builder = Headers.builder().add("Set-Cookie", "a").add("X-A", " 1 ");
    Headers first = builder.build();
    builder.addAll(Headers.of("set-cookie", "b", "Vary", "x")).addAll(Headers.of());
    assertThat(first).isEqualTo(Headers.of("Set-Cookie", "a", "X-A", "1"));
    assertThat(builder.build())
        .isEqualTo(Headers.of("Set-Cookie", "a", "X-A", "1", "set-cookie", "b", "Vary", "x"));
    assertThat(Headers.builder().build()).isSameAs(Headers.of());
  }

  @Test
  void builder_refusesWhatOfRefuses() {
    Headers.Builder builder = Headers.builder();
    for (String[] bad :
        new String[][] {{"a b", "x"}, {"", "x"}, {"A", "x\ny"}, {"A", "\u0100"}, {"A:", "x"}}) {
      assertThatThrownBy(() -> builder.add(bad[0], bad[1]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> builder.add("A", null)).isInstanceOf(NullPointerException.class);
    assertThat(builder.build().isEmpty()).isTrue();
  }

  @Test
  void builder_ofManyFields_holdsThemAll() {
    Headers.Builder builder = Headers.builder();
    for (int i = 0; i < 20_000; i++) {
      builder.add("X-" + i, Integer.toString(i));
    }
    Headers headers = builder.addAll(builder.build()).build();
    assertThat(headers.size()).isEqualTo(40_000);
    assertThat(headers.get("x-19999")).isEqualTo("19999");
  }
}
