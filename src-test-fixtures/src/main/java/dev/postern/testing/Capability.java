package dev.postern.testing;

/**
 * What a gateway, its server or the client of a test may be unable to do. A case of the contract
 * that needs a capability is skipped, with the reason, for a gateway that lacks it.
 */
public enum Capability {
  /**
   * The gateway itself makes the variables from an HTTP request, and not a web server before it.
   */
  HTTP_MAPPING,
  /** Methods that HTTP does not name, and methods in lower case, arrive. */
  ANY_METHOD,
  /** Paths with empty segments, parameters and encoded delimiters and percent signs arrive. */
  ANY_PATH,
  /** Paths with a slash at their end arrive, also the path {@code /}. */
  LAST_SLASH,
  /** Paths whose bytes are not UTF-8 arrive. */
  PATH_BYTES,
  /** Header values keep spaces and upper and lower case, even if these mean nothing. */
  EXACT_HEADERS,
  /** All values of a repeated header arrive. */
  REPEATED_HEADERS,
  /** Bytes above 0x7F in header values arrive as they are, both ways. */
  HEADER_BYTES,
  /** Statuses that HTTP does not name reach the client. */
  ANY_STATUS,
  /** The Content-Length of a response reaches the client. */
  CONTENT_LENGTH,
  /** An application can tell a body of no bytes from no body. */
  EMPTY_BODY,
  /** A request may come in chunks. */
  CHUNKED_REQUEST,
  /** A client may wait for {@code 100 Continue}. */
  CONTINUE,
  /** The gateway can see that a client sent less than it announced. */
  SHORT_REQUEST,
  /** What was flushed arrives before more is written. */
  STREAMED_RESPONSE,
  /** A flush sends the head, even if no byte of the body follows at once. */
  STREAMED_HEAD,
  /** The application can read the first part of a body before the client has sent all of it. */
  STREAMED_REQUEST,
  /** The gateway notices that a client has left when it writes the next bytes. */
  DISCONNECT,
  /** The client can see that a response was cut. */
  CUT,
  /** A malformed request gets an answer with a status, and not just an end of its stream. */
  BAD_REQUEST,
  /** The client can read the gateway's log. */
  LOG;

  /** Says that a gateway lacks this. The reason is a sentence for the report. */
  public Lack lacking(String reason) {
    return new Lack(this, reason);
  }

  /**
   * A capability that a gateway lacks.
   *
   * @param reason why
   */
  public record Lack(Capability capability, String reason) {}
}
