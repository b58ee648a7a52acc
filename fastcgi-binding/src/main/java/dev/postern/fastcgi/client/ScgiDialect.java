package dev.postern.fastcgi.client;

import dev.postern.GatewayException;
import dev.postern.fastcgi.wire.Netstring;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.wire.Refusal;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * SCGI 1: one request on a connection. The end of the connection ends the response. Immutable,
 * thread-safe.
 */
public final class ScgiDialect implements Dialect {
  private static final String LENGTH = "CONTENT_LENGTH";

  @Override
  public byte[] head(Map<String, String> variables, boolean kept) {
    Map<String, String> others = new LinkedHashMap<>(variables);
    String length = others.remove(LENGTH);
    return Netstring.encode(length == null ? 0 : Long.parseLong(length), others);
  }

  @Override
  public int partHeader() {
    return 0;
  }

  @Override
  public void writePartHeader(ByteBuffer out, int length) {
    // SCGI has no such header. CONTENT_LENGTH has told the length already.
  }

  @Override
  public Decoder decoder(ErrorTail errors) {
    return new Plain();
  }

  /** Passes the bytes on as they come. */
  private static final class Plain implements Decoder {
    private boolean ended;
    private @Nullable GatewayException cut;

    @Override
    public int decode(byte[] bytes, int length) {
      return length;
    }

    @Override
    public boolean isEnded() {
      return ended;
    }

    @Override
    public boolean isReusable() {
      return false;
    }

    @Override
    public void closed(boolean cleanly) {
      ended = true;
      if (!cleanly) {
        cut = Refusal.of(502, "reset", "server must not break the connection");
      }
    }

    @Override
    public @Nullable GatewayException cut() {
      return cut;
    }

    @Override
    public boolean isRefused() {
      return false;
    }

    @Override
    public Exit exit() {
      return ended && cut == null ? new Exit(0) : Exit.RUNNING;
    }
  }
}
