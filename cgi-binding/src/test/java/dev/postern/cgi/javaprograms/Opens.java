package dev.postern.cgi.javaprograms;

import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.Pipe;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Programs with connections and other things that code of the JDK opens for them. */
public final class Opens {
  private Opens() {}

  /** Waits for a server that says nothing. The query says by which class. */
  public static final class WaitsForServer {
    public static void main(String[] args) throws Exception {
      if (Hangs.goes()) {
        return;
      }
      int port = Integer.parseInt(System.getenv("PORT"));
      String host = InetAddress.getLoopbackAddress().getHostAddress();
      URL url = new URL("http://" + host + ":" + port + "/");
      switch (System.getenv("QUERY_STRING")) {
        case "url" -> url.openStream().read();
        case "method reference" -> {
          Callable<InputStream> open = url::openStream;
          open.call().read();
        }
        case "content" -> url.getContent();
        case "connection" -> ((HttpURLConnection) url.openConnection()).getResponseCode();
        case "https" -> new URL("https://" + host + ":" + port + "/").openStream().read();
        case "factory" ->
            SocketFactory.getDefault().createSocket(host, port).getInputStream().read();
        case "tls" ->
            ((SSLSocket) SSLSocketFactory.getDefault().createSocket(host, port)).startHandshake();
        case "asynchronous" -> {
          AsynchronousSocketChannel channel = AsynchronousSocketChannel.open();
          channel.connect(new InetSocketAddress(host, port)).get();
          channel.read(ByteBuffer.allocate(1)).get();
        }
        default -> throw new IllegalArgumentException(System.getenv("QUERY_STRING"));
      }
    }
  }

  /** Leaves something open. The query says what. */
  public static final class LeavesOpen {
    public static void main(String[] args) throws Exception {
      InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      switch (System.getenv("QUERY_STRING")) {
        case "watch service" -> FileSystems.getDefault().newWatchService();
        case "pipe" -> Pipe.open();
        case "selector" -> Selector.open();
        case "provider" -> {
          SelectorProvider provider = SelectorProvider.provider();
          provider.openPipe();
          provider.openSelector();
          provider.openSocketChannel();
        }
        case "accepted socket" -> {
          ServerSocket server = new ServerSocket(0);
          new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
          server.accept();
        }
        case "accepted channel" -> {
          ServerSocketChannel server = ServerSocketChannel.open().bind(loopback);
          SocketChannel.open(server.getLocalAddress());
          server.accept();
        }
        case "channel group" -> AsynchronousChannelGroup.withFixedThreadPool(1, Thread::new);
        case "directory" -> Files.newDirectoryStream(Path.of("").toAbsolutePath());
        default -> throw new IllegalArgumentException(System.getenv("QUERY_STRING"));
      }
      System.out.print("Content-Type: text/plain\n\nok");
      System.exit(0);
    }
  }

  /** Closes all that it opens. */
  public static final class ClosesAll {
    public static void main(String[] args) throws Exception {
      Path here = Path.of("").toAbsolutePath();
      for (int i = 0; i < 10_000; i++) {
        Files.newDirectoryStream(here).close();
        SocketChannel.open().close();
      }
      System.out.print("done");
    }
  }
}
