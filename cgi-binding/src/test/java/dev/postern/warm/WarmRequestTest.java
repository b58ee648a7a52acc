package dev.postern.warm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.process.ProgramText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WarmRequestTest {
  /** The child opens the group by these bytes. */
  @Test
  void encoded_hasTheBytesOfTheGroup() {
    Path group = Path.of("/groups/caf\u00e9");
    WarmRequest request =
        new WarmRequest(
            Path.of("/p.pl"),
            List.of("/p.pl"),
            Map.of("A", "\u00ff"),
            Set.of(),
            Set.of(),
            Path.of("/"),
            null,
            command -> command,
            group);
    String text = "n" + ProgramText.toBytes(group) + "\0";
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);

    assertThat(request.encoded())
        .startsWith((bytes.length + 4 + ":").getBytes(StandardCharsets.US_ASCII))
        .containsSequence(bytes)
        .endsWith('A', '=', 0xFF, 0);
  }
}
