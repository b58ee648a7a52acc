package dev.postern.launcher.http;

import java.util.Objects;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.http2.api.server.ServerSessionListener;
import org.eclipse.jetty.http2.frames.ContinuationFrame;
import org.eclipse.jetty.http2.frames.HeadersFrame;
import org.eclipse.jetty.http2.frames.ResetFrame;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.RateControl;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Makes connections of HTTP/2 with the limits that HTTP/1 has for heads. Jetty limits the bytes of
 * each head, but one connection can have many requests at once, each with its head. {@link
 * Http2Heads} counts them.
 */
public final class Http2FrontDoor extends HTTP2ServerConnectionFactory {
  /** The attribute of a connection that has its {@link Http2Heads}. */
  private static final String HEADS = Http2Heads.class.getName();

  private final ServerLimits limits;
  private final Semaphore longHeads;

  /** {@code longHeads} are the places for long heads in all connections of the server. */
  public Http2FrontDoor(HttpConfiguration configuration, ServerLimits limits, Semaphore longHeads) {
    super(configuration);
    this.limits = limits;
    this.longHeads = longHeads;
    RateControl.Factory rates = getRateControlFactory();
    setRateControlFactory(
        new RateControl.Factory() {
          @Override
          public RateControl newRateControl(EndPoint endPoint) {
            RateControl rate = rates.newRateControl(endPoint);
            return event -> rate.onEvent(event) && mayContinue(endPoint, event);
          }
        });
  }

  /** Returns the heads of a connection; null if it is not of HTTP/2. */
  static @Nullable Http2Heads heads(ConnectionMetaData connection) {
    return (Http2Heads) connection.getAttribute(HEADS);
  }

  private static Http2Heads heads(EndPoint endPoint) {
    return Objects.requireNonNull(heads((ConnectionMetaData) endPoint.getConnection()));
  }

  /** Jetty asks this for each part of a head that comes after the first frame. */
  private static boolean mayContinue(EndPoint endPoint, Object event) {
    return !(event instanceof ContinuationFrame frame)
        || heads(endPoint).arrives(frame.getStreamId());
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    Connection connection = super.newConnection(connector, endPoint);
    Http2Heads heads = new Http2Heads(longHeads, limits.longHeadsOfOne(), limits.head());
    ((ConnectionMetaData) connection).setAttribute(HEADS, heads);
    connection.addEventListener(
        new Connection.Listener() {
          @Override
          public void onClosed(Connection closed) {
            heads.end();
          }
        });
    return connection;
  }

  @Override
  protected ServerSessionListener newSessionListener(Connector connector, EndPoint endPoint) {
    return new Door(endPoint, connector.getServer().getRequestLog());
  }

  private final class Door extends HTTPServerSessionListener {
    private final EndPoint endPoint;
    private final @Nullable RequestLog log;

    Door(EndPoint endPoint, @Nullable RequestLog log) {
      super(endPoint);
      this.endPoint = endPoint;
      this.log = log;
    }

    @Override
    public Stream.Listener onNewStream(Stream stream, HeadersFrame frame) {
      Http2Heads heads = heads(endPoint);
      heads.arrived();
      MetaData.Request request = (MetaData.Request) frame.getMetaData();
      int fields = request.getHttpFields().size();
      if (fields > ServerLimits.FIELDS) {
        return refuse(stream, frame, 431, HttpFields.EMPTY);
      }
      int refusal = Http2Head.refusal(request, frame.isEndStream());
      MetaData.Request decoded = refusal == 0 ? Http2Head.decoded(request) : null;
      if (decoded == null) {
        return refuse(stream, frame, refusal == 0 ? 400 : refusal, HttpFields.EMPTY);
      }
      if (!heads.take(stream.getId(), Http2Heads.cost(fields, chars(request)))) {
        return refuse(
            stream, frame, 503, HttpFields.from(new HttpField(HttpHeader.RETRY_AFTER, "1")));
      }
      return super.onNewStream(
          stream,
          new HeadersFrame(stream.getId(), decoded, frame.getPriority(), frame.isEndStream()));
    }

    /** Drops trailer fields, as {@link HttpFrontDoor} does. */
    @Override
    public void onHeaders(Stream stream, HeadersFrame frame) {
      heads(endPoint).arrived();
      MetaData none = new MetaData(HttpVersion.HTTP_2, HttpFields.EMPTY);
      super.onHeaders(stream, new HeadersFrame(stream.getId(), none, null, frame.isEndStream()));
    }

    @Override
    public void onClosed(Stream stream) {
      heads(endPoint).closed(stream.getId());
    }

    /**
     * Answers without a body and without a thread. A client that reads nothing cannot hold up such
     * an answer, and the stream is forgotten with its head.
     */
    private Stream.Listener refuse(
        Stream stream, HeadersFrame frame, int status, HttpFields fields) {
      MetaData.Response refusal =
          new MetaData.Response(status, null, HttpVersion.HTTP_2, fields, 0);
      Callback end =
          frame.isEndStream()
              ? Callback.NOOP
              : Callback.from(
                  () ->
                      stream.reset(
                          new ResetFrame(stream.getId(), ErrorCode.NO_ERROR.code), Callback.NOOP));
      stream.headers(new HeadersFrame(stream.getId(), refusal, null, true), end);
      if (log instanceof RefusalLog refusals) {
        refusals.refused(
            (MetaData.Request) frame.getMetaData(),
            (ConnectionMetaData) endPoint.getConnection(),
            status);
      }
      return Stream.Listener.AUTO_DISCARD;
    }
  }

  private static long chars(MetaData.Request request) {
    long chars = request.getHttpURI().asString().length();
    for (HttpField field : request.getHttpFields()) {
      String value = field.getValue();
      chars += field.getName().length() + (value == null ? 0 : value.length());
    }
    return chars;
  }
}
