package dev.postern.cgi.server;

import dev.postern.testing.GatewayClient;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.function.UnaryOperator;

/**
 * A client that sends other requests than it is given.
 *
 * @param onClose comes after the client's own close
 */
record AdaptedClient(GatewayClient client, UnaryOperator<TestRequest> requests, Closeable onClose)
    implements GatewayClient {
  @Override
  public TestResponse send(TestRequest request) throws IOException {
    return client.send(requests.apply(request));
  }

  @Override
  public Conversation open(TestRequest request) throws IOException {
    return client.open(requests.apply(request));
  }

  @Override
  public GatewayClient waiting(Duration silence) {
    return new AdaptedClient(client.waiting(silence), requests, onClose);
  }

  @Override
  public String log() throws IOException {
    return client.log();
  }

  @Override
  public void close() throws IOException {
    client.close();
    onClose.close();
  }

  /** The same request for another target. */
  static TestRequest at(String target, TestRequest request) {
    TestRequest other = TestRequest.of(request.method(), target);
    for (var field : request.headers()) {
      other = other.withHeader(field.getKey(), field.getValue());
    }
    byte[] body = request.body();
    if (body == null) {
      return other;
    }
    return request.isChunked() ? other.withChunkedBody(body) : other.withBody(body);
  }
}
