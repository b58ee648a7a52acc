package dev.postern.wire;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.internal.Escapes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The head of a CGI response after it was read: which of the four response types of RFC 3875 6.2 it
 * is, and the fields that may go on to a client.
 *
 * @param status 200 to 599
 * @param headers end-to-end fields; no {@code Status}
 * @param localPath the target of a local redirect (RFC 3875 6.2.2), with its query; null for the
 *     other types
 * @param typed whether there is a {@code Content-Type}, without which there must be no body
 * @param dropped the rules by which fields were taken out, one entry for each field
 */
public record ProgramResponse(
    int status, Headers headers, @Nullable String localPath, boolean typed, List<String> dropped) {
  /** A Content-Length with more digits may not fit into a long. */
  private static final int MAX_DIGITS = 18;

  /**
   * Reads the CGI fields, and takes out the fields that are only meant for this host.
   *
   * @param lenient admits a block without any field of RFC 3875 6.3
   * @throws GatewayException with status 502 when a field of RFC 3875 6.3 is repeated or malformed,
   *     or the program tries to frame the message itself
   */
  public static ProgramResponse of(HeaderBlockParser block, boolean lenient)
      throws GatewayException {
    return new Reader(block).read(lenient);
  }

  /** The declared length of the body in bytes, or -1. */
  public long contentLength() {
    String length = headers.get("Content-Length");
    return length == null ? -1 : Long.parseLong(length);
  }

  /**
   * Whether this response sends the client elsewhere, for which it needs no body (RFC 9110 15.4).
   */
  public boolean isRedirect() {
    return status >= 300 && status < 400 && headers.contains("Location");
  }

  /** This response without a body. The fields that describe the body are removed too. */
  public ProgramResponse withoutBody() {
    Headers fewer = headers.without("Content-Length").without("Content-Encoding");
    return new ProgramResponse(status, fewer, localPath, typed, dropped);
  }

  /** This response with the redirect left to the client. */
  public ProgramResponse toClient() {
    return new ProgramResponse(status, headers, null, typed, dropped);
  }

  /**
   * This response with a type, for a body that came without one. No browser guesses another type in
   * its place.
   */
  public ProgramResponse asOctetStream() {
    Headers more =
        headers
            .with("Content-Type", "application/octet-stream")
            .with("X-Content-Type-Options", "nosniff");
    return new ProgramResponse(status, more, localPath, true, dropped);
  }

  /** Reads one block. */
  private static final class Reader {
    private final HeaderBlockParser block;
    private final List<String> kept = new ArrayList<>();
    private final List<String> dropped = new ArrayList<>();
    private int status = -1;
    private int location = -1;
    private int type = -1;
    private int length = -1;
    private boolean date;
    private boolean server;

    Reader(HeaderBlockParser block) {
      this.block = block;
    }

    ProgramResponse read(boolean lenient) throws GatewayException {
      Set<String> connection = connectionNames();
      for (int i = 0; i < block.count(); i++) {
        String rule = take(i, connection);
        if (rule == null) {
          kept.add(block.name(i));
          kept.add(block.value(i));
        } else if (!rule.isEmpty()) {
          dropped.add(rule);
        }
      }
      if (status < 0 && location < 0 && type < 0 && !lenient) {
        throw block.refused(
            "no-cgi-field", "response must have a Content-Type, Location or Status", 0);
      }
      return new ProgramResponse(
          status >= 0 ? parseStatus() : location >= 0 ? 302 : 200,
          Headers.of(kept.toArray(new String[0])),
          localPath(),
          type >= 0,
          List.copyOf(dropped));
    }

    /** The rule that takes the field out, or "" for the status; null to keep the field. */
    private @Nullable String take(int i, Set<String> connection) throws GatewayException {
      String name = block.name(i).toLowerCase(Locale.ROOT);
      switch (name) {
        case "status":
          status = once(status, i);
          return "";
        case "location":
          location = once(location, i);
          checkLocation(i);
          return null;
        case "content-type":
          type = once(type, i);
          checkType(i);
          return null;
        case "content-length":
          length = once(length, i);
          checkLength(i);
          return null;
        case "transfer-encoding":
          throw block.refused("transfer-encoding", "program must not send Transfer-Encoding", i);
        case "date":
          String repeatedDate = date ? "response-repeated" : null;
          date = true;
          return repeatedDate;
        case "server":
          String repeatedServer = server ? "response-repeated" : null;
          server = true;
          return repeatedServer;
        default:
          return connection.contains(name) ? "response-hop-by-hop" : dropRule(name);
      }
    }

    /**
     * The rule that takes a field out, or null. Three kinds are taken out: fields of a connection
     * (RFC 9110 7.6.1), extension fields for this host (RFC 3875 6.3.5), and fields that would make
     * another server send files.
     */
    private static @Nullable String dropRule(String name) {
      switch (name) {
        case "connection", "keep-alive", "te", "trailer", "trailers", "upgrade":
          return "response-hop-by-hop";
        default:
          if (name.startsWith("proxy-")) {
            return "response-hop-by-hop";
          }
          if (name.startsWith("x-cgi-")) {
            return "response-private";
          }
          return name.startsWith("x-sendfile")
                  || name.startsWith("x-accel-")
                  || name.startsWith("x-lighttpd-")
              ? "response-file"
              : null;
      }
    }

    private Set<String> connectionNames() {
      Set<String> names = Set.of();
      for (int i = 0; i < block.count(); i++) {
        if (block.name(i).equalsIgnoreCase("Connection")) {
          names = names.isEmpty() ? new HashSet<>() : names;
          for (String name : block.value(i).split(",", -1)) {
            names.add(name.trim().toLowerCase(Locale.ROOT));
          }
        }
      }
      return names;
    }

    private int once(int before, int i) throws GatewayException {
      if (before >= 0) {
        throw block.refused("repeated-field", block.name(i) + " must not be repeated", i);
      }
      return i;
    }

    /**
     * {@code Status = "Status:" 3digit-code [ SP reason ]} (RFC 3875 6.3.3). A 1xx is refused
     * because it is not final.
     */
    private int parseStatus() throws GatewayException {
      String value = block.value(status);
      int code = 0;
      int i = 0;
      while (i < value.length() && i < 3 && isDigit(value.charAt(i))) {
        code = code * 10 + (value.charAt(i) - '0');
        i++;
      }
      if (i < 3 || value.length() > 3 && value.charAt(3) != ' ' || code < 200 || code > 599) {
        throw refused("status", "Status must be a final status code of three digits", status);
      }
      return code;
    }

    /**
     * Refuses an empty Location, and one that starts with a slash and a backslash, which a browser
     * takes for the address of another host.
     */
    private void checkLocation(int i) throws GatewayException {
      String value = block.value(i);
      if (value.isEmpty() || value.startsWith("/\\")) {
        throw refused("location", "Location must be a URI or a path", i);
      }
    }

    /** Refuses an empty or malformed type, because a browser would guess the type then. */
    private void checkType(int i) throws GatewayException {
      if (!isMediaType(block.value(i))) {
        throw refused("content-type", "Content-Type must be a type, a slash and a subtype", i);
      }
    }

    /**
     * {@code media-type = type "/" subtype *( OWS ";" OWS [ parameter ] )} (RFC 9110 8.3.1),
     * without wildcards. The parameters are not checked.
     */
    private static boolean isMediaType(String value) {
      int slash = endOfToken(value, 0);
      int end = endOfToken(value, slash + 1);
      if (slash == 0 || slash >= value.length() || value.charAt(slash) != '/' || end == slash + 1) {
        return false;
      }
      while (end < value.length() && (value.charAt(end) == ' ' || value.charAt(end) == '\t')) {
        end++;
      }
      return end >= value.length() || value.charAt(end) == ';';
    }

    /** The end of a token of {@code tchar} (RFC 9110 5.6.2) without the asterisk. */
    private static int endOfToken(String value, int start) {
      int end = start;
      while (end < value.length()) {
        char c = value.charAt(end);
        boolean alphanumeric = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
        if (!alphanumeric && "!#$%&'+-.^_`|~".indexOf(c) < 0) {
          break;
        }
        end++;
      }
      return end;
    }

    /** {@code Content-Length = 1*DIGIT} (RFC 9110 8.6). */
    private void checkLength(int i) throws GatewayException {
      String value = block.value(i);
      boolean digits = !value.isEmpty() && value.length() <= MAX_DIGITS;
      for (int k = 0; k < value.length(); k++) {
        digits &= isDigit(value.charAt(k));
      }
      if (!digits) {
        throw refused("content-length", "Content-Length must be one number of digits", i);
      }
    }

    /**
     * The path of a local redirect; null for anything else. The Location starts with one slash,
     * because two would name a host. It has no fragment, because fragments are for the client. It
     * is the only field, because other fields would be lost.
     */
    private @Nullable String localPath() {
      if (location < 0 || block.count() > 1) {
        return null;
      }
      String value = block.value(location);
      return value.charAt(0) == '/' && !value.startsWith("//") && value.indexOf('#') < 0
          ? value
          : null;
    }

    private GatewayException refused(String rule, String message, int i) {
      return block.refused(rule, message + ": " + Escapes.quote(block.value(i)), i);
    }

    private static boolean isDigit(char c) {
      return c >= '0' && c <= '9';
    }
  }
}
