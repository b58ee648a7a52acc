package dev.postern.testing;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.ResponseSink;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A gateway in memory of which one part is broken. Not thread-safe while it is put together. */
final class BrokenGateway {
  private UnaryOperator<Application> application = UnaryOperator.identity();
  private UnaryOperator<ResponseSink> sink = UnaryOperator.identity();
  private Variables variables = (request, all) -> {};
  private Input input = (request, in) -> in;
  private UnaryOperator<Environ.Builder> environ = UnaryOperator.identity();

  interface Variables {
    void change(TestRequest request, Map<String, String> variables);
  }

  interface Input {
    InputStream of(TestRequest request, InputStream in);
  }

  /** What stands between the engine and the application. */
  static BrokenGateway application(UnaryOperator<Application> broken) {
    BrokenGateway gateway = new BrokenGateway();
    gateway.application = broken;
    return gateway;
  }

  static BrokenGateway sink(UnaryOperator<ResponseSink> broken) {
    BrokenGateway gateway = new BrokenGateway();
    gateway.sink = broken;
    return gateway;
  }

  static BrokenGateway variables(Variables broken) {
    BrokenGateway gateway = new BrokenGateway();
    gateway.variables = broken;
    return gateway;
  }

  static BrokenGateway input(Input broken) {
    BrokenGateway gateway = new BrokenGateway();
    gateway.input = broken;
    return gateway;
  }

  static BrokenGateway environ(UnaryOperator<Environ.Builder> broken) {
    BrokenGateway gateway = new BrokenGateway();
    gateway.environ = broken;
    return gateway;
  }

  GatewayClient start(Application served) {
    return new InMemoryClient(application.apply(served), this::environ, sink);
  }

  private Environ environ(TestRequest request, InputStream in, StringWriter log) {
    Map<String, String> all = RequestVariables.of(request, "", "http");
    variables.change(request, all);
    return environ
        .apply(Environ.builder(all).input(input.of(request, in)).errors(new PrintWriter(log, true)))
        .build();
  }
}
