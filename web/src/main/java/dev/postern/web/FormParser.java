package dev.postern.web;

import dev.postern.Environ;
import dev.postern.HttpException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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
 * Multipart forms by Apache Commons FileUpload. The only class that knows the library: it is loaded
 * for the first such form.
 */
final class FormParser
    extends AbstractFileUpload<RequestContext, DiskFileItem, DiskFileItemFactory> {
  private static final String TYPE = "multipart/form-data";

  private final Environ environ;
  private final String boundary;
  private final Limits limits;
  private final byte[] end;
  private final Head head;

  FormParser(Environ environ, String boundary, Limits limits) {
    this.environ = environ;
    this.boundary = boundary;
    this.limits = limits;
    this.end = ("--" + boundary + "--").getBytes(StandardCharsets.ISO_8859_1);
    this.head = new Head(environ.input());
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
    // For the library a body without any boundary is a form without parts.
    if (count == 0 && !head.has(end)) {
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
          item.getFieldName(),
          item.isFormField() ? null : fileName(item),
          item.getContentType(),
          new Part.Streamed(new Content(item.getInputStream())));
    } catch (FileUploadException e) {
      throw refused(e);
    }
  }

  /**
   * Not the item's own: that one refuses names which this JVM's locale cannot make a path of, and
   * web servers start CGI executables in the locale C.
   */
  private String fileName(FileItemInput item) {
    String name = getFileName(item.getHeaders());
    if (name != null && name.indexOf('\0') >= 0) {
      throw new HttpException(400, "file name of a multipart form must have no NUL");
    }
    return name == null ? "" : name;
  }

  /** What the library throws is the client's fault, and says nothing that the log needs. */
  private static HttpException refused(FileUploadException e) {
    return new HttpException(
        e instanceof FileUploadSizeException ? 413 : 400,
        "multipart form must be well-formed and within the limits: "
            + e.getClass().getSimpleName());
  }

  /** Of the form, which was checked, or of a {@code multipart/mixed} part of old browsers. */
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
      return head;
    }

    @Override
    public boolean isMultipartRelated() {
      return false;
    }
  }

  /** The body, of which the first bytes are remembered: a form without parts is all in them. */
  private static final class Head extends FilterInputStream {
    private final byte[] first = new byte[256];
    private int length;

    Head(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = in.read();
      if (b >= 0 && length < first.length) {
        first[length++] = (byte) b;
      }
      return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      int n = in.read(bytes, offset, count);
      if (n > 0 && length < first.length) {
        int kept = Math.min(n, first.length - length);
        System.arraycopy(bytes, offset, first, length, kept);
        length += kept;
      }
      return n;
    }

    boolean has(byte[] text) {
      for (int i = 0; i + text.length <= length; i++) {
        if (Arrays.equals(first, i, i + text.length, text, 0, text.length)) {
          return true;
        }
      }
      return false;
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
