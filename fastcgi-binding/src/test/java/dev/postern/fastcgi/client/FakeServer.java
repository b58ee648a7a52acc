package dev.postern.fastcgi.client;

import dev.postern.fastcgi.wire.Records;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that says what a test has it say, to the byte. */
final class FakeServer implements Closeable {
  /** What is done with a connection. */
  interface Behaviour {
    void serve(InputStream in, OutputStream out) throws Exception;
  }

  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  final AtomicInteger connections = new AtomicInteger();

  FakeServer(Behaviour behaviour) throws IOException {
    listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    daemon(() -> accept(behaviour));
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "fake server");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept(Behaviour behaviour) {
    try {
      while (true) {
        Socket socket = listener.accept();
        connections.incrementAndGet();
        open.add(socket);
        daemon(
            () -> {
              try (socket) {
                behaviour.serve(socket.getInputStream(), socket.getOutputStream());
              } catch (Exception e) {
                // The other side has gone.
              } finally {
                open.remove(socket);
              }
            });
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }

  /** Reads one FastCGI request to the end of its STDIN; its body. */
  static byte[] request(InputStream in) throws IOException {
    DataInputStream data = new DataInputStream(in);
    ByteBuffer body = ByteBuffer.allocate(1 << 20);
    while (true) {
      byte[] header = new byte[Records.HEADER];
      data.readFully(header);
      int length = (header[4] & 0xFF) << 8 | header[5] & 0xFF;
      byte[] content = new byte[length + (header[6] & 0xFF)];
      data.readFully(content);
      if (header[1] == Records.STDIN) {
        if (length == 0) {
          byte[] bytes = new byte[body.flip().remaining()];
          body.get(bytes);
          return bytes;
        }
        body.put(content, 0, length);
      }
    }
  }

  static byte[] record(int type, int id, byte[] content, int padding) {
    ByteBuffer out = ByteBuffer.allocate(Records.HEADER + content.length + padding);
    Records.header(out, type, id, content.length, padding);
    return out.put(content).array();
  }

  static byte[] stdout(String text) {
    return record(Records.STDOUT, 1, text.getBytes(StandardCharsets.ISO_8859_1), 5);
  }

  static byte[] end(int status, int protocolStatus) {
    ByteBuffer out = ByteBuffer.allocate(16);
    Records.endRequest(out, 1, status, protocolStatus);
    return out.array();
  }

  static byte[] join(byte[]... parts) {
    int size = 0;
    for (byte[] part : parts) {
      size += part.length;
    }
    ByteBuffer all = ByteBuffer.allocate(size);
    for (byte[] part : parts) {
      all.put(part);
    }
    return all.array();
  }
}
