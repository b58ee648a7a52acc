package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GroupTest {
  private static List<Group> groups(String... words) {
    return Group.of(Options.parse(List.of(words)));
  }

  private static List<String> names(Group group) {
    return group.peers().stream().map(Peer::name).toList();
  }

  @Test
  void of_goals_isTheServersThatTheyName() {
    assertThat(groups("--goals"))
        .extracting(group -> group.asked().name() + " " + String.join(",", names(group)))
        .containsExactly(
            "c postern,postern17,go,lighttpd,nginx,apache,tomcat",
            "perl postern,go,lighttpd,nginx,apache",
            "python postern,go,lighttpd,nginx,apache",
            "out postern,go,lighttpd,nginx,apache",
            "echo postern,go,lighttpd,nginx,apache",
            "clone postern,apache");
  }

  @Test
  void of_goals_takesLessThanAnHour() {
    Options options = Options.parse(List.of("--goals"));

    assertThat(Group.of(options).stream().mapToDouble(group -> group.seconds(options)).sum())
        .isLessThan(60 * 60);
  }

  @Test
  void of_all_leavesOutWhoCannot() {
    List<Group> groups = groups("--cases", "clone,c", "--servers", "postern,tomcat");

    assertThat(groups)
        .extracting(GroupTest::names)
        .containsExactly(List.of("postern"), List.of("postern", "tomcat"));
  }

  @Test
  void only_dropsServersThatAreNotThere() {
    Group group = groups("--cases", "c").get(0).only(Set.of(Samples.GO));

    assertThat(group.peers()).containsExactly(Samples.GO);
  }
}
