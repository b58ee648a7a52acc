package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(path).isEqualTo(new RequestPath("/app/x", "/a", "q=%20", "/app/x/a?q=%20"));
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
    assertThat(path(fake)).isEqualTo(new RequestPath("/a.cgi", "", "", "/a.cgi"));
  }

  @Test
  void forward_tellsTheClientsTarget() {
    FakeRequest fake =
        new FakeRequest("", "/x", "/a", "/x/a")
            .with("getDispatcherType", DispatcherType.FORWARD)
            .withAttribute(RequestDispatcher.FORWARD_REQUEST_URI, "/from")
            .withAttribute(RequestDispatcher.FORWARD_QUERY_STRING, "q");
    assertThat(path(fake)).isEqualTo(new RequestPath("/x", "/a", "", "/from?q"));
  }

  @Test
  void errorPage_tellsTheClientsTarget() {
    FakeRequest fake =
        new FakeRequest("", "/error", "/404", "/error/404")
            .with("getDispatcherType", DispatcherType.ERROR)
            .withAttribute(RequestDispatcher.ERROR_REQUEST_URI, "/missing");
    assertThat(path(fake)).isEqualTo(new RequestPath("/error", "/404", "", "/missing"));
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
        .isEqualTo(new RequestPath("/app/x", "/a,b", "q=1", "/outer/from/there?q=1"));
  }

  /** Servlet 6.0, 9.3.1: a named dispatcher sets no attributes. */
  @Test
  void includeByName_takesTheRequests() {
    FakeRequest fake =
        new FakeRequest("", "/x", "/a", "/x/a").with("getDispatcherType", DispatcherType.INCLUDE);
    assertThat(path(fake)).isEqualTo(new RequestPath("/x", "/a", "", "/x/a"));
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
}
