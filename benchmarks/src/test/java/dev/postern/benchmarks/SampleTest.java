package dev.postern.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SampleTest {
  private static final String WRK =
      """
      Running 2s test @ http://127.0.0.1:8080/cgi/hello
        1 threads and 8 connections
        Thread Stats   Avg      Stdev     Max   +/- Stdev
          Latency     4.42ms    1.84ms  26.78ms   92.00%
          Req/Sec     1.21k    68.92     1.68k    65.27%
        Latency Distribution
           50%  812.00us
           75%    4.13ms
           90%   79.11ms
           99%    1.25s
        8716 requests in 2.06s, 1.05MB read
      Requests/sec:   4217.57
      Transfer/sec:     26.78KB
      """;

  @Test
  void ofWrk_itsOutput_isReadWithItsUnits() {
    Sample sample = Sample.ofWrk(WRK);

    assertThat(sample.value()).isEqualTo(4217.57);
    assertThat(sample.p50()).isEqualTo(0.812);
    assertThat(sample.p99()).isEqualTo(1250);
    assertThat(sample.requests()).isEqualTo(8716);
  }

  @Test
  void ofWrk_responsesThatAreErrors_areNotCountedAsSpeed() {
    assertThatThrownBy(() -> Sample.ofWrk(WRK + "  Non-2xx or 3xx responses: 3\n"))
        .hasMessageContaining("Non-2xx or 3xx responses: 3");
    assertThatThrownBy(
            () -> Sample.ofWrk(WRK + "  Socket errors: connect 0, read 1, write 0, timeout 0\n"))
        .hasMessageContaining("read 1");
  }

  @Test
  void ofWrk_somethingElse_isRefused() {
    assertThatThrownBy(() -> Sample.ofWrk("unable to connect"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unable to connect");
  }
}
