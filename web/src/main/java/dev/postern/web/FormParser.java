package dev.postern.web;

import dev.postern.Environ;
import dev.postern.HttpException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.commons.fileupload2.core.AbstractFileUpload;
import org.apache.commons.fileupload2.core.DiskFileItem;
import org.apache.commons.fileupload2.core.DiskFileItemFactory;
import org.apache.commons.fileupload2.core.FileItemInput;
import org.apache.commons.fileupload2.core.FileItemInputIterator;
import org.apache.commons.fileupload2.core.FileUploadException;
import org.apache.commons.fileupload2.core.FileUploadSizeException;
import org.apache.commons.fileupload2.core.RequestContext;

/**
 * Multipart forms by Apache Commons FileUpload. Only this class knows the library, so that only the
 * first such form loads it.
 */
final class FormParser
    extends AbstractFileUpload<RequestContext, DiskFileItem, DiskFileItemFactory> {
  private static final String TYPE = "multipart/form-data";

  private final Environ environ;
  private final String boundary;
  private final Limits limits;
  private final Delimited body;

  FormParser(Environ environ, String boundary, Limits limits) {
    this.environ = environ;
    this.boundary = boundary;
    this.limits = limits;
    this.body = new Delimited(environ.input(), boundary);
    setMaxSize(limits.multipartBytes());
    setMaxFileSize(limits.fileBytes());
    setMaxPartHeaderSize(limits.partHeaderBytes());
    setHeaderCharset(StandardCharsets.UTF_8);
  }

  void parse(Request.PartConsumer consumer) throws Exception {
    FileItemInputIterator items;
    try {
      items = getItemIterator(new Context());
    } catch (FileUploadException e) {
      throw refused(e);
    }
    int count = 0;
    for (; hasNext(items); count++) {
      if (count >= limits.parts()) {
        throw new HttpException(
            413, "multipart form must have no more parts than " + limits.parts());
      }
      consumer.accept(next(items));
    }
    if (!body.isClosed()) {
      throw new HttpException(400, "multipart form must end with its boundary");
    }
  }

  private static boolean hasNext(FileItemInputIterator items) throws IOException {
    try {
      return items.hasNext();
    } catch (FileUploadException e) {
      throw refused(e);
    }
  }

  private Part next(FileItemInputIterator items) throws IOException {
    try {
      FileItemInput item = items.next();
      return new Part(
          unescaped(item.getFieldName()),
          item.isFormField() ? null : fileName(item),
          item.getContentType(),
          new Part.Streamed(new Content(item.getInputStream())));
    } catch (FileUploadException e) {
      throw refused(e);
    }
  }

  /**
   * Takes the name from the headers. The item's own method refuses a name if this JVM's locale
   * cannot make a path of it, and web servers start CGI executables in the locale C.
   */
  private String fileName(FileItemInput item) {
    String name = getFileName(item.getHeaders());
    if (name != null && name.indexOf('\0') >= 0) {
      throw new HttpException(400, "file name of a multipart form must have no NUL");
    }
    return name == null ? "" : unescaped(name);
  }

  /**
   * Decodes {@code quoted-pair}. curl writes a quote as {@code \"}, and a backslash as two.
   * Internet Explorer wrote paths with backslashes that escape nothing. So a text with a backslash
   * before any other character stays as it is.
   */
  private static String unescaped(String text) {
    StringBuilder unescaped = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
        c = i < text.length() ? text.charAt(i) : 0;
        if (c != '"' && c != '\\') {
          return text;
        }
      }
      unescaped.append(c);
    }
    return unescaped.toString();
  }

  /**
   * Makes a 400 or a 413 of the library's exception. The client is at fault, and the library's
   * message says nothing that the log needs.
   */
  private static HttpException refused(FileUploadException e) {
    return new HttpException(
        e instanceof FileUploadSizeException ? 413 : 400,
        "multipart form must be well-formed and within the limits: "
            + e.getClass().getSimpleName());
  }

  /**
   * The boundary of the form, which was checked before, or of a {@code multipart/mixed} part, which
   * old browsers send.
   */
  @Override
  public byte[] getBoundary(String contentType) {
    if (contentType.equals(TYPE)) {
      return boundary.getBytes(StandardCharsets.ISO_8859_1);
    }
    byte[] inner = super.getBoundary(contentType);
    if (inner == null || inner.length == 0 || inner.length > 70) {
      throw new HttpException(400, "multipart part must have a boundary of 1 to 70 characters");
    }
    return inner;
  }

  @Override
  public FileItemInputIterator getItemIterator(RequestContext request) throws IOException {
    return super.getItemIterator(request);
  }

  @Override
  public Map<String, List<DiskFileItem>> parseParameterMap(RequestContext request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<DiskFileItem> parseRequest(RequestContext request) {
    throw new UnsupportedOperationException();
  }

  /** The request as the library wants it. */
  private final class Context implements RequestContext {
    @Override
    public String getCharacterEncoding() {
      return "UTF-8";
    }

    @Override
    public long getContentLength() {
      return environ.contentLength();
    }

    @Override
    public String getContentType() {
      return TYPE;
    }

    @Override
    public InputStream getInputStream() {
      return body;
    }

    @Override
    public boolean isMultipartRelated() {
      return false;
    }
  }

  /**
   * The body. This class notes whether the body has come to its end, {@code close-delimiter = CRLF
   * "--" boundary "--"} (RFC 2046 5.1.1). The library takes more than that for the end of a form: a
   * body that was cut, and a boundary with other text behind it. The parts that follow would be
   * lost.
   */
  private static final class Delimited extends FilterInputStream {
    private final byte[] delimiter;

    /**
     * How many bytes of the delimiter, and of the two bytes behind it, have come. A form starts at
     * a line's start, as if CRLF had come.
     */
    private int matched = 2;

    private boolean over;
    private boolean closed;

    Delimited(InputStream in, String boundary) {
      super(in);
      delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether the form has had its last delimiter, and no malformed one before. */
    boolean isClosed() {
      return closed;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      int n = in.read(bytes, offset, count);
      for (int i = offset; i < offset + n && !over; i++) {
        // This test is for speed, because most bytes are those of a file.
        if (matched > 0 || bytes[i] == '\r') {
          next(bytes[i]);
        }
      }
      return n;
    }

    private void next(byte b) {
      int behind = matched - delimiter.length;
      if (behind < 0) {
        // A boundary has no CR, so no other start of a delimiter is lost.
        matched = b == delimiter[matched] ? matched + 1 : b == '\r' ? 1 : 0;
      } else if (behind == 0 && b == '-') {
        matched++;
      } else if (behind == 0 && b == '\r') {
        matched += 2;
      } else if (behind != 1 && b == '\n') {
        matched = 0;
      } else {
        over = true;
        closed = behind == 1 && b == '-';
      }
    }
  }

  /** The bytes of a part. */
  private static final class Content extends FilterInputStream {
    Content(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return in.read();
      } catch (FileUploadException e) {
        throw refused(e);
      }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return in.read(bytes, offset, length);
      } catch (FileUploadException e) {
        throw refused(e);
      }
    }
  }
}
