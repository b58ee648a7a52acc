package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
  private static Options parse(String words) {
    return Options.parse(words.isEmpty() ? List.of() : List.of(words.split(" ")));
  }

  @Test
  void parse_nothing_isAQuickRunOfAll() {
    Options options = parse("");

    assertThat(options.goals()).isFalse();
    assertThat(options.rounds()).isEqualTo(3);
    assertThat(options.cases()).isEqualTo(Case.ALL);
    assertThat(options.peers()).isEqualTo(Peers.ALL);
  }

  @Test
  void parse_full_isWhatAClaimNeeds() {
    assertThat(parse("--full")).isEqualTo(parse("--rounds 15 --seconds 5"));
  }

  @Test
  void parse_short_isOfTwoMinutes() {
    Options options = parse("--short");

    assertThat(options.brief()).isTrue();
    double seconds = Group.of(options).stream().mapToDouble(group -> group.seconds(options)).sum();
    assertThat(seconds).isBetween(60.0, 130.0);
  }

  @Test
  void parse_laterOption_winsOverTheMode() {
    Options options = parse("--goals --rounds 2 --seconds 0.5");

    assertThat(options.goals()).isTrue();
    assertThat(options.rounds()).isEqualTo(2);
    assertThat(options.seconds()).isEqualTo(0.5);
  }

  @Test
  void parse_names_arePickedInTheirOrder() {
    Options options = parse("--cases clone,c --servers go --out here");

    assertThat(options.cases()).containsExactly(Samples.CLONE, Samples.HELLO);
    assertThat(options.peers()).containsExactly(Samples.GO);
    assertThat(options.out()).isEqualTo(Path.of("here"));
  }

  @ParameterizedTest
  @CsvSource({
    "--nonsense,          option must be known: --nonsense",
    "--rounds,            option must have a value: --rounds",
    "--rounds x,          --rounds must be a number: x",
    "--rounds 0,          'there must be a round, of some time'",
    "--seconds NaN,       'there must be a round, of some time'",
    "--cases nonsense,    name must be known: nonsense",
    "--servers nonsense,  name must be known: nonsense",
  })
  void parse_mistake_isToldToTheUser(String words, String message) {
    assertThatThrownBy(() -> parse(words))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void usage_namesAllCasesAndServers() {
    assertThat(Options.usage()).contains("c,sh,perl").contains("postern,postern17,go");
  }
}
