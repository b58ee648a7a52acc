package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.internal.PathBytes;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Static files: one file, or those under a directory. Answers OPTIONS, and GET and HEAD with type,
 * {@code ETag} and {@code Last-Modified}, conditional requests (RFC 9110 13), single and multiple
 * ranges (14), and a compressed sibling such as {@code page.html.br} to a client that accepts it.
 *
 * <pre>{@code
 * Application site = UrlMap.builder().mount("/static", Files.under(Path.of("/srv/site"))).build();
 * }</pre>
 *
 * <p>For files under a directory, PATH_INFO names the file. No path leads out of the directory,
 * neither {@code ..} nor a symbolic link whose target is elsewhere. Names that start with a dot are
 * not served, except {@code .well-known}. A path that names no regular file gets a 404, for
 * OPTIONS, too.
 *
 * <p>Immutable, thread-safe.
 */
public final class Files implements Application {
  private static final String[] CODINGS = {"br", "zstd", "gzip", "identity"};

  private final Path root;
  private final boolean directory;
  private final @Nullable String index;
  private final @Nullable String cacheControl;
  private final boolean precompressed;
  private final boolean dotFiles;
  private final Map<String, String> types;

  private Files(Builder builder) {
    root = builder.root;
    directory = builder.directory;
    index = builder.index;
    cacheControl = builder.cacheControl;
    precompressed = builder.precompressed;
    dotFiles = builder.dotFiles;
    types = Map.copyOf(builder.types);
  }

  /** One file, whatever the path of the request is. It need not exist yet. */
  public static Files of(Path file) {
    return new Builder(file, false).build();
  }

  /** The files under a directory, with {@code index.html} for a directory's path. */
  public static Files under(Path directory) {
    return new Builder(directory, true).build();
  }

  /** Options for the files under a directory. */
  public static Builder builder(Path directory) {
    return new Builder(directory, true);
  }

  /** Options for one file. */
  public static Builder builderOf(Path file) {
    return new Builder(file, false);
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return Application.of(this::respond).call(environ, startResponse);
  }

  /** The response to this request, for a handler that adds to it or chooses between files. */
  public Response respond(Environ environ) throws IOException {
    String method = environ.method();
    if (!method.equals("GET") && !method.equals("HEAD") && !isOptions(environ)) {
      return allowed(405);
    }
    try {
      return directory ? under(environ) : found(environ, root);
    } catch (AccessDeniedException e) {
      return Responses.status(403);
    }
  }

  private static boolean isOptions(Environ environ) {
    return environ.method().equals("OPTIONS");
  }

  private static Response allowed(int status) {
    return Responses.status(status).withHeader("Allow", "GET, HEAD, OPTIONS");
  }

  private Response under(Environ environ) throws IOException {
    String bytes = environ.variable("PATH_INFO");
    String path = bytes == null ? null : Ascii.utf8(bytes);
    Path file = path == null ? null : resolve(path);
    if (path == null || file == null || !java.nio.file.Files.exists(file)) {
      return Responses.status(404);
    }
    boolean slash = path.isEmpty() || path.endsWith("/");
    if (!isInside(file)) {
      return Responses.status(404);
    }
    if (java.nio.file.Files.isDirectory(file)) {
      Path page = index == null ? null : file.resolve(index);
      if (page == null || !java.nio.file.Files.isRegularFile(page) || !isInside(page)) {
        return Responses.status(404);
      }
      boolean shown = slash && !path.isEmpty() || isOptions(environ);
      return shown ? found(environ, page) : addSlash(environ);
    }
    return slash ? Responses.status(404) : found(environ, file);
  }

  /**
   * The file that a path names; null when the path is malformed or has a name that is not served.
   */
  private @Nullable Path resolve(String path) {
    Path file = root;
    int start = 1;
    if (!path.isEmpty() && path.charAt(0) != '/') {
      return null;
    }
    while (start < path.length()) {
      int slash = path.indexOf('/', start);
      String name = path.substring(start, slash < 0 ? path.length() : slash);
      if (!isName(name)) {
        return null;
      }
      file = child(file, name);
      if (file == null) {
        return null;
      }
      start = slash < 0 ? path.length() : slash + 1;
    }
    return file;
  }

  /** The file of a directory with that name in UTF-8; null if there can be none. */
  private static @Nullable Path child(Path directory, String name) {
    try {
      return directory.resolve(name);
    } catch (InvalidPathException e) {
      // The locale has no such chars.
      return PathBytes.listed(directory, Ascii.bytes(name));
    }
  }

