package dev.postern.testing;

/**
 * What a gateway, its server or the client of a test may be unable to do. A case of the contract
 * that needs a capability is skipped, with the reason, for a gateway that lacks it.
 */
public enum Capability {
  /** The gateway makes the variables out of an HTTP request; no web server did that before. */
  HTTP_MAPPING,
  /** Methods that HTTP does not name, and such in lower case, arrive. */
  ANY_METHOD,
  /** Paths with empty segments, parameters and encoded delimiters and percent signs arrive. */
  ANY_PATH,
  /** Paths with a slash at their end arrive, also the one that is a slash alone. */
  LAST_SLASH,
  /** Paths whose bytes are not UTF-8 arrive. */
  PATH_BYTES,
  /** Header values keep spaces and cases that mean nothing. */
  EXACT_HEADERS,
  /** All values of a repeated header arrive. */
  REPEATED_HEADERS,
  /** Bytes above 0x7F in header values arrive as they are, both ways. */
  HEADER_BYTES,
  /** Statuses that HTTP does not name reach the client. */
  ANY_STATUS,
  /** The Content-Length of a response reaches the client. */
  CONTENT_LENGTH,
  /** A request's body of no bytes can be told from none. */
  EMPTY_BODY,
  /** A request may come in chunks. */
  CHUNKED_REQUEST,
  /** A client may wait for {@code 100 Continue}. */
  CONTINUE,
  /** A client can be seen to send less than it announced. */
  SHORT_REQUEST,
  /** What was flushed arrives before more is written. */
  STREAMED_RESPONSE,
  /** A flush sends the head, also where no byte of the body follows at once. */
  STREAMED_HEAD,
  /** The application reads what was sent while the client has not sent all. */
  STREAMED_REQUEST,
  /** A client that leaves is noticed by the next bytes that are written to it. */
  DISCONNECT,
  /** A response that is cut looks cut to the client. */
  CUT,
  /** A request that is malformed is answered by a status, and not by an end of its stream. */
  BAD_REQUEST,
  /** The client can read the gateway's log. */
  LOG;

  /** That a gateway lacks this, and why: a sentence for the report. */
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
