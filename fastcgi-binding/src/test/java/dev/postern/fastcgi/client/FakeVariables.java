package dev.postern.fastcgi.client;

import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.Records;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/** Reads one FastCGI request for its variables. */
final class FakeVariables {
  private FakeVariables() {}

  static Map<String, String> read(InputStream in) throws IOException {
    NameValuePairs pairs = new NameValuePairs(1 << 20, 1000);
    DataInputStream data = new DataInputStream(in);
    while (true) {
      byte[] header = new byte[Records.HEADER];
      data.readFully(header);
      int length = (header[4] & 0xFF) << 8 | header[5] & 0xFF;
      byte[] content = new byte[length + (header[6] & 0xFF)];
      data.readFully(content);
      if (header[1] == Records.PARAMS) {
        pairs.add(content, 0, length);
      } else if (header[1] == Records.STDIN && length == 0) {
        return pairs.end();
      }
    }
  }
}
