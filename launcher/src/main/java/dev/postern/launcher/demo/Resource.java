package dev.postern.launcher.demo;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Files beside this class in its jar. */
final class Resource {
  private Resource() {}

  /**
   * Returns the bytes of a file.
   *
   * @throws FileNotFoundException when there is no file of that name
   */
  static byte[] bytes(String name) throws IOException {
    try (InputStream in = open(name)) {
      return in.readAllBytes();
    }
  }

  /** Opens a file, which the caller closes. */
  static InputStream open(String name) throws IOException {
    InputStream in = Resource.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException("resource must exist: " + name);
    }
    return in;
  }

  /** Returns the text of a file. */
  static String text(String name) throws IOException {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }

  /** Returns an application that answers with a file. */
  static Application application(String name, String type) throws IOException {
    Body body = Body.of(bytes(name));
    Headers headers = Headers.of("Content-Type", type, "Cache-Control", "no-cache");
    return Application.of(environ -> Response.of(200, headers, body));
  }
}
