package dev.postern.web.middleware;

import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.testing.MiddlewareContract;
import dev.postern.testing.TestRequest;
import dev.postern.web.TrustedProxies;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Nested;

/** Every middleware keeps what SPEC.md asks of one. */
class ContractTest {
  private static final byte[] SECRET = new byte[32];

  abstract static class Contract extends MiddlewareContract {
    Contract(Middleware middleware) {
      super(middleware);
    }
  }

  @Nested
  class OfAccessLog extends Contract {
    OfAccessLog() {
      super(AccessLog.combined(line -> {}));
    }
  }

  @Nested
  class OfBasicAuth extends Contract {
    OfBasicAuth() {
      super(BasicAuth.of("realm", (user, password) -> true));
    }

    @Override
    protected TestRequest request(String method) {
      return super.request(method).withHeader("Authorization", "Basic bWU6cGFzcw==");
    }
  }

  @Nested
  class OfCors extends Contract {
    OfCors() {
      super(Cors.builder("https://example.org").credentials(true).build());
    }

    @Override
    protected TestRequest request(String method) {
      return super.request(method).withHeader("Origin", "https://example.org");
    }
  }

  @Nested
  class OfCsrf extends Contract {
    OfCsrf() {
      super(Sessions.signed(SECRET).build().andThen(Csrf.of()));
    }
  }

  @Nested
  class OfErrorPages extends Contract {
    OfErrorPages() {
      super(ErrorPages.of((environ, status) -> null));
    }
  }

  @Nested
  class OfETag extends Contract {
    OfETag() {
      super(ETag.of());
    }
  }

  @Nested
  class OfGunzip extends Contract {
    OfGunzip() {
      super(Gunzip.of(1000));
    }
  }

  @Nested
  class OfGzip extends Contract {
    OfGzip() {
      super(Gzip.of().withMinimum(0));
    }

    @Override
    protected TestRequest request(String method) {
      return super.request(method).withHeader("Accept-Encoding", "gzip");
    }

    @Override
    protected byte[] decoded(Headers headers, byte[] bytes) throws IOException {
      return headers.contains("Content-Encoding") ? Unzipped.soFar(bytes) : bytes;
    }
  }

  @Nested
  class OfHeadFromGet extends Contract {
    OfHeadFromGet() {
      super(HeadFromGet.of());
    }
  }

  @Nested
  class OfMaxBody extends Contract {
    OfMaxBody() {
      super(MaxBody.of(0));
    }
  }

  @Nested
  class OfMethodOverride extends Contract {
    OfMethodOverride() {
      super(MethodOverride.of());
    }
  }

  @Nested
  class OfRequestId extends Contract {
    OfRequestId() {
      super(RequestId.of());
    }
  }

  @Nested
  class OfRewrite extends Contract {
    OfRewrite() {
      super(Rewrite.prefix("/app"));
    }
  }

  @Nested
  class OfRuntime extends Contract {
    OfRuntime() {
      super(Runtime.of());
    }
  }

  @Nested
  class OfSecureHeaders extends Contract {
    OfSecureHeaders() {
      super(SecureHeaders.of().withTransportSecurity(Duration.ofDays(1), true));
    }
  }

  @Nested
  class OfSessions extends Contract {
    OfSessions() {
      super(Sessions.builder(SessionStore.inMemory(10)).build());
    }
  }

  @Nested
  class OfTimeout extends Contract {
    OfTimeout() {
      super(Timeout.of(Duration.ofMinutes(5)));
    }
  }

  @Nested
  class OfTrustedProxies extends Contract {
    OfTrustedProxies() {
      super(TrustedProxies.of("127.0.0.1"));
    }

    @Override
    protected TestRequest request(String method) {
      return super.request(method).withHeader("X-Forwarded-For", "192.0.2.1");
    }
  }

  @Nested
  class OfAll extends Contract {
    OfAll() {
      super(
          AccessLog.common(line -> {})
              .andThen(RequestId.of())
              .andThen(Runtime.of())
              .andThen(SecureHeaders.of())
              .andThen(Timeout.of(Duration.ofMinutes(5)))
              .andThen(Gzip.of().withMinimum(0))
              .andThen(ETag.of())
              .andThen(ErrorPages.of((environ, status) -> null))
              .andThen(Sessions.signed(SECRET).build()));
    }

    @Override
    protected TestRequest request(String method) {
      return super.request(method).withHeader("Accept-Encoding", "gzip");
    }

    @Override
    protected byte[] decoded(Headers headers, byte[] bytes) throws IOException {
      return headers.contains("Content-Encoding") ? Unzipped.soFar(bytes) : bytes;
    }
  }
}
