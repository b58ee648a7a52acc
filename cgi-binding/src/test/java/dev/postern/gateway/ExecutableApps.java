package dev.postern.gateway;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiGateway;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Logger;

/** Applications for CGI executables that tests start; the first argument chooses one. */
public final class ExecutableApps {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain; charset=utf-8");

  private ExecutableApps() {}

  public static void main(String[] args) {
    Application application =
        switch (args[0]) {
          case "hello" -> new Hello();
          case "environ" -> ExecutableApps::environ;
          case "count" -> ExecutableApps::count;
          case "endless" -> ExecutableApps::endless;
          case "silent" -> ExecutableApps::silent;
          case "lingering" -> ExecutableApps::lingering;
          case "deaf" -> ExecutableApps::deaf;
          case "noisy" -> ExecutableApps::noisy;
          case "closing" -> ExecutableApps::closing;
          case "nostart" -> (environ, response) -> Body.of("x");
          case "refusing" -> ExecutableApps::refusing;
          case "thrown" ->
              (environ, response) -> {
                throw new HttpException(404, "no such page", Headers.of("X-Why", "none"));
              };
          case "untyped" -> ExecutableApps::untyped;
          case "nothing" -> ExecutableApps::nothing;
          case "local" -> (environ, response) -> located(response, "/x");
          case "network" -> (environ, response) -> located(response, "//example.com/x");
          case "client" -> (environ, response) -> located(response, "http://example.com/x");
          case "placed" -> (environ, response) -> with(response, "Location", "/x");
          case "opening" -> ExecutableApps::opening;
          case "fields" -> ExecutableApps::fields;
          case "splitting" -> (environ, response) -> with(response, "X-A", "b\r\nX-C: d");
          case "hop" -> (environ, response) -> with(response, "Connection", "keep-alive");
          case "status" -> ExecutableApps::status;
          case "short" -> ExecutableApps::shortBody;
          case "failing" -> ExecutableApps::failing;
          default -> throw new IllegalArgumentException(args[0]);
        };
    if (args.length > 1 && args[1].equals("--max-body")) {
      CgiGateway.builder(application).maxBody(Long.parseLong(args[2])).build().runAndExit();
    }
    CgiGateway.main(application);
  }

