package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.launcher.values.LauncherException;
import dev.postern.scgi.ScgiGateway;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern fcgi} and {@code postern scgi}: serve an application to a web server. */
abstract class GatewayCommand implements Callable<Integer> {
  private static final String ENDS =
      "On SIGTERM or SIGUSR1 it finishes the running requests within 30 s, and ends. A second "
          + "SIGTERM ends it at once, with exit code 1.";

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--classpath",
      paramLabel = "CP",
      description =
          "Where CLASS is, in the form of java -cp. Default: the class path of the command.")
  @Nullable String classpath;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      required = true,
      description =
          "Where to listen: HOST:PORT, unix:PATH, or fd:0 for a listening socket that the "
              + "process inherits. Port 0 is any free port.")
  String listen = "";

  @Option(
      names = "--socket-mode",
      paramLabel = "MODE",
      description = "The mode of the file of a Unix socket, in octal. Default: 0600.")
  @Nullable String socketMode;

  @Parameters(
      paramLabel = "CLASS",
      description =
          "A class with a public constructor without arguments that is an Application or a "
              + "Responder, or CLASS::FIELD, a public static field.")
  String className = "";

  /**
   * A gateway that has begun to listen.
   *
   * @param close stops the gateway; requests that run are finished
   */
  record Gateway(String address, Runnable close) {}

  /**
   * Starts the gateway.
   *
   * @param errors where errors go, or null to send them to the web server over the protocol
   */
  abstract Gateway open(Application application, @Nullable PrintWriter errors) throws IOException;

  @Override
  public Integer call() throws InterruptedException {
    if (socketMode != null && !listen.startsWith("unix:")) {
      throw LauncherException.badArgument("--socket-mode must come with --listen unix:PATH");
    }
    // The constructor of the application may take long. A signal that comes meanwhile is handled
    // after that.
    Signals signals = Signals.install(false);
    Application application = ApplicationLoader.of(classpath).load(className);
    try {
      serve(application, signals);
    } finally {
      if (application instanceof AutoCloseable closeable) {
        Site.close(closeable);
      }
    }
    return 0;
  }

  /** Serves until a signal ends this. Requests that run are finished. */
  private void serve(Application application, Signals signals) throws InterruptedException {
    // With fd:0 a web server has started this process, and logs the errors that it gets over the
    // protocol.
    boolean inherited = listen.equals("fd:0");
    PrintWriter errors =
        inherited ? null : new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    Gateway gateway;
    try {
      gateway = open(application, errors);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      // Our own exceptions say what is wrong. An exception of the JDK may only name a file.
      String reason = e.getClass() == IOException.class ? e.getMessage() : e.toString();
      throw LauncherException.failed("cannot listen at " + listen + ": " + reason);
    }
    if (spec != null) {
      PrintWriter out = spec.commandLine().getOut();
      out.println("postern: listening on " + gateway.address());
      out.flush();
    }
    try {
      signals.await();
    } finally {
      gateway.close().run();
    }
  }

  /** Serves over FastCGI. */
  @Command(
      name = "fcgi",
      description = {"Serve one application to a web server over FastCGI.", ENDS})
  static final class FastCgi extends GatewayCommand {
    @Override
    Gateway open(Application application, @Nullable PrintWriter errors) throws IOException {
      FastCgiGateway.Builder builder = FastCgiGateway.builder(application).listen(listen);
      if (socketMode != null) {
        builder.socketMode(socketMode);
      }
      if (errors != null) {
        builder.errors(errors);
      }
      FastCgiGateway gateway = builder.open();
      return new Gateway(gateway.address(), gateway::close);
    }
  }

  /** Serves over SCGI. */
  @Command(
      name = "scgi",
      description = {"Serve one application to a web server over SCGI.", ENDS})
  static final class Scgi extends GatewayCommand {
    @Override
    Gateway open(Application application, @Nullable PrintWriter errors) throws IOException {
      ScgiGateway.Builder builder = ScgiGateway.builder(application).listen(listen);
      if (socketMode != null) {
        builder.socketMode(socketMode);
      }
      if (errors != null) {
        builder.errors(errors);
      }
      ScgiGateway gateway = builder.open();
      return new Gateway(gateway.address(), gateway::close);
    }
  }
}
