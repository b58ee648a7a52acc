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
 * option for that. {@link RequestHead} has the rules, {@link HeadParser} the bytes and the limits.
 * Jetty's connection is made to be extended, but its package is not exported: so the compiler is
 * told about it, and the command runs from the class path.
 */
public final class HttpFrontDoor extends HttpConnectionFactory {
  private final ServerLimits limits;
  private final Semaphore longHeads;

  public HttpFrontDoor(HttpConfiguration configuration, ServerLimits limits) {
    super(configuration);
    this.limits = limits;
    this.longHeads = new Semaphore(limits.longHeads());
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

      /** Left out: nothing here wants trailer fields, and they could be any number. */
      @Override
      public void parsedTrailer(HttpField field) {}

      @Override
      public boolean headerComplete() {
        head.end();
        return super.headerComplete();
      }
    }

    /**
     * Says the reason phrases of RFC 9110, where Jetty has some of its own ({@code 500 Server
     * Error}), and the Content-Type that the application has started, which Jetty's servlets write
     * in a form of their own.
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

    /** With the type as it was started, where Jetty has no more than rewritten it. */
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

  /** A media type without what Jetty changes: case, blanks and quotes. */
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