  /** Has sent all that it declared, and does not end before it is told to. */
  private static Body lingering(Environ environ, StartResponse startResponse) {
    environ.onFinish(
        outcome -> {
          environ.errors().println("whole: " + outcome.complete());
          environ.errors().flush();
        });
    CountDownLatch told = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(told::countDown));
    startResponse.start(200, Headers.of("Content-Type", "text/plain", "Content-Length", "6"));
    return Body.writing(
        out -> {
          out.write("first\n".getBytes(StandardCharsets.US_ASCII));
          out.flush();
          told.await();
        });
  }

  /** As few classes as an application can do with. */
  private static final class Hello implements Application {
    @Override
    public Body call(Environ environ, StartResponse response) {
      response.start(200, TEXT);
      return Body.of("Hello\n");
    }
  }

  /** {@code NAME=value NUL} for all that the application sees, and some of the JVM's properties. */
  private static Body environ(Environ environ, StartResponse response) {
    Map<String, Object> all = new TreeMap<>(environ);
    all.remove("postern.input");
    all.remove("postern.errors");
    for (String property : new String[] {"http.proxyHost", "https.proxyHost", "http.proxyPort"}) {
      all.put("property." + property, String.valueOf(System.getProperty(property)));
    }
    StringBuilder text = new StringBuilder();
    all.forEach((name, value) -> text.append(name).append('=').append(value).append('\0'));
    response.start(200, TEXT);
    return Body.of(text.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  private static Body count(Environ environ, StartResponse response) throws IOException {
    byte[] body = environ.input().readAllBytes();
    response.start(200, TEXT);
    return Body.of(body.length + ":" + new String(body, StandardCharsets.ISO_8859_1));
  }

  /** What a file has that is opened, written to, and there while errors are written. */
  private static Body opening(Environ environ, StartResponse response) throws IOException {
    Path path = Files.createTempFile("opening", ".txt");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.writeBytes("kept");
      System.err.println("an error");
      System.out.println("noise");
      environ.errors().println("another error");
      file.seek(0);
      byte[] bytes = new byte[(int) file.length()];
      file.readFully(bytes);
      response.start(200, TEXT);
      return Body.of(bytes);
    } finally {
      Files.delete(path);
    }
  }

  private static Body endless(Environ environ, StartResponse response) {
    response.start(200, TEXT);
    return new Told(
        () -> {
          byte[] block = new byte[8192];
          Arrays.fill(block, (byte) 'x');
          return ByteBuffer.wrap(block);
        });
  }

  /** One block, and then nothing until it is interrupted. */
  private static Body silent(Environ environ, StartResponse response) {
    response.start(200, TEXT);
    CountDownLatch never = new CountDownLatch(1);
    boolean[] begun = {false};
    return new Told(
        () -> {
          if (begun[0]) {
            never.await();
          }
          begun[0] = true;
          return ByteBuffer.wrap("first\n".getBytes(StandardCharsets.US_ASCII));
        });
  }

  /** One block, and then it computes and hears nothing. */
  private static Body deaf(Environ environ, StartResponse response) {
    response.start(200, TEXT);
    return Body.writing(
        out -> {
          out.write('f');
          out.flush();
          long n = 0;
          while (n >= 0) {
            n = (n + 1) % 1_000_000;
          }
        });
  }

  private static Body noisy(Environ environ, StartResponse response) {
    System.out.println("noise on System.out");
    Logger.getLogger("noise").severe("noise of a logger");
    System.out.flush();
    response.start(200, TEXT);
    return new Told(null) {
      @Override
      public void writeTo(OutputStream out) throws IOException {
        out.write("one\n".getBytes(StandardCharsets.US_ASCII));
        System.out.println("noise in the body");
        out.write("two\n".getBytes(StandardCharsets.US_ASCII));
      }

      @Override
      public void close() {
        System.out.println("noise in close");
      }
    };
  }

  private static Body closing(Environ environ, StartResponse response) {
    response.start(200, TEXT);
    return new Told(() -> null);
  }

  private static Body refusing(Environ environ, StartResponse response) {
    boolean allowed = environ.method().equals("GET");
    response.start(allowed ? 200 : 405, allowed ? TEXT : TEXT.with("Allow", "GET"));
    return Body.of(allowed ? "get\n" : "no\n");
  }

  private static Body untyped(Environ environ, StartResponse response) {
    response.start(200, Headers.of());
    return Body.of("bytes");
  }

  private static Body nothing(Environ environ, StartResponse response) {
    response.start(204, Headers.of("X-A", "b"));
    return Body.empty();
  }

  private static Body located(StartResponse response, String location) {
    response.start(302, Headers.of("Location", location, "X-More", "1"));
    return Body.empty();
  }

  private static Body fields(Environ environ, StartResponse response) {
    response.start(
        200,
        Headers.of(
            "X-First",
            "1",
            "Set-Cookie",
            "a=b",
            "X-CGI-Private",
            "p",
            "Set-Cookie",
            "c=d",
            "Content-Type",
            "text/html; charset=ISO-8859-15"));
    return Body.of("x");
  }

  private static Body with(StartResponse response, String name, String value) {
    response.start(200, TEXT.plus(name, value));
    return Body.of("x");
  }

  private static Body status(Environ environ, StartResponse response) {
    response.start(Integer.parseInt(environ.queryString()), TEXT);
    return Body.empty();
  }

  private static Body shortBody(Environ environ, StartResponse response) {
    response.start(200, TEXT.with("Content-Length", "10"));
    return Body.of(new byte[][] {"abc".getBytes(StandardCharsets.US_ASCII)});
  }

  private static Body failing(Environ environ, StartResponse response) {
    response.start(200, TEXT);
    return Body.writing(
        out -> {
          out.write("half".getBytes(StandardCharsets.US_ASCII));
          out.flush();
          throw new IllegalStateException("after the commit");
        });
  }

  private interface Blocks {
    ByteBuffer next() throws InterruptedException;
  }

  /** A body that tells on standard error when it is closed. */
  private static class Told implements Body {
    private final Blocks blocks;

    Told(Blocks blocks) {
      this.blocks = blocks;
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return new Iterator<>() {
        private ByteBuffer block;

        @Override
        public boolean hasNext() {
          try {
            block = blocks.next();
          } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
          }
          return block != null;
        }

        @Override
        public ByteBuffer next() {
          if (block == null) {
            throw new NoSuchElementException();
          }
          return block;
        }
      };
    }

    @Override
    public void close() {
      System.err.println("body closed");
    }
  }
}
