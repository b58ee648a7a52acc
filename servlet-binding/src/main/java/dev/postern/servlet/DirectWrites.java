package dev.postern.servlet;

import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Calls {@code ServletOutputStream.write(ByteBuffer)}, which came with Servlet 6.1. By this method
 * a container passes a block outside the heap to its socket as it is. This module is compiled for
 * Servlet 6.0, so it finds the method at run time.
 */
final class DirectWrites {
  private static final @Nullable MethodHandle WRITE = find();

  private DirectWrites() {}

  static boolean areSupported() {
    return WRITE != null;
  }

  /** Blocks until the container has taken all of it. */
  static void write(ServletOutputStream out, ByteBuffer block) throws IOException {
    if (WRITE == null) {
      throw new IllegalStateException("container must have Servlet 6.1");
    }
    try {
      WRITE.invokeExact(out, block);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("container must take the response", e);
    }
  }

  private static @Nullable MethodHandle find() {
    try {
      return MethodHandles.publicLookup()
          .findVirtual(
              ServletOutputStream.class,
              "write",
              MethodType.methodType(void.class, ByteBuffer.class));
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }
}
