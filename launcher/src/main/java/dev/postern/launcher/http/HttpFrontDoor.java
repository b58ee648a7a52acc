package dev.postern.launcher.http;

import dev.postern.servlet.ServletGateway;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.Callback;

/**
 * Makes connections that treat a request's head as RFC 9110 and RFC 9112 say, where Jetty has no
 * option for that. {@link RequestHead} has the rules; {@link HeadParser} reads the bytes and
 * applies the limits. Jetty's connection is made to be extended, but its module does not export it.
 * So an option of the compiler exports it, and the command runs from the class path.
 */
public final class HttpFrontDoor extends HttpConnectionFactory {
  private final ServerLimits limits;
  private final Semaphore longHeads;

  /** {@code longHeads} are the places for long heads in all connections of the server. */
  public HttpFrontDoor(HttpConfiguration configuration, ServerLimits limits, Semaphore longHeads) {
    super(configuration);
    this.limits = limits;
    this.longHeads = longHeads;
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    Door door = new Door(getHttpConfiguration(), connector, endPoint);
    door.setTransferEncodingChunkMaxLength(getTransferEncodingChunkMaxLength());
    return configure(door, connector, endPoint);
  }

  private final class Door extends HttpConnection {
    Door(HttpConfiguration configuration, Connector connector, EndPoint endPoint) {
      super(configuration, connector, endPoint);
    }

    /** Called by the constructor above. */
    @Override
    protected RequestHandler newRequestHandler() {
      return new Handler();
    }

    /** Called by the constructor above, after the handler was made. */
    @Override
    protected HttpParser newHttpParser(HttpCompliance compliance) {
      HttpConfiguration configuration = getHttpConfiguration();
      HttpParser parser = super.newHttpParser(compliance);
      HttpParser ours =
          new HeadParser((Handler) parser.getHandler(), compliance, limits, longHeads);
      ours.setHeaderCacheSize(configuration.getHeaderCacheSize());
      ours.setHeaderCacheCaseSensitive(configuration.isHeaderCacheCaseSensitive());
      return ours;
    }

    @Override
    protected HttpStreamOverHTTP1 newHttpStream(String method, String uri, HttpVersion version) {
      return new Stream(method, uri, version);
    }

    @Override
    public void onClose(Throwable cause) {
      ((HeadParser) getParser()).release();
      super.onClose(cause);
    }

    /** Hands the head on to Jetty as {@link RequestHead} has left it. */
    private final class Handler extends RequestHandler {
      private RequestHead head = new RequestHead(false);

      @Override
      public void startRequest(String method, String uri, HttpVersion version) {
        head = new RequestHead(isSecure());
        super.startRequest(method, head.start(method, uri, version), version);
      }

      @Override
      public void parsedHeader(HttpField field) {
        HttpField taken = head.take(field);
        if (taken != null) {
          super.parsedHeader(taken);
        }
      }

      /** Drops trailer fields. Nothing here needs them, and a client could send any number. */
      @Override
      public void parsedTrailer(HttpField field) {}

      @Override
      public boolean headerComplete() {
        head.end();
        return super.headerComplete();
      }
    }

    /**
     * Sends the reason phrases of RFC 9110, as Jetty has some of its own ({@code 500 Server
     * Error}). It also sends the Content-Type as the application gave it, as Jetty's servlets
     * change its form.
     */
    private final class Stream extends HttpStreamOverHTTP1 {
      Stream(String method, String uri, HttpVersion version) {
        super(method, uri, version);
      }

      @Override
      public void send(
          MetaData.Request request,
          MetaData.Response response,
          boolean last,
          ByteBuffer content,
          Callback callback) {
        super.send(request, response == null ? null : exact(response), last, content, callback);
      }
    }

    private MetaData.Response exact(MetaData.Response response) {
      String phrase = dev.postern.Response.reasonPhrase(response.getStatus());
      return new MetaData.Response(
          response.getStatus(),
          phrase.isEmpty() ? response.getReason() : phrase,
          response.getHttpVersion(),
          typed(response.getHttpFields()),
          response.getContentLength(),
          response.getTrailersSupplier());
    }

    /** Restores the application's Content-Type if Jetty has changed nothing but its form. */
    private HttpFields typed(HttpFields fields) {
      String sent = fields.get(HttpHeader.CONTENT_TYPE);
      Request request = getHttpChannel().getRequest();
      if (sent == null
          || request == null
          || !(request.getAttribute(ServletGateway.CONTENT_TYPE) instanceof String started)
          || started.equals(sent)
          || !plain(started).equals(plain(sent))) {
        return fields;
      }
      return HttpFields.build(fields).put(new HttpField(HttpHeader.CONTENT_TYPE, started));
    }
  }

  /** Returns a media type without what Jetty changes: case, blanks and quotes. */
  private static String plain(String type) {
    StringBuilder plain = new StringBuilder(type.length());
    for (int i = 0; i < type.length(); i++) {
      char c = type.charAt(i);
      if (c != ' ' && c != '\t' && c != '"') {
        plain.append(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
      }
    }
    return plain.toString();
  }
}
