package dev.postern.testing;

import static dev.postern.testing.Capability.DISCONNECT;
import static dev.postern.testing.Capability.STREAMED_HEAD;
import static dev.postern.testing.Capability.STREAMED_RESPONSE;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.writeAscii;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Environ;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;

/**
 * What arrives while the application still makes the response, and a client that does not wait for
 * the end.
 */
final class StreamingCases {
  private StreamingCases() {}

  static List<ContractCase> all() {
    return List.of(
        streams(
            "have handed the bytes on when flush returns",
            witness ->
                Body.writing(
                    out -> {
                      writeAscii(out, "one ");
                      out.flush();
                      witness.awaitGo();
                      writeAscii(out, "two");
                    })),
        streams(
            "send each block of an iterator before it asks for the next", StreamingCases::blocks),
        streams(
            "send what a stream has at once",
            witness -> Body.of(new SlowStream(witness, "one two"))),
        new ContractCase(
                "G25",
                "send the head at a flush without bytes",
                (environ, start, witness) -> {
                  start.start(202, TEXT);
                  return Body.writing(
                      out -> {
                        out.flush();
                        witness.awaitGo();
                        writeAscii(out, "later");
                      });
                },
                trial -> {
                  try (GatewayClient.Conversation talk = trial.open(TestRequest.get("/"))) {
                    talk.endRequest();
                    assertThat(talk.status()).isEqualTo(202);
                    trial.witness().go();
                    TestResponse response = talk.finish();
                    assertThat(response.text()).isEqualTo("later");
                    assertThat(response.isComplete()).isTrue();
                  }
                })
            .needs(STREAMED_RESPONSE, STREAMED_HEAD),
        new ContractCase(
                "G26",
                "tell an application that writes that its client is gone",
                (environ, start, witness) -> {
                  environ.onCancel(() -> witness.note("cancelled"));
                  start.start(200, TEXT);
                  return endless(environ, witness);
                },
                trial -> {
                  GatewayClient.Conversation talk = trial.open(TestRequest.get("/"));
                  talk.read(10);
                  talk.close();
                  // A hook may run on another thread, beside the end of the request.
                  trial.witness().awaitNote("cancelled", trial.patience());
                  assertThat(trial.notes())
                      .containsExactlyInAnyOrder("cancelled", "threw", "is cancelled", "closed");
                  assertThat(trial.outcome()).startsWith("200 ").contains(" incomplete ");
                })
            .needs(DISCONNECT, STREAMED_RESPONSE));
  }

  private interface Streamed {
    Body body(Witness witness);
  }

  /**
   * Makes a case in which the client must get the first four bytes before the application makes
   * more.
   */
  private static ContractCase streams(String must, Streamed streamed) {
    return new ContractCase(
            "G25",
            must,
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return streamed.body(witness);
            },
            trial -> {
              try (GatewayClient.Conversation talk = trial.open(TestRequest.get("/"))) {
                talk.endRequest();
                assertThat(new String(talk.read(4), StandardCharsets.US_ASCII)).isEqualTo("one ");
                trial.witness().go();
                TestResponse rest = talk.finish();
                assertThat(rest.text()).isEqualTo("two");
                assertThat(rest.isComplete()).isTrue();
              }
            })
        .needs(STREAMED_RESPONSE);
  }

  private static Body blocks(Witness witness) {
    return new Body() {
      @Override
      public Iterator<ByteBuffer> iterator() {
        return new Iterator<>() {
          private int given;

          @Override
          public boolean hasNext() {
            return given < 2;
          }

          @Override
          public ByteBuffer next() {
            if (given++ == 0) {
              return ByteBuffer.wrap("one ".getBytes(StandardCharsets.US_ASCII));
            }
            witness.awaitGo();
            return ByteBuffer.wrap("two".getBytes(StandardCharsets.US_ASCII));
          }
        };
      }
    };
  }

  /** A stream that has four bytes at once, and the others when the test lets it go on. */
  private static final class SlowStream extends InputStream {
    private final Witness witness;
    private final byte[] bytes;
    private int position;

    SlowStream(Witness witness, String text) {
      this.witness = witness;
      this.bytes = text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public int available() {
      return position < 4 ? 4 - position : 0;
    }

    @Override
    public int read() {
      if (position == 4) {
        witness.awaitGo();
      }
      return position == bytes.length ? -1 : bytes[position++];
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      int n = 0;
      do {
        int b = read();
        if (b < 0) {
          return n == 0 ? -1 : n;
        }
        target[offset + n++] = (byte) b;
      } while (n < length && available() > 0);
      return n;
    }
  }

  /** Returns a body that writes until the stream throws. */
  private static Body endless(Environ environ, Witness witness) {
    return new Body() {
      @Override
      public Iterator<ByteBuffer> iterator() {
        throw new UnsupportedOperationException("gateways write");
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        byte[] block = new byte[4096];
        try {
          while (true) {
            out.write(block);
            out.flush();
          }
        } catch (IOException e) {
          witness.note("threw");
          witness.note(environ.isCancelled() ? "is cancelled" : "is not cancelled");
          throw e;
        }
      }

      @Override
      public void close() {
        witness.note("closed");
      }
    };
  }
}
