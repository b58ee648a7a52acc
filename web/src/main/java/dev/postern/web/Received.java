package dev.postern.web;

import dev.postern.HttpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Bytes and texts of a request, as far as its limits allow them. */
final class Received {
  private Received() {}

  /** As many bytes as an array can hold, if the limit is higher. */
  static int most(long limit) {
    return (int) Math.min(limit, Integer.MAX_VALUE - 16);
  }

  /**
   * All bytes of the stream.
   *
   * @param limit for the message, if that is more than {@code most}
   * @param what the subject of the message, such as {@code field}
   * @throws HttpException with status 413 when there are more than {@code most}
   */
  static byte[] bytes(InputStream in, int most, long limit, String what) throws IOException {
    byte[] bytes = in.readNBytes(most);
    if (bytes.length == most && in.read() >= 0) {
      throw tooLong(limit, what);
    }
    return bytes;
  }

  static HttpException tooLong(long limit, String what) {
    return new HttpException(413, what + " must not be longer than " + limit);
  }

  /** The charset that the type names, else UTF-8. Throws as {@link MediaType#charset}. */
  static Charset charset(@Nullable MediaType type) {
    return type == null ? StandardCharsets.UTF_8 : type.charset(StandardCharsets.UTF_8);
  }

  /**
   * The text of the bytes.
   *
   * @param what the subject of the message, such as {@code field}
   * @throws HttpException with status 400 when the bytes are malformed in the charset
   */
  static String text(byte[] bytes, Charset charset, String what) {
    try {
      return charset
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes))
          .toString();
    } catch (CharacterCodingException e) {
      throw new HttpException(400, what + " must be text in " + charset.name());
    }
  }
}
