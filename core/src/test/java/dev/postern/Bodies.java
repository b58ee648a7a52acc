package dev.postern;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Reads bodies both ways, and makes them from steps. */
public final class Bodies {
  private Bodies() {}

  /** One step of a body's iterator: gives the next block, and may fail. */
  @FunctionalInterface
  public interface Step {
    byte[] next() throws Throwable;
  }

  /** A body whose iterator takes these steps, one for each block. */
  public static Body steps(Step... steps) {
    return () ->
        new Iterator<>() {
          private int taken;

          @Override
          public boolean hasNext() {
            return taken < steps.length;
          }

          @Override
          public ByteBuffer next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            try {
              return ByteBuffer.wrap(steps[taken++].next());
            } catch (Throwable e) {
              throw Sneaky.<RuntimeException>rethrow(e);
            }
          }
        };
  }

  /** A step that gives a text's bytes. */
  public static Step text(String text) {
    return () -> bytes(text);
  }

  /** A step that fails. */
  public static Step fail(Throwable error) {
    return () -> {
      throw error;
    };
  }

  public static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The blocks of the iterator, as text. */
  public static List<String> blocks(Body body) {
    List<String> blocks = new ArrayList<>();
    for (ByteBuffer block : body) {
      blocks.add(StandardCharsets.UTF_8.decode(block).toString());
    }
    return blocks;
  }

  /** All bytes of the iterator. */
  public static byte[] pulled(Body body) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (ByteBuffer block : body) {
      Blocks.write(block, out);
    }
    return out.toByteArray();
  }

  /** All bytes of {@code writeTo}. */
  public static byte[] pushed(Body body) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    body.writeTo(out);
    return out.toByteArray();
  }
}
