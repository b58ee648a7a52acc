package dev.postern;

import static dev.postern.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.concurrent.CompletionException;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamReader;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;
import org.xml.sax.helpers.DefaultHandler;

/** A client's short or broken upload is its own fault, however its reader tells. */
class ClientFaultTest {
  private static final String XML = "<?xml version=\"1.0\"?><a><b>" + "text ".repeat(3000);

  private final RecordingSink sink = new RecordingSink();
  private final StringWriter log = new StringWriter();

  /** Fails at its end. */
  private static InputStream failing(String bytes, IOException failure) {
    return new FilterInputStream(new ByteArrayInputStream(bytes(bytes))) {
      @Override
      public int read() throws IOException {
        return checked(super.read());
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        return checked(super.read(target, offset, length));
      }

      private int checked(int n) throws IOException {
        if (n < 0) {
          throw failure;
        }
        return n;
      }
    };
  }

  private Outcome run(InputStream input, Application application) {
    Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "99999"))
            .input(input)
            .errors(new PrintWriter(log))
            .build();
    return Exchange.of(environ, sink).run(application);
  }

  private void assertClientsFault(int status, Outcome outcome) {
    assertThat(outcome.status()).isEqualTo(status);
    assertThat(outcome.complete()).isTrue();
    assertThat(sink.text()).startsWith(status + " ");
    assertThat(log.toString())
        .startsWith("postern: " + status + " for Environ[POST \"\"]: request body must ")
        .hasLineCount(1);
  }

  private interface Reader {
    void read(InputStream input) throws Exception;
  }

  private static Application reading(Reader reader) {
    return (environ, start) -> {
      start.start(200, Headers.of("Content-Type", "text/html"));
      reader.read(environ.input());
      return Body.of("read");
    };
  }

  private void assertClientsFaultEitherWay(Reader reader) {
    Outcome cut = run(new ByteArrayInputStream(bytes(XML)), reading(reader));
    assertClientsFault(400, cut);
    ClientFaultTest other = new ClientFaultTest();
    IOException reset = new IOException("Connection reset");
    Outcome broken = other.run(failing(XML, reset), reading(reader));
    other.assertClientsFault(400, broken);
    assertThat(other.log.toString()).contains("Connection reset");
  }

  @Test
  void body_readAsItIs_isA400() {
    assertClientsFaultEitherWay(InputStream::readAllBytes);
  }

  @Test
  void body_wrappedTwice_isA400() {
    assertClientsFaultEitherWay(
        input -> {
          try {
            input.readAllBytes();
          } catch (IOException e) {
            throw new CompletionException(new UncheckedIOException("json", e));
          }
        });
  }

  @Test
  void body_readByDom_isA400() {
    assertClientsFaultEitherWay(
        input -> {
          javax.xml.parsers.DocumentBuilder builder =
              DocumentBuilderFactory.newInstance().newDocumentBuilder();
          builder.setErrorHandler(new DefaultHandler());
          builder.parse(input);
        });
  }

  @Test
  void body_readBySax_isA400() {
    assertClientsFaultEitherWay(
        input ->
            SAXParserFactory.newInstance()
                .newSAXParser()
                .parse(new InputSource(input), new DefaultHandler()));
  }

  @Test
  void body_readByStax_isA400() {
    assertClientsFaultEitherWay(
        input -> {
          XMLStreamReader reader = XMLInputFactory.newFactory().createXMLStreamReader(input);
          while (reader.hasNext()) {
            reader.next();
          }
        });
  }

  @Test
  void body_readWhileTheResponseIsWritten_isA400() {
    Outcome outcome =
        run(
            new ByteArrayInputStream(bytes("short")),
            (environ, start) -> {
              start.start(200, Headers.of("Content-Type", "text/html"));
              return Body.writing(out -> environ.input().transferTo(out));
            });
    assertClientsFault(400, outcome);
  }

  @Test
  void body_shortAfterTheCommit_cutsTheResponseInOneLine() {
    Outcome outcome =
        run(
            new ByteArrayInputStream(bytes("short")),
            (environ, start) -> {
              start.start(200, Headers.of("Content-Type", "text/html"));
              return Body.writing(
                  out -> {
                    out.flush();
                    environ.input().transferTo(out);
                  });
            });
    assertThat(outcome.status()).isEqualTo(200);
    assertThat(outcome.complete()).isFalse();
    assertThat(log.toString())
        .isEqualToNormalizingNewlines(
            "postern: 200 for Environ[POST \"\"] was cut, too late for 400:"
                + " request body must have 99999 bytes: 5 came\n");
  }

  @Test
  void body_late_isA408() {
    IOException late = new SocketTimeoutException("Read timed out");
    assertClientsFault(408, run(failing("", late), reading(InputStream::read)));
  }

  @Test
  void body_refusedByItsGateway_isWhatThatSays() {
    GatewayException refused = new GatewayException(413, "request body must be small");
    Outcome outcome = run(failing("", refused), reading(InputStream::readAllBytes));
    assertClientsFault(413, outcome);
    assertThat(outcome.failure()).isSameAs(refused);
  }

  // ---- the application's own ----

  private void assertOwnBug(Outcome outcome, Throwable failure) {
    assertThat(outcome.status()).isEqualTo(500);
    assertThat(outcome.failure()).isSameAs(failure);
    assertThat(log.toString()).contains("failed", "\tat ");
  }

  @Test
  void endOfAnotherFile_isA500() {
    EOFException own = new EOFException("config.bin");
    assertOwnBug(
        run(
            new ByteArrayInputStream(new byte[99999]),
            reading(
                input -> {
                  input.readAllBytes();
                  throw own;
                })),
        own);
  }

  @Test
  void bugAfterAShortBodyThatWasHandled_isA500() {
    RuntimeException bug = new IllegalStateException("bug");
    assertOwnBug(
        run(
            new ByteArrayInputStream(bytes("short")),
            reading(
                input -> {
                  try {
                    input.readAllBytes();
                  } catch (EOFException e) {
                    throw bug;
                  }
                })),
        bug);
  }

  @Test
  void interrupt_isNobodysFault() {
    InterruptedIOException interrupted = new InterruptedIOException("told to end");
    assertOwnBug(run(failing("", interrupted), reading(InputStream::read)), interrupted);
  }

  @Test
  void circleOfCauses_ends() {
    Exception one = new Exception("one");
    Exception two = new Exception("two", one);
    one.initCause(two);
    assertOwnBug(
        run(
            new ByteArrayInputStream(new byte[9]),
            reading(
                input -> {
                  throw one;
                })),
        one);
  }
}
