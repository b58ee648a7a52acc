package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What counts as a reset: looks at a table that says what the test wants. */
class ClientWatchTest {
  private static final Connection ONE = Connection.of("192.0.2.1", 80, "192.0.2.2", 1025);
  private static final Connection OTHER = Connection.of("192.0.2.1", 80, "192.0.2.2", 1026);
  private static final long EVERY = TimeUnit.MILLISECONDS.toNanos(ClientWatch.EVERY_MILLIS);

  private final FakeTable table = new FakeTable();
  private final ClientWatch watch = new ClientWatch(table);
  private long now = 1;

  /** A table of those connections that are in the set. */
  private static final class FakeTable implements ClientWatch.Table {
    final Set<Connection> there = new HashSet<>();
    boolean readable = true;
    boolean broken;
    volatile int looks;

    @Override
    public boolean isReadable() {
      return readable;
    }

    @Override
    public BitSet present(Connection[] wanted) throws IOException {
      looks++;
      if (broken) {
        throw new IOException("table must be readable");
      }
      BitSet present = new BitSet();
      for (int i = 0; i < wanted.length; i++) {
        present.set(i, there.contains(wanted[i]));
      }
      return present;
    }
  }

  private static final class NoSink implements ResponseSink {
    @Override
    public void head(int status, Headers headers) {}

    @Override
    public void write(byte[] bytes, int offset, int length) {}

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }

