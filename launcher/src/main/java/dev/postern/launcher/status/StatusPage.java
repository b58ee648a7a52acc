package dev.postern.launcher.status;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Responder;
import dev.postern.Response;
import dev.postern.launcher.http.OwnMachine;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.Networks;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Serves {@code --status}: a live page, and {@code json} and {@code metrics} below it. Only clients
 * of this machine see them, unless the user named others. Thread-safe.
 */
public final class StatusPage implements Responder {
  /** The word for clients that connect to a Unix socket of the server. */
  private static final String UNIX = "unix";

  private static final Headers COMMON =
      Headers.of(
          "Cache-Control",
          "no-store",
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
              + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

  private final Board board;
  private final @Nullable Networks clients;
  private final boolean socket;

  private StatusPage(Board board, @Nullable Networks clients, boolean socket) {
    this.board = board;
    this.clients = clients;
    this.socket = socket;
  }

  /**
   * Returns the page of that board.
   *
   * @param clients addresses and networks that see the page, and {@code unix} for clients that
   *     connect to a Unix socket; empty for this machine alone
   * @throws IllegalArgumentException when one is no address
   */
  public static Application of(Board board, List<String> clients) {
    List<String> networks = clients.stream().filter(client -> !client.equals(UNIX)).toList();
    return Application.of(
        new StatusPage(
            board,
            networks.isEmpty() ? null : Networks.of("client", networks),
            clients.contains(UNIX)));
  }

  @Override
  public Response respond(Environ request) {
    if (!isLetIn(request)) {
      return text(403, "403 Forbidden: the status is for this machine alone; see --status-from\n");
    }
    if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
      return text(405, "405 Method Not Allowed\n").withHeader("Allow", "GET, HEAD");
    }
    return switch (request.pathInfo()) {
      case "" -> slash(request);
      case "/" -> resource("status.html", "text/html; charset=utf-8");
      case "/status.css" -> resource("status.css", "text/css; charset=utf-8");
      case "/status.js" -> resource("status.js", "text/javascript; charset=utf-8");
      case "/icon.svg" -> resource("icon.svg", "image/svg+xml");
      case "/json" -> answer(200, "application/json", Body.of(Snapshot.of(board).json() + "\n"));
      case "/metrics" ->
          answer(
              200,
              "text/plain; version=0.0.4; charset=utf-8",
              Body.of(Metrics.of(Snapshot.of(board))));
      default -> text(404, "404 Not Found\n");
    };
  }

  private static Response slash(Environ request) {
    String path = Ascii.encodedPath(request.variable("SCRIPT_NAME") + "/");
    String query = request.queryString();
    return text(308, "308 Permanent Redirect\n")
        .withHeader("Location", query.isEmpty() ? path : path + "?" + query);
  }

  private boolean isLetIn(Environ request) {
    if (clients == null && !socket) {
      return OwnMachine.isFrom(request);
    }
    return clients != null && clients.contains(request.remoteAddr())
        || socket && OwnMachine.isFromSocket(request);
  }

  private static Response text(int status, String text) {
    return answer(status, "text/plain; charset=utf-8", Body.of(text));
  }

  private static Response answer(int status, String type, Body body) {
    return Response.of(status, COMMON.plus("Content-Type", type), body);
  }

  private static Response resource(String name, String type) {
    try (InputStream in = StatusPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource must exist: " + name);
      }
      return answer(200, type, Body.of(in.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
