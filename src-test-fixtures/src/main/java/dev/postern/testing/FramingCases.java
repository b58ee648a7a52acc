package dev.postern.testing;

import static dev.postern.testing.Capability.CONTENT_LENGTH;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.answers;
import static dev.postern.testing.ContractCases.body;
import static dev.postern.testing.ContractCases.pattern;
import static dev.postern.testing.ContractCases.writeAscii;
import static dev.postern.testing.ContractCases.writes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** Where a response's body begins and ends. */
final class FramingCases {
  private static final Headers SIX = TEXT.plus("Content-Length", "6");

  private FramingCases() {}

  static List<ContractCase> all() {
    return Stream.concat(lengths().stream(), bytes().stream()).toList();
  }

  private static List<ContractCase> lengths() {
    return List.of(
        length("send the length of bytes", answers(200, TEXT, body("12345678")), "8"),
        length("send the length of no bytes", answers(404, TEXT, Body.empty()), "0"),
        length(
            "send the length of what was written",
            writes(
                TEXT,
                out -> {
                  for (int i = 0; i < 100; i++) {
                    writeAscii(out, "0123456789");
                  }
                }),
            "1000"),
        length(
            "send the length of a large body that is known",
            answers(200, TEXT, Body.of(pattern(100_000))),
            "100000"),
        new ContractCase(
                "G21",
                "send a file with its length",
                (environ, start, witness) -> {
                  Path file = Files.write(Path.of(witness.name() + ".file"), pattern(50_000));
                  Witness.setMode(file, "rw-rw-rw-");
                  start.start(200, TEXT);
                  return Body.of(file);
                },
                trial -> {
                  TestResponse response = trial.get("/");
                  assertThat(response.body()).isEqualTo(pattern(50_000));
                  assertThat(response.header("Content-Length")).isEqualTo("50000");
                })
            .needs(CONTENT_LENGTH),
        new ContractCase(
            "G24",
            "send the response whole that has early hints and trailers",
            (environ, start, witness) -> {
              start.earlyHints(Headers.of("Link", "</a.css>; rel=preload"));
              start.start(200, TEXT);
              return Body.of("body").withTrailers(() -> Headers.of("X-Sum", "4"));
            },
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.status()).isEqualTo(200);
              assertThat(response.text()).isEqualTo("body");
              assertThat(response.isComplete()).isTrue();
              assertThat(response.header("Link")).isNull();
            }),
        new ContractCase(
                "G22",
                "end a response at its Content-Length",
                (environ, start, witness) -> {
                  start.start(200, SIX);
                  return Body.writing(
                      out -> {
                        try {
                          writeAscii(out, "sixsix and more");
                        } catch (IOException e) {
                          witness.note("refused");
                          throw e;
                        }
                      });
                },
                trial -> {
                  checkSixTwice(trial);
                  assertThat(trial.notes()).containsExactly("refused");
                })
            .breaks("A10"),
        new ContractCase(
                "G22",
                "end a flushed response at its Content-Length",
                writes(
                    SIX,
                    out -> {
                      writeAscii(out, "six");
                      out.flush();
                      writeAscii(out, "six and more");
                    }),
                FramingCases::checkSixTwice)
            .breaks("A10"),
        new ContractCase(
                "G23",
                "cut a response that is shorter than its Content-Length",
                writes(
                    SIX,
                    out -> {
                      writeAscii(out, "six");
                      out.flush();
                    }),
                trial -> {
                  TestResponse response = trial.get("/");
                  assertThat(response.isComplete()).isFalse();
                  assertThat(response.text()).isIn("six", "");
                  assertThat(trial.outcome()).startsWith("200 3 incomplete");
                })
            .needs(CONTENT_LENGTH)
            .breaks("A10"),
        new ContractCase(
                "G23",
                "answer 500 when too few bytes came and none was sent",
                (environ, start, witness) -> {
                  start.start(200, SIX);
                  return Body.writing(out -> writeAscii(out, "six"));
                },
                trial -> {
                  TestResponse response = trial.get("/");
                  assertThat(response.status()).isEqualTo(500);
                  assertThat(response.text()).doesNotContain("six");
                  assertThat(response.isComplete()).isTrue();
                })
            .breaks("A10"));
  }

  private static void checkSixTwice(Trial trial) throws IOException {
    TestRequest request = TestRequest.get("/");
    for (TestResponse response : trial.sendInTurn(request, request)) {
      assertThat(response.text()).isEqualTo("sixsix");
      assertThat(response.isComplete()).isTrue();
    }
  }

  private static ContractCase length(String must, ContractCase.App app, String length) {
    return new ContractCase(
            "G21",
            must,
            app,
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.header("Content-Length")).isEqualTo(length);
              assertThat(response.body()).hasSize(Integer.parseInt(length));
              assertThat(response.isComplete()).isTrue();
            })
        .needs(CONTENT_LENGTH);
  }

  private static List<ContractCase> bytes() {
    return List.of(
        sends(
            "send 1 MiB of unknown length",
            writes(TEXT, out -> out.write(pattern(1 << 20))),
            1 << 20),
        sends(
            "send what is written byte by byte",
            writes(
                TEXT,
                out -> {
                  for (byte b : pattern(20_000)) {
                    out.write(b);
                  }
                }),
            20_000),
        sends(
            "send parts of arrays, flushed between",
            writes(
                TEXT,
                out -> {
                  byte[] all = pattern(30_000);
                  for (int i = 0; i < all.length; i += 1000) {
                    out.write(all, i, 1000);
                    if (i % 3000 == 0) {
                      out.flush();
                    }
                  }
                }),
            30_000),
        sends(
            "send the blocks of an iterator, whatever buffers they are in",
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return blocks(pattern(10_000));
            },
            10_000),
        sends(
            "send the bytes of a stream",
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return Body.of(new ByteArrayInputStream(pattern(70_000)));
            },
            70_000),
        new ContractCase(
            "G24",
            "translate no byte",
            answers(200, Headers.of("Content-Type", "text/plain"), Body.of(allBytes())),
            trial -> assertThat(trial.get("/").body()).isEqualTo(allBytes())),
        new ContractCase(
            "G24",
            "mark the end of a flushed body of no bytes",
            writes(TEXT, out -> out.flush()),
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.body()).isEmpty();
              assertThat(response.isComplete()).isTrue();
            }));
  }

  private static ContractCase sends(String must, ContractCase.App app, int size) {
    return new ContractCase(
        "G24",
        must,
        app,
        trial -> {
          TestResponse response = trial.get("/");
          assertThat(response.body()).isEqualTo(pattern(size));
          assertThat(response.isComplete()).isTrue();
        });
  }

  /** Returns a body in blocks that are empty, read-only, direct, and slices of others. */
  private static Body blocks(byte[] all) {
    List<ByteBuffer> blocks = new ArrayList<>();
    for (int i = 0; i < all.length; i += 1000) {
      ByteBuffer slice = ByteBuffer.wrap(all, i, 1000);
      int kind = i / 1000 % 4;
      ByteBuffer direct = ByteBuffer.allocateDirect(1000).put(slice.duplicate()).flip();
      blocks.add(
          switch (kind) {
            case 0 -> slice;
            case 1 -> slice.asReadOnlyBuffer();
            case 2 -> direct;
            default -> slice.slice();
          });
      blocks.add(ByteBuffer.allocate(0));
    }
    return new Body() {
      @Override
      public Iterator<ByteBuffer> iterator() {
        return blocks.iterator();
      }
    };
  }

  private static byte[] allBytes() {
    byte[] bytes = new byte[1024];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    byte[] ends = "\r\n\n\r\r\n.\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    byte[] both = Arrays.copyOf(bytes, bytes.length + ends.length);
    System.arraycopy(ends, 0, both, bytes.length, ends.length);
    return both;
  }
}
