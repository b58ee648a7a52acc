package dev.postern.scgi;

import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Outcome;
import dev.postern.fastcgi.server.Connection;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.ServerVariables;
import dev.postern.fastcgi.server.Settings;
import dev.postern.fastcgi.wire.Netstring;
import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.CgiSink;
import dev.postern.gateway.ProcessVariables;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection from a web server: one request, one response. */
final class ScgiConnection extends Connection {
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Settings settings;
  private final ScgiInput in;
  private volatile @Nullable Exchange exchange;

  ScgiConnection(SocketChannel channel, Server server, Settings settings) {
    super(channel, server);
    this.settings = settings;
    this.in = new ScgiInput(this, channel);
  }

  @Override
  protected void serve() throws IOException {
    expect(server().limits().head().toNanos());
    Map<String, String> sent =
        Netstring.read(in, Settings.MAX_VARIABLE_BYTES, Settings.MAX_VARIABLES);
    expectNothing();
    in.beginBody();
    ScgiOutput out = new ScgiOutput(this::write);
    if (!server().beginRequest()) {
      out.overloaded();
      linger(ProcessVariables.contentLength(sent));
      return;
    }
    try {
      answer(sent, out);
    } finally {
      server().endRequest();
    }
  }

  private void answer(Map<String, String> sent, ScgiOutput out) throws IOException {
    Map<String, String> variables = ServerVariables.completed(sent, settings.mount());
    BodyAhead body = ProcessVariables.body(variables, in);
    Environ environ = ProcessVariables.environ(variables, body, null, settings.errors());
    CgiSink sink = new CgiSink(out, body, ProcessVariables.isErrorPage(variables));
    Exchange running = Exchange.of(environ, sink);
    exchange = running;
    Outcome outcome;
    try {
      outcome = running.run(settings.application(sent, environ));
    } finally {
      exchange = null;
      if (body != null) {
        body.close();
      }
    }
    if (outcome.complete()) {
      linger(ProcessVariables.contentLength(variables));
    } else {
      cut();
    }
  }

  /**
   * A connection that is closed while bytes of the peer are unread is reset, and the peer may lose
   * what it has not read. So what is left of the body is read before.
   */
  private void linger(long bodyLength) throws IOException {
    channel.shutdownOutput();
    if (in.hasReceived(bodyLength)) {
      return;
    }
    expect(LINGER_NANOS);
    in.drain();
  }

  /** A read of the body waits for so long at most. */
  void expectBody() {
    expect(server().limits().body().toNanos());
  }

  void expectNoBody() {
    expectNothing();
  }

  @Override
  protected void tick(long now) {}

  /** Its one request is under way, or coming. */
  @Override
  protected void drain() {}

  @Override
  protected void cancel(Throwable cause) {
    Exchange running = exchange;
    if (running != null) {
      running.cancel(cause);
    }
  }

  @Override
  protected long idleSince() {
    return Long.MAX_VALUE;
  }
}