  private boolean isName(String name) {
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      return false;
    }
    if (name.charAt(0) == '.' && !dotFiles && !name.equals(".well-known")) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (Character.isISOControl(c) || c == '\\' && java.io.File.separatorChar == '\\') {
        return false;
      }
    }
    // On Windows a colon could name a drive or a stream, which are not one segment of a path.
    return java.io.File.separatorChar != '\\' || name.indexOf(':') < 0;
  }

  private boolean isInside(Path file) throws IOException {
    return file.toRealPath().startsWith(root.toRealPath());
  }

  /**
   * Redirects to the path with a slash, so that links in a directory's page are relative to the
   * directory.
   */
  private static Response addSlash(Environ environ) {
    String script = environ.variable("SCRIPT_NAME");
    String path = Ascii.link((script == null ? "" : script) + environ.variable("PATH_INFO"));
    String query = environ.queryString();
    return Responses.redirect(301, path + "/" + (query.isEmpty() ? "" : "?" + query));
  }

  private Response found(Environ environ, Path file) throws IOException {
    BasicFileAttributes attributes = attributes(file);
    if (attributes == null) {
      return Responses.status(404);
    }
    if (!java.nio.file.Files.isReadable(file)) {
      return Responses.status(403);
    }
    if (isOptions(environ)) {
      return allowed(204);
    }
    Headers headers = Headers.of("X-Content-Type-Options", "nosniff");
    if (cacheControl != null) {
      headers = headers.plus("Cache-Control", cacheControl);
    }
    String type = type(String.valueOf(file.getFileName()));
    if (precompressed) {
      Map<String, Path> siblings = siblings(file, attributes);
      if (!siblings.isEmpty()) {
        headers = headers.plus("Vary", "Accept-Encoding");
        String coding = Request.of(environ).acceptsEncoding(offers(siblings));
        Path sibling = coding == null ? null : siblings.get(coding);
        BasicFileAttributes compressed = sibling == null ? null : attributes(sibling);
        if (coding != null && sibling != null && compressed != null) {
          return new FileResponse(environ, sibling, compressed, coding)
              .respond(type, headers.plus("Content-Encoding", coding));
        }
      }
    }
    return new FileResponse(environ, file, attributes, "").respond(type, headers);
  }

  private static String[] offers(Map<String, Path> siblings) {
    List<String> offers = new ArrayList<>();
    for (String coding : CODINGS) {
      if (siblings.containsKey(coding) || coding.equals("identity")) {
        offers.add(coding);
      }
    }
    return offers.toArray(new String[0]);
  }

  /** Siblings that are not older than the file, by their coding. */
  private Map<String, Path> siblings(Path file, BasicFileAttributes attributes) throws IOException {
    Map<String, Path> siblings = new LinkedHashMap<>();
    for (String coding : CODINGS) {
      if (!coding.equals("identity")) {
        Path sibling = sibling(file, FileResponse.extension(coding));
        BasicFileAttributes compressed = sibling == null ? null : attributes(sibling);
        if (sibling != null
            && compressed != null
            && compressed.lastModifiedTime().compareTo(attributes.lastModifiedTime()) >= 0
            && java.nio.file.Files.isReadable(sibling)
            && (!directory || isInside(sibling))) {
          siblings.put(coding, sibling);
        }
      }
    }
    return siblings;
  }

  /** The file whose name has an extension more; null if there can be none. */
  private static @Nullable Path sibling(Path file, String extension) {
    try {
      return file.resolveSibling(file.getFileName() + extension);
    } catch (InvalidPathException e) {
      String bytes = PathBytes.of(file);
      Path directory = file.getParent();
      String name = bytes.substring(bytes.lastIndexOf('/') + 1);
      return directory == null ? null : PathBytes.listed(directory, name + extension);
    }
  }

  /** Null when there is no regular file. */
  private static @Nullable BasicFileAttributes attributes(Path file) throws IOException {
    if (!java.nio.file.Files.isRegularFile(file)) {
      return null;
    }
    return java.nio.file.Files.readAttributes(file, BasicFileAttributes.class);
  }

  private String type(String fileName) {
    if (!types.isEmpty()) {
      String extension = Text.lower(fileName.substring(fileName.lastIndexOf('.') + 1));
      String type = types.get(extension);
      if (type != null) {
        return type;
      }
    }
    return FileTypes.of(fileName);
  }

  @Override
  public String toString() {
    return (directory ? "Files.under(" : "Files.of(") + root + ")";
  }

  /** Options of files. Not thread-safe. */
  public static final class Builder {
    private final Path root;
    private final boolean directory;
    private @Nullable String index = "index.html";
    private @Nullable String cacheControl;
    private boolean precompressed = true;
    private boolean dotFiles;
    private final Map<String, String> types = new LinkedHashMap<>();

    private Builder(Path root, boolean directory) {
      this.root = requireNonNull(root, "path").toAbsolutePath();
      this.directory = directory;
    }

    /**
     * The file that is the page of a directory, {@code index.html} by default; null for none.
     *
     * @throws IllegalArgumentException when the name is empty or has a slash
     */
    public Builder index(@Nullable String fileName) {
      if (fileName != null && (fileName.isEmpty() || fileName.indexOf('/') >= 0)) {
        throw new IllegalArgumentException("index must be a file name: " + Escapes.quote(fileName));
      }
      index = fileName;
      return this;
    }

    /**
     * The value of {@code Cache-Control}, such as {@code max-age=3600}; none by default.
     *
     * @throws IllegalArgumentException when a header cannot have this value
     */
    public Builder cacheControl(@Nullable String value) {
      cacheControl = value == null ? null : Headers.of("Cache-Control", value).get("Cache-Control");
      return this;
    }

    /**
     * Whether {@code FILE.br}, {@code FILE.zst} and {@code FILE.gz} are sent in place of FILE to a
     * client that accepts that, unless they are older than FILE; true by default.
     */
    public Builder precompressed(boolean newPrecompressed) {
      precompressed = newPrecompressed;
      return this;
    }

    /** Whether names that start with a dot are served; false by default. */
    public Builder dotFiles(boolean newDotFiles) {
      dotFiles = newDotFiles;
      return this;
    }

    /**
     * The media type of files with this extension.
     *
     * @param extension without the dot, such as {@code wasm}; case does not count
     * @param mediaType such as {@code application/wasm}
     * @throws IllegalArgumentException when the extension is empty or has a dot, or the type is no
     *     media type
     */
    public Builder type(String extension, String mediaType) {
      if (extension.isEmpty() || extension.indexOf('.') >= 0) {
        throw new IllegalArgumentException(
            "extension must have no dot: " + Escapes.quote(extension));
      }
      if (MediaType.parse(mediaType) == null) {
        throw new IllegalArgumentException(
            "type must be a media type: " + Escapes.quote(mediaType));
      }
      types.put(Text.lower(extension), mediaType);
      return this;
    }

    /** The files. */
    public Files build() {
      return new Files(this);
    }
  }
}
