package dev.postern.web.sample;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.web.Files;
import dev.postern.web.Limits;
import dev.postern.web.Multipart;
import dev.postern.web.Parameters;
import dev.postern.web.Part;
import dev.postern.web.Request;
import dev.postern.web.Responses;
import dev.postern.web.Router;
import dev.postern.web.UrlMap;
import dev.postern.web.middleware.Csrf;
import dev.postern.web.middleware.ETag;
import dev.postern.web.middleware.Gzip;
import dev.postern.web.middleware.SecureHeaders;
import dev.postern.web.middleware.Session;
import dev.postern.web.middleware.SessionStore;
import dev.postern.web.middleware.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest book: a form with an upload, a session that remembers the guest's name, static files. All
 * that it keeps is in a directory, so that one class is a servlet, a FastCGI server, which both
 * stay in memory, and a CGI executable, where each request is a process.
 */
public final class GuestBook implements Application {
  private static final Limits LIMITS =
      Limits.of().withFileBytes(300_000_000).withMultipartBytes(300_000_000);

  private final Path directory;
  private final Application site;

  /**
   * For gateways that create it by name: the system property {@code guestbook} is its directory.
   */
  public GuestBook() throws IOException {
    this(Path.of(System.getProperty("guestbook")));
  }

  GuestBook(Path directory) throws IOException {
    this.directory = directory;
    java.nio.file.Files.createDirectories(directory.resolve("static"));
    java.nio.file.Files.createDirectories(directory.resolve("pictures"));
    java.nio.file.Files.writeString(
        directory.resolve("static/style.css"), "h1 { color: rgb(1, 2, 3) }\n");
    Router pages = Router.builder().get("/", this::show).post("/sign", this::sign).build();
    site =
        UrlMap.builder()
            .mount("/static", Files.under(directory.resolve("static")))
            .mount("/pictures", Files.under(directory.resolve("pictures")))
            .mount("", pages)
            .build()
            .with(
                SecureHeaders.of(),
                Gzip.of(),
                ETag.of(),
                Sessions.builder(SessionStore.inFiles(directory.resolve("sessions"))).build(),
                Csrf.of(LIMITS));
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return site.call(environ, startResponse);
  }

  private Response show(Environ environ) throws IOException {
    Request request = Request.of(environ);
    String name = Session.of(environ).get("name");
    StringBuilder page = new StringBuilder("<!DOCTYPE html><title>Guest book</title>");
    page.append("<link rel=stylesheet href='").append(request.link("/static/style.css"));
    page.append("'><h1>Guest book</h1><ul>");
    for (Parameters entry : entries()) {
      page.append("<li><b>").append(escaped(entry.get("name", ""))).append("</b>: ");
      page.append(escaped(entry.get("text", "")));
      String picture = entry.get("picture");
      if (picture != null) {
        page.append(" <a href='").append(request.link("/pictures/" + picture)).append("'>");
        page.append(escaped(entry.get("file", ""))).append("</a> ").append(entry.get("size"));
      }
    }
    page.append("</ul><form method=post enctype=multipart/form-data action='");
    page.append(request.link("/sign")).append("'><input name=name value=\"");
    page.append(escaped(name == null ? "" : name)).append("\"><textarea name=text></textarea>");
    page.append("<input type=file name=picture><input type=hidden name=_csrf value=\"");
    page.append(Csrf.token(environ)).append("\"><button>Sign</button></form>");
    return Responses.html(page.toString());
  }

  private Response sign(Environ environ) throws IOException {
    Request request = Request.of(environ, LIMITS);
    Multipart form = request.multipart();
    String name = form.fields().required("name");
    Parameters entry = Parameters.of("name", name, "text", form.fields().required("text"));
    Part picture = form.file("picture");
    if (picture != null) {
      String id = java.util.UUID.randomUUID() + ".png";
      entry = entry.plus("picture", id).plus("file", String.valueOf(picture.fileName()));
      entry = entry.plus("size", Long.toString(picture.size()));
      picture.moveTo(directory.resolve("pictures").resolve(id));
    }
    java.nio.file.Files.writeString(
        directory.resolve("entries"),
        entry.encoded() + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    Session.of(environ).put("name", name);
    return Responses.seeOther(request.link("/"));
  }

  private List<Parameters> entries() throws IOException {
    List<Parameters> entries = new ArrayList<>();
    Path file = directory.resolve("entries");
    if (java.nio.file.Files.exists(file)) {
      for (String line : java.nio.file.Files.readAllLines(file)) {
        entries.add(Parameters.parse(line));
      }
    }
    return entries;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