  private final class Request {
    final Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "GET", "SERVER_PROTOCOL", "HTTP/1.1")).build();

    Request(Connection connection) {
      watch.add(Exchange.of(environ, new NoSink()), connection, now);
    }

    boolean isCancelled() {
      return environ.isCancelled();
    }
  }

  private void looks(int count) {
    for (int i = 0; i < count; i++) {
      now += EVERY;
      assertThat(watch.look(now)).isTrue();
    }
  }

  @Test
  void r18_connectionThatWasSeenAndIsMissing_isReset() {
    table.there.add(ONE);
    Request request = new Request(ONE);
    looks(1);
    table.there.clear();
    looks(ClientWatch.MISSES - 1);
    assertThat(request.isCancelled()).isFalse();
    looks(1);
    assertThat(request.isCancelled()).isTrue();
    assertThat(watch.size()).isZero();
  }

  @Test
  void connectionThatWasNeverSeen_isForgottenAndNeverReset() {
    table.there.add(OTHER);
    Request genuine = new Request(OTHER);
    Request rewritten = new Request(ONE);
    looks(ClientWatch.MISSES);
    assertThat(watch.size()).isEqualTo(1);
    looks(10);
    assertThat(rewritten.isCancelled()).isFalse();
    assertThat(genuine.isCancelled()).isFalse();
  }

  @Test
  void missesThatAreNotInARow_areNoReset() {
    Request request = new Request(ONE);
    for (int i = 0; i < 10; i++) {
      table.there.add(ONE);
      looks(1);
      table.there.clear();
      looks(ClientWatch.MISSES - 1);
    }
    assertThat(request.isCancelled()).isFalse();
  }

  /** Other requests cause looks of their own. */
  @Test
  void looksThatComeEarly_areNoMisses() {
    table.there.add(ONE);
    Request request = new Request(ONE);
    looks(1);
    table.there.clear();
    for (int i = 0; i < 20; i++) {
      new Request(OTHER);
      now += TimeUnit.MILLISECONDS.toNanos(ClientWatch.FIRST_MILLIS);
      assertThat(watch.look(now)).isTrue();
      if (i < 9) {
        assertThat(request.isCancelled()).as("look " + i).isFalse();
      }
    }
  }

  @Test
  void youngRequest_causesNoLook() {
    new Request(ONE);
    assertThat(watch.look(now + TimeUnit.MILLISECONDS.toNanos(ClientWatch.FIRST_MILLIS) - 1))
        .isFalse();
    assertThat(table.looks).isZero();
  }

  @Test
  void tableThatCannotBeRead_isNoReset() {
    table.there.add(ONE);
    Request request = new Request(ONE);
    looks(1);
    table.broken = true;
    looks(10);
    assertThat(request.isCancelled()).isFalse();
  }

  @Test
  void http3AndRequestsWithoutAnAddress_areNotWatched() {
    FakeRequest fake = watchable();
    Exchange exchange = Exchange.of(new Request(OTHER).environ, new NoSink());
    fake.with("getProtocol", "HTTP/3.0");
    assertThat(watch.begin(exchange, fake.request())).isNull();
    fake.with("getProtocol", "HTTP/3");
    assertThat(watch.begin(exchange, fake.request())).isNull();
    fake.with("getProtocol", "HTTP/2.0").with("getRemoteAddr", "client.example");
    assertThat(watch.begin(exchange, fake.request())).isNull();
    fake.with("getRemoteAddr", null);
    assertThat(watch.begin(exchange, fake.request())).isNull();
    fake.with("getRemoteAddr", "192.0.2.2");
    assertThat(watch.begin(exchange, fake.request())).isNotNull();
    watch.close();
    assertThat(watch.begin(exchange, fake.request())).isNull();
    FakeTable none = new FakeTable();
    none.readable = false;
    assertThat(new ClientWatch(none).begin(exchange, fake.request())).isNull();
  }

  @Test
  void moreThanTheMost_areNotWatched() {
    FakeRequest fake = watchable();
    table.there.addAll(Set.of(ONE, OTHER));
    Exchange exchange = Exchange.of(new Request(OTHER).environ, new NoSink());
    List<ClientWatch.Watched> all = new ArrayList<>();
    for (int i = watch.size(); i < ClientWatch.MOST; i++) {
      all.add(watch.begin(exchange, fake.request()));
    }
    assertThat(all).doesNotContainNull();
    assertThat(watch.begin(exchange, fake.request())).isNull();
    watch.end(all.get(0));
    watch.end(all.get(0));
    assertThat(watch.begin(exchange, fake.request())).isNotNull();
    assertThat(watch.begin(exchange, fake.request())).isNull();
    watch.close();
    assertThat(watch.size()).isZero();
  }

  /** The thread falls asleep between two requests, at any moment of the next one. */
  @Test
  void requestAtAnyTime_isLookedFor() throws Exception {
    FakeRequest fake = watchable();
    table.there.add(ONE);
    Exchange exchange = Exchange.of(new Request(OTHER).environ, new NoSink());
    watch.look(now);
    long pause = 0;
    for (int i = 0; i < 20; i++) {
      int before = table.looks;
      ClientWatch.Watched entry = watch.begin(exchange, fake.request());
      for (int waited = 0; table.looks == before; waited++) {
        assertThat(waited).as("ms until request %d is looked for", i).isLessThan(10_000);
        Thread.sleep(1);
      }
      watch.end(entry);
      pause = (pause + 7) % 60;
      Thread.sleep(pause);
    }
    watch.close();
  }

  private static FakeRequest watchable() {
    return new FakeRequest("", "", "/", "/")
        .with("getProtocol", "HTTP/1.1")
        .with("getLocalAddr", "192.0.2.1")
        .with("getLocalPort", 80)
        .with("getRemoteAddr", "192.0.2.2")
        .with("getRemotePort", 1025);
  }

  @Test
  void shared_isOneForAllAndEndsWithTheLast() {
    ClientWatch first = ClientWatch.acquire();
    ClientWatch second = ClientWatch.acquire();
    assertThat(second).isSameAs(first);
    ClientWatch.release();
    assertThat(ClientWatch.acquire()).isSameAs(first);
    ClientWatch.release();
    ClientWatch.release();
    ClientWatch third = ClientWatch.acquire();
    assertThat(third).isNotSameAs(first);
    ClientWatch.release();
  }
}
