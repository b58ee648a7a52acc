package dev.postern.servlet;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.Part;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request that a filter has read. It is made again from what the container has kept.
 * A filter that asks for a parameter makes the container read a form; Spring's {@code
 * FormContentFilter} reads the forms of PUT, PATCH and DELETE itself.
 *
 * <p>The new body means the same, but its bytes may differ. Other characters may be
 * percent-encoded, and fields of different names may come in another order.
 *
 * @param length how many bytes it has
 */
record RebuiltBody(InputStream input, long length) {
  private static final String FORM = "application/x-www-form-urlencoded";
  private static final String MULTIPART = "multipart/form-data";

  /** What a decoder puts in the place of bytes that it cannot decode. */
  private static final char LOST = '\uFFFD';

  /** The container has read the body, and has not kept all of it. */
  static final class LostException extends IOException {
    private static final long serialVersionUID = 1;

    private LostException(String what) {
      super(what);
    }
  }

  /** Whether a body of this type can be made again. */
  static boolean isPossible(@Nullable String contentType) {
    String type = mediaType(contentType);
    return type.equals(FORM) || type.equals(MULTIPART);
  }

  /**
   * Null when the container has not kept what was in the body.
   *
   * @throws LostException when it has kept only a part
   */
  static @Nullable RebuiltBody of(HttpServletRequest request) throws IOException {
    String contentType = request.getContentType();
    return mediaType(contentType).equals(FORM)
        ? form(request)
        : multipart(request, parameter(contentType, "boundary"));
  }

  private static String mediaType(@Nullable String contentType) {
    String type = contentType == null ? "" : contentType;
    int end = type.indexOf(';');
    return (end < 0 ? type : type.substring(0, end)).trim().toLowerCase(Locale.ROOT);
  }

