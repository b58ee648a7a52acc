package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Headers;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The ends that no container of the tests can be brought to. */
class ServletSinkTest {
  private final FakeRequest request = new FakeRequest("", "", "/", "/");
  private final List<String> calls = new ArrayList<>();
  private boolean committed;

  private ServletSink sink() {
    HttpServletResponse response =
        (HttpServletResponse)
            Proxy.newProxyInstance(
                ServletSinkTest.class.getClassLoader(),
                new Class<?>[] {HttpServletResponse.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("reset") && committed) {
                    throw new IllegalStateException("committed");
                  }
                  if (!method.getName().startsWith("get")) {
                    calls.add(
                        method.getName() + (arguments == null ? "" : Arrays.toString(arguments)));
                  }
                  return null;
                });
    return new ServletSink(request.request(), response);
  }

  @Test
  void abortBeforeTheHead_answersWithoutAWord() {
    ServletSink sink = sink();
    sink.abort(new IOException("secret"));
    assertThat(calls)
        .containsExactly("reset", "setStatus[503]", "setContentLengthLong[0]", "flushBuffer");
    assertThat(sink.cut()).isNull();
  }

  @Test
  void abortBeforeTheHead_ofACommittedResponseIsACut() {
    committed = true;
    ServletSink sink = sink();
    sink.abort(new IOException("secret"));
    assertThat(sink.cut()).isInstanceOf(CutResponseException.class);
  }

  @Test
  void abortAfterTheHead_isACutWithoutStackAndText() {
    ServletSink sink = sink();
    sink.head(200, Headers.of("Content-Length", "5"));
    sink.abort(new IllegalStateException("secret"));
    assertThat(calls).last().isEqualTo("flushBuffer");
    assertThat(sink.cut()).hasMessage("response must be cut: java.lang.IllegalStateException");
    assertThat(sink.cut()).hasNoCause();
    assertThat(sink.cut().getStackTrace()).isEmpty();
  }

  @Test
  void include_leavesTheResponseAlone() throws Exception {
    request.with("getDispatcherType", DispatcherType.INCLUDE);
    ServletSink sink = sink();
    sink.head(404, Headers.of("Content-Length", "0", "X-A", "1"));
    sink.finish();
    assertThat(calls).isEmpty();
    sink.abort(new IOException("secret"));
    assertThat(calls).isEmpty();
    assertThat(sink.cut()).isInstanceOf(CutResponseException.class);
  }

  @Test
  void head_addsToOthersHeadersAndReplacesSingleOnes() {
    sink().head(200, Headers.of("Content-Length", "5", "Link", "a", "ETag", "1", "link", "b"));
    assertThat(calls)
        .containsExactly(
            "setStatus[200]",
            "setContentLengthLong[5]",
            "addHeader[Link, a]",
            "setHeader[ETag, 1]",
            "addHeader[link, b]");
  }
}
