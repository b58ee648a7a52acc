package dev.postern.fastcgi;

import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.RecordHeader;
import dev.postern.fastcgi.wire.RecordInput;
import dev.postern.fastcgi.wire.Records;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A web server's side of one connection, record by record. */
final class RawWebServer implements Closeable {
  private final SocketChannel channel;
  private final RecordInput in;

  private RawWebServer(SocketChannel channel) {
    this.channel = channel;
    this.in = new RecordInput(channel, 4096);
  }

  static RawWebServer connect(FastCgiGateway gateway) throws IOException {
    return connect(gateway.address());
  }

  static RawWebServer connect(String address) throws IOException {
    return new RawWebServer(channel(address));
  }

  /** A connection to an address as gateways tell it. */
  static SocketChannel channel(String address) throws IOException {
    if (address.startsWith("unix:")) {
      return SocketChannel.open(UnixDomainSocketAddress.of(address.substring(5)));
    }
    int colon = address.lastIndexOf(':');
    return SocketChannel.open(
        new InetSocketAddress(
            address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))));
  }

  /** What the records of a request's response say. */
  record Answer(String stdout, String stderr, int applicationStatus, int protocolStatus) {
    String status() {
      return stdout.startsWith("Status: ") ? stdout.substring(8, 11) : "";
    }

    String body() {
      int end = stdout.indexOf("\r\n\r\n");
      return end < 0 ? "" : stdout.substring(end + 4);
    }
  }

  RawWebServer send(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    return this;
  }

  RawWebServer begin(int id, int role, boolean keep) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(16);
    Records.beginRequest(out, id, role, keep);
    return send(out.array());
  }

  RawWebServer begin(int id, boolean keep) throws IOException {
    return begin(id, Records.RESPONDER, keep);
  }

  RawWebServer record(int type, int id, byte[] content) throws IOException {
    return send(bytes(type, id, content, 0));
  }

  static byte[] bytes(int type, int id, byte[] content, int padding) {
    ByteBuffer out = ByteBuffer.allocate(Records.HEADER + content.length + padding);
    Records.header(out, type, id, content.length, padding);
    out.put(content);
    return out.array();
  }

  RawWebServer params(int id, Map<String, String> variables) throws IOException {
    record(Records.PARAMS, id, NameValuePairs.encode(variables));
    return record(Records.PARAMS, id, new byte[0]);
  }

  RawWebServer stdin(int id, String text) throws IOException {
    return record(Records.STDIN, id, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  RawWebServer stdinEnd(int id) throws IOException {
    return record(Records.STDIN, id, new byte[0]);
  }

  /** A whole GET. */
  RawWebServer get(int id, boolean keep, String target) throws IOException {
    return begin(id, keep).params(id, variables("GET", target)).stdinEnd(id);
  }

  static Map<String, String> variables(String method, String target, String... more) {
    Map<String, String> variables = new LinkedHashMap<>();
    int question = target.indexOf('?');
    variables.put("REQUEST_METHOD", method);
    variables.put("SCRIPT_NAME", "");
    variables.put("PATH_INFO", question < 0 ? target : target.substring(0, question));
    variables.put("QUERY_STRING", question < 0 ? "" : target.substring(question + 1));
    variables.put("REQUEST_URI", target);
    variables.put("SERVER_NAME", "localhost");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    for (int i = 0; i < more.length; i += 2) {
      variables.put(more[i], more[i + 1]);
    }
    return variables;
  }

  /** Reads to the END_REQUEST of that request; fails for a record of another one. */
  Answer answer(int id) throws IOException {
    ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    boolean ended = false;
    while (true) {
      RecordHeader header = next();
      if (header.requestId() != id) {
        throw new IOException("unexpected " + header);
      }
      byte[] content = in.readContent();
      switch (header.type()) {
        case Records.STDOUT -> {
          if (ended) {
            throw new IOException("STDOUT after its end");
          }
          ended = content.length == 0;
          stdout.writeBytes(content);
        }
        case Records.STDERR -> stderr.writeBytes(content);
        case Records.END_REQUEST -> {
          ByteBuffer end = ByteBuffer.wrap(content);
          return new Answer(
              stdout.toString(StandardCharsets.ISO_8859_1),
              stderr.toString(StandardCharsets.UTF_8),
              end.getInt(),
              end.get());
        }
        default -> throw new IOException("unexpected " + header);
      }
    }
  }

  /** The types of all records up to END_REQUEST, with the lengths of their content. */
  List<String> records() throws IOException {
    List<String> all = new ArrayList<>();
    RecordHeader header;
    do {
      header = next();
      all.add(header.type() + ":" + header.contentLength());
    } while (header.type() != Records.END_REQUEST);
    return all;
  }

  /** The types of all records up to the connection's end, or to an END_REQUEST. */
  List<Integer> typesToTheEnd() {
    List<Integer> all = new ArrayList<>();
    try {
      do {
        all.add(next().type());
      } while (!all.contains(Records.END_REQUEST));
    } catch (IOException e) {
      // The connection has ended.
    }
    return all;
  }

  RecordHeader next() throws IOException {
    RecordHeader header = in.next();
    if (header == null) {
      throw new java.io.EOFException("gateway has closed the connection");
    }
    return header;
  }

  byte[] content() throws IOException {
    return in.readContent();
  }

  /** Whether the gateway closes the connection without another byte. */
  boolean isClosed() throws IOException {
    try {
      return in.next() == null;
    } catch (java.net.SocketException e) {
      return true;
    }
  }

  void endOutput() throws IOException {
    channel.shutdownOutput();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
