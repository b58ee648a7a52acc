package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/** Applications that are installed in tests, and some that cannot be. */
public final class InstallApps {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain; charset=utf-8");

  private InstallApps() {}

  /** Says what it is asked for by the path. */
  public static final class Telling implements Application {
    private int calls;

    /** As a connection pool does, on request. */
    public Telling() {
      if (Boolean.getBoolean("thread")) {
        new Thread(LockSupport::park, "of-the-application").start();
      }
    }

    @Override
    public Body call(Environ environ, StartResponse response) throws Exception {
      response.start(200, TEXT);
      calls++;
      return switch (environ.pathInfo()) {
        case "/pid" -> Body.of(Long.toString(ProcessHandle.current().pid()));
        case "/calls" -> Body.of(Integer.toString(calls));
        case "/once" -> Body.of(String.valueOf(environ.get("postern.run_once")));
        case "/getenv" -> Body.of(new TreeMap<>(System.getenv()).toString());
        case "/size" -> Body.of(Integer.toString(environ.input().readAllBytes().length));
        case "/filler" -> Body.of(Integer.toString(fillers(environ)));
        case "/large" -> Body.of("large\n".repeat(200_000));
        case "/warn" -> warn(environ);
        case "/flood" -> flood();
        case "/silent" -> new Silent(Path.of(environ.queryString()));
        case "/endless" -> new Endless(Path.of(environ.queryString()));
        case "/halt" -> halt(Path.of(environ.queryString()), Body.empty());
        case "/halfway" -> halfway(Path.of(environ.queryString()));
        case "/moved" -> moved(response);
        case "/hook" -> hook(environ);
        default -> Body.of("hello\n");
      };
    }

    private static int fillers(Environ environ) {
      int length = 0;
      for (int i = 0; environ.get("HTTP_X_FILLER_" + i) instanceof String filler; i++) {
        length += filler.length();
      }
      return length;
    }

    private static Body warn(Environ environ) {
      environ.errors().println("a warning: \u00e9");
      System.out.println("noise");
      return Body.of("warned\n");
    }

    /** Whole before its hook ends, which waits for a file, but not for ever. */
    private static Body hook(Environ environ) {
      Path directory = Path.of(environ.queryString());
      environ.onFinish(
          outcome -> {
            note(directory.resolve("began"), "");
            for (int i = 0; i < 2000 && !Files.exists(directory.resolve("go")); i++) {
              LockSupport.parkNanos(10_000_000);
            }
            note(directory.resolve("ended"), "");
          });
      return Body.of("answer\n");
    }

    /** More than the log may have. */
    private static Body flood() {
      for (int i = 0; i < 1200; i++) {
        System.err.println("flood".repeat(200));
      }
      return Body.of("flooded\n");
    }

    private static Body halt(Path calls, Body body) {
      note(calls, "called");
      Runtime.getRuntime().halt(9);
      return body;
    }

    /** As a middleware answers an error. */
    private static Body moved(StartResponse response) {
      Headers there = Headers.of("Location", "http://localhost/there");
      response.start(302, there, new IllegalStateException("not here"));
      return Body.empty();
    }

    private static Body halfway(Path calls) {
      return Body.writing(
          out -> {
            out.write('h');
            out.flush();
            halt(calls, Body.empty());
          });
    }
  }

  /** Fails when it is created. */
  public static final class Failing implements Application {
    public Failing() {
      throw new IllegalStateException("no database here");
    }

    @Override
    public Body call(Environ environ, StartResponse response) {
      return Body.empty();
    }
  }

  /** No application. */
  public static final class Other {}

  /** Cannot be created. */
  public abstract static class Abstract implements Application {}

  /** Cannot be created without arguments. */
  public static final class Demanding implements Application {
    public Demanding(String needed) {}

    @Override
    public Body call(Environ environ, StartResponse response) {
      return Body.empty();
    }
  }

  private static void note(Path file, String line) {
    try {
      Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A block, and then nothing. Notes its close. */
  private static final class Silent implements Body {
    private final Path file;

    Silent(Path file) {
      this.file = file;
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return new Iterator<>() {
        private boolean begun;

        @Override
        public boolean hasNext() {
          if (begun) {
            try {
              Thread.sleep(120_000);
            } catch (InterruptedException e) {
              throw new IllegalStateException("interrupted", e);
            }
            return false;
          }
          return true;
        }

        @Override
        public ByteBuffer next() {
          if (begun) {
            throw new NoSuchElementException();
          }
          begun = true;
          return ByteBuffer.wrap(new byte[] {'s', '\n'});
        }
      };
    }

    @Override
    public void close() throws IOException {
      note(file, "closed");
    }
  }

  /** Never ends. Notes its close. */
  private static final class Endless implements Body {
    private final Path file;

    Endless(Path file) {
      this.file = file;
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return true;
        }

        @Override
        public ByteBuffer next() {
          return ByteBuffer.wrap(new byte[8192]);
        }
      };
    }

    @Override
    public void close() throws IOException {
      note(file, "closed");
    }
  }
}
