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

/** A connection from a web server, with one request and one response. */
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
   * Reads the rest of the body before the connection is closed. If bytes of the peer are unread at
   * the close, the system resets the connection, and the peer may lose what it has not read yet.
   */
  private void linger(long bodyLength) throws IOException {
    whole();
    channel.shutdownOutput();
    if (in.hasReceived(bodyLength)) {
      return;
    }
    in.endBody();
    expect(LINGER_NANOS);
    in.drain();
  }

  /** Begins the time that a read of the body may take. */
  void expectBody() {
    expect(server().limits().body().toNanos());
  }

  void expectNoBody() {
    expectNothing();
  }

  @Override
  protected void tick(long now) {}

  /** Does nothing, because the connection's only request is running or about to come. */
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
