package dev.postern.launcher.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/**
 * Writes Jetty's own errors with the fixed text of the engine's errors: no path, no stack, no name
 * of a server. This class answers what is no HTTP at all, and what the servlet reports by {@code
 * sendError}.
 */
public final class FixedErrors extends ErrorHandler {
  private static final HttpField TEXT =
      new HttpField(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");

  private static final int RETRY_AFTER_SECONDS = 1;

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    byte[] text = text(response.getStatus());
    response.getHeaders().put(TEXT);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, text.length);
    if (response.getStatus() == 503) {
      response.getHeaders().put(HttpHeader.RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    if (request.getMethod().equals("HEAD")) {
      response.write(true, null, callback);
    } else {
      response.write(true, ByteBuffer.wrap(text), callback);
    }
    return true;
  }

  private static byte[] text(int status) {
    String phrase = dev.postern.Response.reasonPhrase(status);
    return (status + " " + phrase).trim().concat("\n").getBytes(StandardCharsets.US_ASCII);
  }
}