  private static @Nullable RebuiltBody form(HttpServletRequest request) throws IOException {
    Charset charset = charset(request);
    Map<String, Integer> query = queryFields(request);
    StringBuilder form = new StringBuilder();
    boolean lost = false;
    long longest = 0;
    for (Map.Entry<String, String[]> field : request.getParameterMap().entrySet()) {
      String[] values = field.getValue();
      // The values of the query come first (Jakarta Servlet 6.0, 3.1). They are not in the body.
      for (int i = query.getOrDefault(field.getKey(), 0); i < values.length; i++) {
        String name = field.getKey();
        form.append(form.length() == 0 ? "" : "&")
            .append(URLEncoder.encode(name, charset))
            .append('=')
            .append(URLEncoder.encode(values[i], charset));
        lost |= name.indexOf(LOST) >= 0 || values[i].indexOf(LOST) >= 0;
        longest += 3L * (name + values[i]).getBytes(charset).length + 2;
      }
    }
    checkWhole(request, form, longest, lost ? "bytes that are not " + charset : null);
    return form.length() == 0 ? null : of(form.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Undertow drops fields that it cannot decode, and does not say so. A filter that wraps the
   * request may leave fields out.
   *
   * @param longest the length of the form if each of its bytes was percent-encoded
   * @param lost what may be lost; null if there is no sign of it
   */
  private static void checkWhole(
      HttpServletRequest request, CharSequence form, long longest, @Nullable String lost)
      throws LostException {
    long sent = request.getContentLengthLong();
    // A form may have the character that stands for lost bytes. It then is as long as before.
    if (lost != null && sent != form.length()) {
      throw new LostException(lost);
    }
    boolean other =
        request instanceof ServletRequestWrapper || request.getHeader("Content-Encoding") != null;
    if (form.length() > 0 && sent > longest && !other) {
      throw new LostException("fields, since the form was longer");
    }
  }

  private static RebuiltBody of(byte[] bytes) {
    return new RebuiltBody(new ByteArrayInputStream(bytes), bytes.length);
  }

  /** The charset by which the values of a form were decoded. */
  private static Charset charset(HttpServletRequest request) throws IOException {
    String name = request.getCharacterEncoding();
    if (name == null) {
      return isLatin1(request) ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
    }
    return charset(name);
  }

  private static Charset charset(String name) throws IOException {
    try {
      return Charset.forName(name);
    } catch (IllegalArgumentException e) {
      throw new IOException("request must be of a known charset: " + name, e);
    }
  }

  /**
   * If nobody names a charset, Undertow and Tomcat read the forms of POST as ISO-8859-1. Filters
   * read the forms of other methods, as UTF-8.
   */
  private static boolean isLatin1(HttpServletRequest request) {
    return request.getMethod().equals("POST") && (Cutting.isUndertow(request) || isTomcat(request));
  }

  private static boolean isTomcat(HttpServletRequest request) {
    String server = request.getServletContext().getServerInfo();
    return server != null && server.contains("Tomcat");
  }

  /**
   * The charset by which the fields of parts were decoded. If nobody names one, Tomcat takes the
   * JVM's default, and Undertow ISO-8859-1. Jetty always takes UTF-8.
   */
  private static Charset partCharset(HttpServletRequest request) throws IOException {
    boolean undertow = Cutting.isUndertow(request);
    if (!undertow && !isTomcat(request)) {
      return StandardCharsets.UTF_8;
    }
    String name = request.getCharacterEncoding();
    if (name != null) {
      return charset(name);
    }
    return undertow ? StandardCharsets.ISO_8859_1 : Charset.defaultCharset();
  }

  /**
   * How often each name stands in the query, and in queries that a dispatch has added or replaced.
   */
  private static Map<String, Integer> queryFields(HttpServletRequest request) {
    Map<String, Integer> fields = new HashMap<>();
    String query = request.getQueryString();
    count(query, fields);
    count(request.getAttribute(RequestDispatcher.INCLUDE_QUERY_STRING), fields);
    Object forwarded = request.getAttribute(RequestDispatcher.FORWARD_QUERY_STRING);
    count(Objects.equals(forwarded, query) ? null : forwarded, fields);
    return fields;
  }

  private static void count(@Nullable Object text, Map<String, Integer> fields) {
    String query = text instanceof String string ? string : "";
    int from = 0;
    while (from < query.length()) {
      int and = query.indexOf('&', from);
      int to = and < 0 ? query.length() : and;
      int equals = query.indexOf('=', from);
      if (to > from) {
        String name = query.substring(from, equals < 0 || equals > to ? to : equals);
        fields.merge(decoded(name), 1, Integer::sum);
      }
      from = to + 1;
    }
  }

  private static String decoded(String name) {
    try {
      return URLDecoder.decode(name, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return name;
    }
  }

  private static @Nullable RebuiltBody multipart(
      HttpServletRequest request, @Nullable String boundary) throws IOException {
    Collection<Part> parts;
    try {
      parts = boundary == null ? List.of() : request.getParts();
    } catch (ServletException | IllegalStateException e) {
      // There is no multipart configuration, so the container has not read the parts either.
      return null;
    }
    if (parts.isEmpty()) {
      return null;
    }
    Charset charset = partCharset(request);
    List<Opening> streams = new ArrayList<>();
    long length = 0;
    boolean lost = false;
    for (Part part : parts) {
      String fields = fields(part);
      if (!charset.canEncode() || !charset.newEncoder().canEncode(fields)) {
        throw new LostException("fields of a part that are not " + charset);
      }
      lost |= fields.indexOf(LOST) >= 0;
      byte[] head = ("--" + boundary + "\r\n" + fields + "\r\n").getBytes(charset);
      streams.add(() -> new ByteArrayInputStream(head));
      streams.add(part::getInputStream);
      streams.add(() -> new ByteArrayInputStream(bytes("\r\n")));
      length += head.length + part.getSize() + 2;
    }
    byte[] end = bytes("--" + boundary + "--\r\n");
    streams.add(() -> new ByteArrayInputStream(end));
    // As in a form: a name may have the character that stands for lost bytes.
    if (lost && request.getContentLengthLong() != length + end.length) {
      throw new LostException("fields of a part that are not " + charset);
    }
    return new RebuiltBody(
        new SequenceInputStream(new Opened(streams.iterator())), length + end.length);
  }

  /** A part that the container has in a file is opened when its turn comes. */
  @FunctionalInterface
  private interface Opening {
    InputStream open() throws IOException;
  }

  @SuppressWarnings("JdkObsolete") // SequenceInputStream takes an Enumeration.
  private record Opened(Iterator<Opening> streams) implements Enumeration<InputStream> {
    @Override
    public boolean hasMoreElements() {
      return streams.hasNext();
    }

    @Override
    public InputStream nextElement() {
      try {
        return streams.next().open();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static String fields(Part part) {
    StringBuilder fields = new StringBuilder();
    for (String name : part.getHeaderNames()) {
      for (String value : part.getHeaders(name)) {
        fields.append(name).append(": ").append(value).append("\r\n");
      }
    }
    return fields.toString();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static @Nullable String parameter(@Nullable String contentType, String name) {
    String type = contentType == null ? "" : contentType;
    for (int at = type.indexOf(';'); at >= 0; at = type.indexOf(';', at + 1)) {
      int equals = type.indexOf('=', at);
      if (equals > 0 && type.substring(at + 1, equals).trim().equalsIgnoreCase(name)) {
        int start = equals + 1;
        if (type.startsWith("\"", start)) {
          int quote = type.indexOf('"', start + 1);
          return quote < 0 ? null : type.substring(start + 1, quote);
        }
        int end = type.indexOf(';', start);
        return type.substring(start, end < 0 ? type.length() : end).trim();
      }
    }
    return null;
  }
}
