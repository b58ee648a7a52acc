package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.MappingMatch;
import org.junit.jupiter.api.Test;

/** Dispatches and mappings that the containers' tests do not reach. */
class RequestPathTest {
  private static RequestPath path(FakeRequest fake) {
    return RequestPath.of(fake.request());
  }

  @Test
  void request_isSplit() {
    RequestPath path =
        path(new FakeRequest("/app", "/x", "/a", "/app/x/a").with("getQueryString", "q=%20"));
    assertThat(path).isEqualTo(new RequestPath("/app/x", "/a", "q=%20", "/app/x/a?q=%20", true));
  }

  @Test
  void contextPath_isDecodedAndHasNoParameters() {
    // As Tomcat hands it over: a piece of the request's own target.
    RequestPath path = path(new FakeRequest("/%61pp;v=1", "/x", "/a", "/%61pp;v=1/x/a"));
    assertThat(path.script()).isEqualTo("/app/x");
    assertThat(path.info()).isEqualTo("/a");
  }

  @Test
  void defaultMapping_isAPathBelowTheContext() {
    FakeRequest fake =
        new FakeRequest("/app", "/a/b", null, "/app/a;p/b")
            .with("getHttpServletMapping", FakeRequest.mapping(MappingMatch.DEFAULT));
    assertThat(path(fake).script()).isEqualTo("/app");
    assertThat(path(fake).info()).isEqualTo("/a;p/b");
  }

  @Test
  void mapping_mayBeUnknown() {
    FakeRequest fake =
        new FakeRequest("", "/a.cgi", null, "/a.cgi").with("getHttpServletMapping", null);
    assertThat(path(fake)).isEqualTo(new RequestPath("/a.cgi", "", "", "/a.cgi", true));
  }

  @Test
  void forward_tellsTheClientsTarget() {
    FakeRequest fake =
        new FakeRequest("", "/x", "/a", "/x/a")
            .with("getDispatcherType", DispatcherType.FORWARD)
            .withAttribute(RequestDispatcher.FORWARD_REQUEST_URI, "/from")
            .withAttribute(RequestDispatcher.FORWARD_QUERY_STRING, "q");
    assertThat(path(fake)).isEqualTo(new RequestPath("/x", "/a", "", "/from?q", true));
  }

  @Test
  void asynchronousDispatch_tellsTheClientsTarget() {
    FakeRequest fake =
        new FakeRequest("", "/x", "/a", "/x/a")
            .with("getDispatcherType", DispatcherType.ASYNC)
            .with("getQueryString", "p")
            .withAttribute(AsyncContext.ASYNC_REQUEST_URI, "/from")
            .withAttribute(AsyncContext.ASYNC_QUERY_STRING, "q");
    assertThat(path(fake)).isEqualTo(new RequestPath("/x", "/a", "p", "/from?q", true));
  }

  @Test
  void errorPage_tellsTheClientsTarget() {
    FakeRequest fake =
        new FakeRequest("", "/error", "/404", "/error/404")
            .with("getDispatcherType", DispatcherType.ERROR)
            .withAttribute(RequestDispatcher.ERROR_REQUEST_URI, "/missing");
    assertThat(path(fake)).isEqualTo(new RequestPath("/error", "/404", "", "/missing", true));
  }

  @Test
  void include_takesTheAttributes() {
    FakeRequest fake =
        new FakeRequest("/outer", "/from", "/there", "/outer/from/there")
            .with("getDispatcherType", DispatcherType.INCLUDE)
            .with("getQueryString", "q=1")
            .withAttribute(RequestDispatcher.INCLUDE_CONTEXT_PATH, "/app")
            .withAttribute(RequestDispatcher.INCLUDE_SERVLET_PATH, "/x")
            .withAttribute(RequestDispatcher.INCLUDE_PATH_INFO, "/a,b")
            .withAttribute(RequestDispatcher.INCLUDE_REQUEST_URI, "/app/x/a%2Cb");
    assertThat(path(fake))
        .isEqualTo(new RequestPath("/app/x", "/a,b", "q=1", "/outer/from/there?q=1", true));
  }

  /** Servlet 6.0, 9.3.1: a named dispatcher sets no attributes. */
  @Test
  void includeByName_takesTheRequests() {
    FakeRequest fake =
        new FakeRequest("", "/x", "/a", "/x/a").with("getDispatcherType", DispatcherType.INCLUDE);
    assertThat(path(fake)).isEqualTo(new RequestPath("/x", "/a", "", "/x/a", true));
  }

  /** Inside an include, another servlet may forward: the attributes are not for that one. */
  @Test
  void forwardInsideAnInclude_ignoresTheIncludesAttributes() {
    FakeRequest fake =
        new FakeRequest("", "/x", "/a", "/x/a")
            .with("getDispatcherType", DispatcherType.FORWARD)
            .withAttribute(RequestDispatcher.INCLUDE_SERVLET_PATH, "/included");
    assertThat(path(fake).script()).isEqualTo("/x");
  }

  /** It is the container's, and hides no path from those who compare paths. */
  @Test
  void sessionThatEncodeUrlHasPutThere_isNoPartOfThePath() {
    FakeRequest fake =
        new FakeRequest("/app", "", "/x/y", "/app/x;jsessionid=1A.n/y;p=1;jsessionid=2")
            .with("isRequestedSessionIdFromURL", true)
            .with("getRequestedSessionId", "1A.n");
    assertThat(path(fake).info()).isEqualTo("/x/y;p=1;jsessionid=2");
    assertThat(path(fake).uri()).isEqualTo("/app/x;jsessionid=1A.n/y;p=1;jsessionid=2");
    fake.with("isRequestedSessionIdFromURL", false);
    assertThat(path(fake).info()).isEqualTo("/x;jsessionid=1A.n/y;p=1;jsessionid=2");
    // parameters of other names and values stay
    fake.with("isRequestedSessionIdFromURL", true).with("getRequestedSessionId", "1A");
    assertThat(path(fake).info()).isEqualTo("/x;jsessionid=1A.n/y;p=1;jsessionid=2");
  }

  @Test
  void r23_replacedBytes_areNotExact() {
    assertThat(path(new FakeRequest("", "/x", "/\ufffd", "/x/%ff")).exact()).isTrue();
    assertThat(path(new FakeRequest("", "/x", "/\ufffd", "/x/a/../%ff")).exact()).isFalse();
    assertThat(path(new FakeRequest("", "/x", "/\ufffd", "/x/%EF%BF%BD")).exact()).isTrue();
    assertThat(path(new FakeRequest("", "/x", "/a", "/x/\ufffd")).exact()).isFalse();
    FakeRequest query = new FakeRequest("", "/x", "/a", "/x/a");
    assertThat(path(query.with("getQueryString", "%EF%BF%BD")).exact()).isTrue();
    assertThat(path(query.with("getQueryString", "\ufffd")).exact()).isFalse();
    FakeRequest script = new FakeRequest("", "/\ufffd.cgi", null, "/%ff.cgi");
    assertThat(path(script).exact()).isFalse();
  }
}
