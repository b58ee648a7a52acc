package dev.postern.launcher.demo;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.install.CgiExecutable;
import dev.postern.cgi.install.WarmProcess;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.internal.Escapes;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Inspector} in each way that it can be deployed. The archives of executables take
 * seconds, so a separate thread installs them. Requests wait for it.
 */
final class Deployments implements AutoCloseable {
  private static final String MAIN = "dev.postern.launcher.Main";
  private static final Duration STOP = Duration.ofSeconds(5);

  private final Path library;
  private final FastCgiGateway server;
  private final FastCgiApplication client;
  private final Installed cold = new Installed();
  private final Installed warm = new Installed();
  private final Thread installer;

  /** Adds the routes, and begins to install executables below the directory. */
  Deployments(Path home, Map<String, Application> routes) throws IOException {
    library = Files.createDirectories(home.resolve("lib"));
    server =
        FastCgiGateway.builder(new Inspector("FastCGI server: this JVM answers many requests"))
            .listen("unix:" + home.resolve("fcgi.sock"))
            .open();
    Thread serving = new Thread(server::serve, "postern-demo-fastcgi");
    serving.setDaemon(true);
    serving.start();
    client = FastCgiApplication.of(server.address());
    routes.put("/app", new Inspector());
    routes.put("/fcgi/app", client);
    routes.put("/cgi/app", CgiApplication.builder(command()).build());
    routes.put("/installed/app", cold);
    routes.put("/warm/app", warm);
    Path executables = Files.createDirectories(home.resolve("executables"));
    installer = new Thread(() -> install(executables), "postern-demo-installer");
    installer.setDaemon(true);
    installer.start();
  }

  /**
   * Returns the command that starts the running JVM once more for a request, as the postern script
   * starts it.
   */
  private static List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:-UsePerfData");
    if (Runtime.version().feature() >= 25) {
      command.add("-XX:+UseSerialGC");
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(MAIN, "cgi", Inspector.class.getName()));
    return command;
  }

  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** Returns why there is no installed executable; null if there is one, or may still be. */
  @Nullable String coldMissing() {
    return cold.missing();
  }

  /** Returns why there is no warm executable; null if there is one, or may still be. */
  @Nullable String warmMissing() {
    return warm.missing();
  }

  private void install(Path directory) {
    install(cold, directory.resolve("installed"), builder());
    install(warm, directory.resolve("warm"), builder().warm());
  }

  private CgiExecutable.Builder builder() {
    return CgiExecutable.builder(Inspector.class.getName())
        .classPath(List.of(own()))
        .library(library);
  }

  /** Returns the jar, or the directory, that has the demo's classes. */
  static Path own() {
    try {
      return Path.of(Inspector.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void install(Installed target, Path file, CgiExecutable.Builder builder) {
    try {
      builder.build().install(file);
      target.is(CgiApplication.builder(file).build(), "");
    } catch (IOException | RuntimeException e) {
      target.is(null, "could not be installed: " + e.getMessage());
    }
  }

  /** Ends what was started. */
  @Override
  public void close() {
    installer.interrupt();
    try {
      TimeUnit.MILLISECONDS.timedJoin(installer, STOP.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    client.close();
    server.close();
    cold.close();
    warm.close();
    try {
      for (WarmProcess process : WarmProcess.of(library)) {
        process.stop(STOP);
      }
    } catch (IOException e) {
      // If nothing was installed, there is no warm server to stop.
    }
  }

  /** An executable that may still be in installation. Thread-safe. */
  private static final class Installed implements Application, AutoCloseable {
    private static final long PATIENCE = 60;

    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable CgiApplication application;
    private volatile String wrong = "is still being installed";

    void is(@Nullable CgiApplication made, String what) {
      application = made;
      wrong = what;
      done.countDown();
    }

    @Nullable String missing() {
      return done.getCount() == 0 && application == null ? text() : null;
    }

    private String text() {
      return "The executable " + Escapes.oneLine(wrong) + ".";
    }

    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      boolean waited = done.await(PATIENCE, TimeUnit.SECONDS);
      CgiApplication made = application;
      if (waited && made != null) {
        return made.call(environ, startResponse);
      }
      startResponse.start(503, Headers.of("Content-Type", "text/plain; charset=utf-8"));
      return Body.of(text() + "\n");
    }

    @Override
    public void close() {
      CgiApplication made = application;
      if (made != null) {
        made.close();
      }
    }
  }
}
