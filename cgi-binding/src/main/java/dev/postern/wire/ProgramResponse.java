package dev.postern.wire;

import dev.postern.GatewayException;
import dev.postern.GatewayException.Diagnosis;
import dev.postern.Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The head of a CGI response, understood: which of the four response types of RFC 3875 6.2 it is,
 * with the fields that may go on to a client.
 *
 * @param status 200 to 599
 * @param headers end-to-end fields; no {@code Status}
 * @param localPath of a local redirect (RFC 3875 6.2.2): where to, with its query; null for the
 *     other types
 * @param typed whether there is a {@code Content-Type}, without which there must be no body
 */
public record ProgramResponse(
    int status, Headers headers, @Nullable String localPath, boolean typed) {
  /**
   * Reads the CGI fields and takes out what is between the program and us.
   *
   * @throws GatewayException with status 502 when a field of RFC 3875 6.3 is repeated or malformed,
   *     or the program tries to frame the message itself
   */
  public static ProgramResponse of(Headers block) throws GatewayException {
    String status = only(block, "Status");
    String location = only(block, "Location");
    String type = only(block, "Content-Type");
    checkLength(only(block, "Content-Length"));
    if (block.contains("Transfer-Encoding")) {
      throw refused("transfer-encoding", "program must not send Transfer-Encoding", "");
    }
    if (status == null && location == null && type == null) {
      throw refused("no-cgi-field", "response must have a Content-Type, Location or Status", "");
    }
    if (location != null && location.isEmpty()) {
      throw refused("empty-location", "Location must not be empty", "");
    }
    int code = status == null ? location == null ? 200 : 302 : parseStatus(status);
    boolean local = status == null && location != null && isLocal(location);
    return new ProgramResponse(code, endToEnd(block), local ? location : null, type != null);
  }

  /** The declared length of the body in bytes, or -1. */
  public long contentLength() {
    String length = headers.get("Content-Length");
    return length == null ? -1 : Long.parseLong(length);
  }

  /**
   * One slash, and then no second one and no backslash, which browsers take for one: never off this
   * host.
   */
  private static boolean isLocal(String location) {
    return location.charAt(0) == '/'
        && (location.length() == 1 || location.charAt(1) != '/' && location.charAt(1) != '\\');
  }

  /**
   * {@code Status = "Status:" 3digit-code [ SP reason ]} (RFC 3875 6.3.3); 1xx is no final
   * response.
   */
  private static int parseStatus(String value) throws GatewayException {
    int code = 0;
    int i = 0;
    while (i < value.length() && i < 3 && value.charAt(i) >= '0' && value.charAt(i) <= '9') {
      code = code * 10 + (value.charAt(i) - '0');
      i++;
    }
    if (i < 3 || value.length() > 3 && value.charAt(3) != ' ' || code < 200 || code > 599) {
      throw refused("status", "Status must be a final status code of three digits", value);
    }
    return code;
  }

  private static void checkLength(@Nullable String value) throws GatewayException {
    if (value == null) {
      return;
    }
    boolean digits = !value.isEmpty() && value.length() <= 18;
    for (int i = 0; i < value.length(); i++) {
      digits &= value.charAt(i) >= '0' && value.charAt(i) <= '9';
    }
    if (!digits) {
      throw refused("content-length", "Content-Length must be one number of digits", value);
    }
  }

  /**
   * Without what RFC 9110 7.6.1 ends here, what RFC 3875 6.3.5 keeps for us, and what would make
   * another server read files.
   */
  private static Headers endToEnd(Headers block) {
    List<String> connection = new ArrayList<>();
    for (String names : block.all("Connection")) {
      for (String name : names.split(",", -1)) {
        connection.add(name.trim().toLowerCase(Locale.ROOT));
      }
    }
    List<String> kept = new ArrayList<>();
    for (Map.Entry<String, String> field : block) {
      String name = field.getKey().toLowerCase(Locale.ROOT);
      if (!isDropped(name) && !connection.contains(name)) {
        kept.add(field.getKey());
        kept.add(field.getValue());
      }
    }
    return Headers.of(kept.toArray(new String[0]));
  }

  private static boolean isDropped(String name) {
    return switch (name) {
      case "status",
          "connection",
          "keep-alive",
          "te",
          "trailer",
          "trailers",
          "upgrade",
          "x-sendfile" ->
          true;
      default ->
          name.startsWith("proxy-")
              || name.startsWith("x-cgi-")
              || name.startsWith("x-accel-")
              || name.startsWith("x-lighttpd-");
    };
  }

  private static @Nullable String only(Headers block, String name) throws GatewayException {
    List<String> values = block.all(name);
    if (values.size() > 1) {
      throw refused("repeated-field", name + " must not be repeated", values.get(1));
    }
    return values.isEmpty() ? null : values.get(0);
  }

  private static GatewayException refused(String rule, String message, String value) {
    String shown = value.isEmpty() ? "" : ": " + Escapes.quote(value);
    return new GatewayException(
        502,
        message + shown + " [" + rule + "]",
        Headers.of(),
        new Diagnosis(rule, -1, "", "", ""),
        null);
  }
}
