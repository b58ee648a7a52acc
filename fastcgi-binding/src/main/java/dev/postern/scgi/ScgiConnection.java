package dev.postern.scgi;

import dev.postern.Environ;
import dev.postern.Exchange;
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
import org.jspecify.annotations.Nullable;

/** A connection from a web server, with one request and one response. */
final class ScgiConnection extends Connection {
  private final Settings settings;
  private final ScgiInput in;
  private volatile @Nullable Exchange exchange;

  /**
   * Whether no byte has come. Guarded by {@code this}, together with the time for the first one.
   */
  private boolean fresh = true;

  ScgiConnection(SocketChannel channel, Server server, Settings settings) {
    super(channel, server);
    this.settings = settings;
    this.in = new ScgiInput(this, channel);
    expect(server.limits().head().toNanos());
  }

  @Override
  protected void serve() throws IOException {
    Map<String, String> sent =
        Netstring.read(in, Settings.MAX_VARIABLE_BYTES, Settings.MAX_VARIABLES);
    expectNothing();
    in.beginBody();
    ScgiOutput out = new ScgiOutput(this::write);
    if (!server().beginRequest()) {
      // SCGI has no other way to say so.
      out.write(overloaded());
      linger(ProcessVariables.contentLength(sent));
      return;
    }
    boolean complete;
    try {
      complete = answer(sent, out);
    } finally {
      server().endRequest();
    }
    if (complete) {
      linger(ProcessVariables.contentLength(sent));
    } else {
      cut();
    }
  }

  /** Answers the request. Returns whether the response is complete. */
  private boolean answer(Map<String, String> sent, ScgiOutput out) throws IOException {
    Map<String, String> variables = ServerVariables.completed(sent, settings.mount());
    BodyAhead body = ProcessVariables.body(variables, in);
    Environ environ = ProcessVariables.environ(variables, body, null, settings.errors(), false);
    CgiSink sink = new CgiSink(out, body, ProcessVariables.isErrorPage(variables));
    Exchange running = Exchange.of(environ, sink);
    exchange = running;
    try {
      return running.run(settings.application(sent, environ)).complete();
    } finally {
      // The channel must not close for an interrupt that was meant for the request.
      Thread.interrupted();
      exchange = null;
      if (body != null) {
        body.close();
      }
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
    closeIn(LINGER_NANOS);
    in.drain(MOST_UNREAD);
  }

  /** Runs a task on another thread. */
  void run(Runnable task) {
    server().run(task);
  }

  /** Begins the time that a read of the body may take. */
  void expectBody() {
    expect(server().limits().body().toNanos());
  }

  void expectNoBody() {
    expectNothing();
  }

  /** Something has come, or the peer has closed its side. */
  synchronized void arrived() {
    if (fresh) {
      fresh = false;
      // A stop may have left less time for the first byte.
      expect(server().limits().head().toNanos());
    }
  }

  @Override
  protected void tick(long now) {}

  @Override
  protected synchronized void drain() {
    if (fresh) {
      closeIn(FIRST_WHILE_STOPPING_NANOS);
    }
  }

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
