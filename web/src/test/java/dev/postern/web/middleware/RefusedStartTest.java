package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.web.Cascade;
import dev.postern.web.Web;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A body is closed, once, when the start of its response throws, since no gateway gets it then. */
class RefusedStartTest {
  private static final StartResponse REFUSING =
      (status, headers, error) -> {
        throw new IllegalArgumentException("refused");
      };

  private final AtomicInteger closed = new AtomicInteger();
  private final AtomicInteger pagesClosed = new AtomicInteger();

  private Application answering(int status, String text) {
    return Application.of(
        environ ->
            Response.of(
                status,
                Headers.of("Content-Type", "text/plain"),
                Body.of(text).onClose(closed::incrementAndGet)));
  }

  private void assertRefused(Application application) {
    assertThatThrownBy(() -> application.call(Web.environ(), REFUSING)).hasMessage("refused");
  }

  @ParameterizedTest
  @CsvSource({"200, text", "404, text", "404, ''"})
  void middlewares_closeTheBodyOfTheApplication(int status, String text) {
    List<Middleware> middlewares =
        List.of(ErrorPages.of((environ, shown) -> null), ETag.of(), ETag.of(0), Gzip.of());
    for (Middleware middleware : middlewares) {
      closed.set(0);
      assertRefused(middleware.wrap(answering(status, text)));
      assertThat(closed).as(middleware.toString()).hasValue(1);
    }
  }

  @Test
  void cascade_closesTheBodyOfTheApplicationThatAnswers() {
    assertRefused(Cascade.of(answering(200, "text"), answering(200, "text")));
    assertThat(closed).hasValue(1);
  }

  @Test
  void filesOfARange_areClosed(@TempDir Path directory) throws Exception {
    Files.writeString(directory.resolve("a.txt"), "0123456789");
    Application files = dev.postern.web.Files.under(directory);
    assertThatThrownBy(
            () ->
                files.call(
                    Web.environ("PATH_INFO", "/a.txt", "HTTP_RANGE", "bytes=1-2,4-5"), REFUSING))
        .hasMessage("refused");
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      Path file = directory.toRealPath().resolve("a.txt");
      assertThat(descriptors.filter(descriptor -> leadsTo(descriptor, file))).isEmpty();
    }
  }

  private static boolean leadsTo(Path descriptor, Path file) {
    try {
      return Files.readSymbolicLink(descriptor).equals(file);
    } catch (IOException e) {
      // It was closed just now.
      return false;
    }
  }

  private Response page(int status) {
    return Response.of(status, Headers.of(), Body.of("page").onClose(pagesClosed::incrementAndGet));
  }

  @Test
  void errorPage_isClosedWithTheBodyInWhosePlaceItStands() {
    assertRefused(ErrorPages.of((environ, status) -> page(status)).wrap(answering(404, "")));
    assertThat(closed).hasValue(1);
    assertThat(pagesClosed).hasValue(1);
  }

  @Test
  void errorPageOfAnException_isClosed() {
    Application failing =
        (environ, start) -> {
          throw new IllegalStateException("failed");
        };
    assertRefused(ErrorPages.of((environ, status) -> page(status)).wrap(failing));
    assertThat(pagesClosed).hasValue(1);
  }

  @Test
  void errorPageThatFails_closesTheBodyOfTheApplication() {
    ErrorPages failing =
        ErrorPages.of(
            (environ, status) -> {
              throw new IllegalStateException("no page");
            });
    assertThatThrownBy(
            () -> failing.wrap(answering(404, "")).call(Web.environ(), (status, headers, e) -> {}))
        .hasMessage("no page");
    assertThat(closed).hasValue(1);
  }
}
