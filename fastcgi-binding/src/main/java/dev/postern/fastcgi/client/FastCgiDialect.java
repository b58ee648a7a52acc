package dev.postern.fastcgi.client;

import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.Records;
import dev.postern.process.ErrorTail;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * FastCGI 1.0 in the responder role, one request at a time on a connection. Immutable, thread-safe.
 */
public final class FastCgiDialect implements Dialect {
  /** The id of the only request of a connection. */
  static final int ID = 1;

  @Override
  public byte[] head(Map<String, String> variables, boolean kept) {
    byte[] pairs = NameValuePairs.encode(variables);
    int records = (pairs.length + Records.MAX_CONTENT - 1) / Records.MAX_CONTENT;
    ByteBuffer out = ByteBuffer.allocate(16 + pairs.length + (records + 1) * Records.HEADER);
    Records.beginRequest(out, ID, Records.RESPONDER, kept);
    for (int at = 0; at < pairs.length; at += Records.MAX_CONTENT) {
      int length = Math.min(Records.MAX_CONTENT, pairs.length - at);
      Records.header(out, Records.PARAMS, ID, length, 0);
      out.put(pairs, at, length);
    }
    Records.header(out, Records.PARAMS, ID, 0, 0);
    return out.array();
  }

  @Override
  public int partHeader() {
    return Records.HEADER;
  }

  @Override
  public void writePartHeader(ByteBuffer out, int length) {
    Records.header(out, Records.STDIN, ID, length, 0);
  }

  @Override
  public Decoder decoder(ErrorTail errors) {
    return new FastCgiDecoder(errors);
  }
}
