package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Body;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Init parameters beside a builder. */
class GatewayOptionsTest {
  private final ServletGateway.Builder builder =
      ServletGateway.builder((environ, startResponse) -> Body.of(""));

  private GatewayOptions with(Map<String, String> parameters) throws ServletException {
    return GatewayOptions.of(
        builder, InitParameters.of(Collections.enumeration(parameters.keySet()), parameters::get));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void watch_ofTheInitParameter_winsOverTheBuilder(boolean watch) throws ServletException {
    builder.watch(!watch);

    assertThat(with(Map.of("watch", "" + watch)).watch()).isEqualTo(watch);
    assertThat(with(Map.of()).watch()).isEqualTo(!watch);
  }

  @Test
  void numbers_ofTheInitParameters_winOverTheBuilder() throws ServletException {
    builder.deadline(Duration.ofSeconds(1)).maxBody(10);

    GatewayOptions options = with(Map.of("deadline", "2", "maxBody", "20"));

    assertThat(options.deadline()).isEqualTo(Duration.ofSeconds(2));
    assertThat(options.maxBody()).isEqualTo(20);
    assertThat(with(Map.of()).maxBody()).isEqualTo(10);
  }

  @Test
  void bytes_beyondALong_areRefused() throws ServletException {
    assertThat(with(Map.of("maxBody", "8589934591G")).maxBody()).isEqualTo(8589934591L << 30);
    for (String large : List.of("8589934592G", "17179869184G", "999999999999G")) {
      assertThatThrownBy(() -> with(Map.of("maxBody", large)))
          .isInstanceOf(ServletException.class)
          .hasMessageContaining("maxBody must be less than 8 EiB");
    }
  }
}
