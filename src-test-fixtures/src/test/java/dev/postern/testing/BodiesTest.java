package dev.postern.testing;

import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The bodies of the interface keep the contract of bodies. */
class BodiesTest {
  private static final byte[] BYTES = ContractCases.pattern(150_000);

  @Nested
  class OfBytes extends BodyContract {
    @Override
    protected Body body() {
      return Body.of(BYTES, new byte[0], new byte[] {1, 2, 3});
    }
  }

  @Nested
  class OfText extends BodyContract {
    @Override
    protected Body body() {
      return Body.of("caf\u00e9 \u20ac");
    }
  }

  @Nested
  class Empty extends BodyContract {
    @Override
    protected Body body() {
      return Body.empty();
    }
  }

  @Nested
  class OfFile extends BodyContract {
    @TempDir Path directory;

    @Override
    protected Body body() throws IOException {
      return Body.of(Files.write(directory.resolve("file"), BYTES));
    }
  }

  @Nested
  class OfStream extends BodyContract {
    @Override
    protected Body body() {
      return Body.of(new ByteArrayInputStream(BYTES));
    }
  }

  @Nested
  class Writing extends BodyContract {
    @Override
    protected Body body() {
      return Body.writing(
          out -> {
            out.write(BYTES, 0, 10);
            out.flush();
            out.write(BYTES);
            out.write(7);
          });
    }
  }

  @Nested
  class InPlaceOfAnother extends BodyContract {
    @Override
    protected Body body() {
      return Response.of(200, Headers.of(), Body.empty()).withBody(Body.of(BYTES)).body();
    }
  }

  @Nested
  class OfAnIterator extends BodyContract {
    @Override
    protected Body body() {
      return new Body() {
        @Override
        public Iterator<ByteBuffer> iterator() {
          return List.of(
                  ByteBuffer.wrap(BYTES, 5, 1000),
                  ByteBuffer.allocate(0),
                  ByteBuffer.allocateDirect(9000))
              .iterator();
        }
      };
    }
  }
}
