package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests that no container of the tests can bring about. */
class ServingTest {
  private final List<Object> statuses = new ArrayList<>();

  private Object answer(Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "setStatus" -> statuses.add(arguments[0]);
      case "getOutputStream" -> new Output();
      default -> method.getReturnType() == boolean.class ? (Object) false : null;
    };
  }

  private static final class Output extends ServletOutputStream {
    @Override
    public void write(int b) {}

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setWriteListener(WriteListener listener) {}
  }

  /** The gateway may stop at this moment, and the system may have no thread left. */
  @Test
  void requestThatNoTimerTakes_isAnswered() throws Exception {
    ServletGateway.Builder builder =
        ServletGateway.builder(
                (environ, startResponse) -> {
                  startResponse.start(204, Headers.of());
                  return Body.empty();
                })
            .deadline(Duration.ofSeconds(60));
    InitParameters none = InitParameters.of(Collections.emptyEnumeration(), name -> null);
    Serving serving =
        new Serving(builder.application, GatewayOptions.of(builder, none), "test", text -> {});
    serving.close();
    HttpServletResponse response =
        (HttpServletResponse)
            Proxy.newProxyInstance(
                ServingTest.class.getClassLoader(),
                new Class<?>[] {HttpServletResponse.class},
                (proxy, method, arguments) -> answer(method, arguments));
    serving.serve(new FakeRequest("", "", "/", "/").request(), response, null, null);
    assertThat(statuses).containsExactly(204);
  }
}
