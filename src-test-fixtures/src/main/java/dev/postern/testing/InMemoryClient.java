package dev.postern.testing;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The client that {@link InMemoryGateway#client} returns. */
final class InMemoryClient implements GatewayClient {
  private final Application application;
  private final Environs environs;
  private final UnaryOperator<ResponseSink> sinks;
  private final StringWriter log = new StringWriter();

  /** Makes an environ of a request, as a gateway does. */
  interface Environs {
    Environ make(TestRequest request, InputStream input, StringWriter log);
  }

  /**
   * Makes a client of the gateway that consists of these parts.
   *
   * @param sinks what stands between the engine and the client
   */
  InMemoryClient(Application application, Environs environs, UnaryOperator<ResponseSink> sinks) {
    this.application = application;
    this.environs = environs;
    this.sinks = sinks;
  }

  @Override
  public TestResponse send(TestRequest request) throws IOException {
    try (MemoryConversation conversation = open(request)) {
      byte[] body = request.body();
      if (body != null) {
        conversation.write(body);
      }
      conversation.endRequest();
      return conversation.finish();
    }
  }

  @Override
  public MemoryConversation open(TestRequest request) {
    return new MemoryConversation(request);
  }

  @Override
  public String log() {
    return log.toString();
  }

  final class MemoryConversation implements Conversation {
    private final MemoryPipe input = new MemoryPipe();
    private final PipeSink sink = new PipeSink();
    private final StringWriter ownLog = new StringWriter();
    private final Exchange exchange;
    private final FutureTask<Outcome> run;

    MemoryConversation(TestRequest request) {
      if (request.body() == null) {
        input.end();
      }
      exchange = Exchange.of(environs.make(request, input, ownLog), sinks.apply(sink));
      run =
          new FutureTask<>(
              () -> {
                Outcome outcome = exchange.run(application);
                log.append(ownLog.getBuffer());
                return outcome;
              });
      new Thread(run, "in-memory request").start();
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      input.put(bytes, 0, bytes.length);
    }

    @Override
    public void endRequest() {
      input.end();
    }

    @Override
    public int status() throws IOException {
      return get(sink.head).status();
    }

    @Override
    public byte[] read(int count) throws IOException {
      status();
      byte[] bytes = sink.body.readNBytes(count);
      if (bytes.length < count) {
        throw new EOFException("response ended after " + bytes.length + " of " + count + " bytes");
      }
      return bytes;
    }

    @Override
    public TestResponse finish() throws IOException {
      byte[] rest = sink.body.readAllBytes();
      Outcome outcome = get(run);
      Head head = sink.head.getNow(Head.NONE);
      return TestResponse.inMemory(
          head.status(), head.headers(), rest, sink.complete, outcome, ownLog.toString());
    }

    @Override
    public void close() {
      IOException gone = new IOException("client is gone");
      sink.body.fail(gone);
      input.fail(gone);
      exchange.cancel(gone);
    }
  }

  private static <T> T get(Future<T> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the response", e);
    } catch (ExecutionException e) {
      throw new IOException("gateway must not throw", e.getCause());
    }
  }

  private record Head(int status, Headers headers) {
    static final Head NONE = new Head(0, Headers.of());
  }

  /** Hands everything on to the client at once. */
  private static final class PipeSink implements ResponseSink {
    final CompletableFuture<Head> head = new CompletableFuture<>();
    final MemoryPipe body = new MemoryPipe();
    volatile boolean complete;

    @Override
    public void head(int status, Headers headers) {
      head.complete(new Head(status, headers));
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      body.put(bytes, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {
      complete = true;
      body.end();
    }

    @Override
    public void abort(@Nullable Throwable cause) {
      head.complete(Head.NONE);
      body.end();
    }
  }
}
