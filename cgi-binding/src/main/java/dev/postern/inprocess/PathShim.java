package dev.postern.inprocess;

import static java.util.Objects.requireNonNull;

import dev.postern.rewrite.Redirect;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.CopyOption;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Names behind which each program finds something else: its standard streams, its environment, and
 * the file systems of jars that it has opened.
 */
@SuppressWarnings({"ReferenceEquality", "StreamResourceLeak"})
public final class PathShim {
  private static final String ENVIRONMENT = "/proc/self/environ";
  private static final String NOTHING = "/dev/null";
  private static final String JAR = "jar";

  private static final Map<String, FileDescriptor> DESCRIPTORS =
      Map.of(
          "/dev/stdin", StreamShim.IN,
          "/dev/fd/0", StreamShim.IN,
          "/proc/self/fd/0", StreamShim.IN,
          "/dev/stdout", StreamShim.OUT,
          "/dev/fd/1", StreamShim.OUT,
          "/proc/self/fd/1", StreamShim.OUT,
          "/dev/stderr", StreamShim.ERR,
          "/dev/fd/2", StreamShim.ERR,
          "/proc/self/fd/2", StreamShim.ERR);

  private PathShim() {}

  // ---- standard streams by name ----

  /** The file to open for a name, which is an empty one for what the program has for itself. */
  static @Nullable String opened(@Nullable String name, Instance instance) {
    boolean isOwn = name != null && (ENVIRONMENT.equals(name) || DESCRIPTORS.containsKey(name));
    return isOwn ? NOTHING : FileShim.resolved(name, instance);
  }

  /** What the program reads under that name, or null for a file. */
  static @Nullable InputStream input(String name, Instance instance) {
    if (ENVIRONMENT.equals(name)) {
      StringBuilder entries = new StringBuilder();
      Run run = instance.asked();
      run.environmentBytes.forEach((key, value) -> entries.append(key + "=" + value + "\0"));
      return new ByteArrayInputStream(entries.toString().getBytes(StandardCharsets.ISO_8859_1));
    }
    return DESCRIPTORS.get(name) == StreamShim.IN ? instance.asked().input : null;
  }

  /** Where the program writes under that name, or null for a file. */
  static @Nullable OutputStream output(String name, Instance instance) {
    FileDescriptor descriptor = DESCRIPTORS.get(name);
    return descriptor == null ? null : output(descriptor, instance.live());
  }

  /** The program's own stream for a descriptor, or null. */
  static @Nullable OutputStream output(FileDescriptor descriptor, Run run) {
    return descriptor == StreamShim.OUT
        ? run.pipe
        : descriptor == StreamShim.ERR ? run.rawErrors : null;
  }

  private static @Nullable InputStream input(Path path, Instance instance) {
    return path.getFileSystem() == FileSystems.getDefault()
        ? input(path.toString(), instance)
        : null;
  }

  private static @Nullable OutputStream output(Path path, Instance instance) {
    return path.getFileSystem() == FileSystems.getDefault()
        ? output(path.toString(), instance)
        : null;
  }

  private static Path resolved(Path path, Instance instance) {
    return requireNonNull(FileShim.resolved(path, instance));
  }

  @Redirect("java/nio/file/Files.newInputStream")
  public static InputStream newInputStream(Path path, OpenOption[] options, Instance instance)
      throws IOException {
    InputStream own = input(path, instance);
    if (own == null) {
      own = Files.newInputStream(resolved(path, instance), options);
      SystemShim.opened(own, instance);
    }
    return own;
  }

  @Redirect("java/nio/file/Files.readAllBytes")
  public static byte[] readAllBytes(Path path, Instance instance) throws IOException {
    InputStream own = input(path, instance);
    return own == null ? Files.readAllBytes(resolved(path, instance)) : own.readAllBytes();
  }

  @Redirect("java/nio/file/Files.readString")
  public static String readString(Path path, Instance instance) throws IOException {
    return readString(path, StandardCharsets.UTF_8, instance);
  }

  @Redirect("java/nio/file/Files.readString")
  public static String readString(Path path, Charset charset, Instance instance)
      throws IOException {
    InputStream own = input(path, instance);
    return own == null
        ? Files.readString(resolved(path, instance), charset)
        : charset.newDecoder().decode(ByteBuffer.wrap(own.readAllBytes())).toString();
  }

  @Redirect("java/nio/file/Files.newBufferedReader")
  public static BufferedReader newBufferedReader(Path path, Instance instance) throws IOException {
    return newBufferedReader(path, StandardCharsets.UTF_8, instance);
  }

  @Redirect("java/nio/file/Files.newBufferedReader")
  public static BufferedReader newBufferedReader(Path path, Charset charset, Instance instance)
      throws IOException {
    InputStream own = input(path, instance);
    if (own != null) {
      return new BufferedReader(new InputStreamReader(own, charset.newDecoder()));
    }
    BufferedReader reader = Files.newBufferedReader(resolved(path, instance), charset);
    SystemShim.opened(reader, instance);
    return reader;
  }

  @Redirect("java/nio/file/Files.readAllLines")
  public static List<String> readAllLines(Path path, Instance instance) throws IOException {
    return readAllLines(path, StandardCharsets.UTF_8, instance);
  }

  @Redirect("java/nio/file/Files.readAllLines")
  public static List<String> readAllLines(Path path, Charset charset, Instance instance)
      throws IOException {
    if (input(path, instance) == null) {
      return Files.readAllLines(resolved(path, instance), charset);
    }
    try {
      return new ArrayList<>(newBufferedReader(path, charset, instance).lines().toList());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Redirect("java/nio/file/Files.lines")
  public static Stream<String> lines(Path path, Instance instance) throws IOException {
    return lines(path, StandardCharsets.UTF_8, instance);
  }

  @Redirect("java/nio/file/Files.lines")
  public static Stream<String> lines(Path path, Charset charset, Instance instance)
      throws IOException {
    if (input(path, instance) != null) {
      return newBufferedReader(path, charset, instance).lines();
    }
    Stream<String> lines = Files.lines(resolved(path, instance), charset);
    SystemShim.opened(lines, instance);
    return lines;
  }

  @Redirect("java/nio/file/Files.copy")
  public static long copy(Path from, OutputStream to, Instance instance) throws IOException {
    InputStream own = input(from, instance);
    return own == null ? Files.copy(resolved(from, instance), to) : own.transferTo(to);
  }

  @Redirect("java/nio/file/Files.newOutputStream")
  public static OutputStream newOutputStream(Path path, OpenOption[] options, Instance instance)
      throws IOException {
    OutputStream own = output(path, instance);
    if (own != null) {
      return new ProgramFileOutput(path.toFile(), instance);
    }
    OutputStream out = Files.newOutputStream(resolved(path, instance), options);
    SystemShim.opened(out, instance);
    return out;
  }

  @Redirect("java/nio/file/Files.newBufferedWriter")
  public static BufferedWriter newBufferedWriter(Path path, OpenOption[] options, Instance instance)
      throws IOException {
    return newBufferedWriter(path, StandardCharsets.UTF_8, options, instance);
  }

  @Redirect("java/nio/file/Files.newBufferedWriter")
  public static BufferedWriter newBufferedWriter(
      Path path, Charset charset, OpenOption[] options, Instance instance) throws IOException {
    return new BufferedWriter(
        new OutputStreamWriter(newOutputStream(path, options, instance), charset.newEncoder()));
  }

  @Redirect("java/nio/file/Files.write")
  public static Path write(Path path, byte[] bytes, OpenOption[] options, Instance instance)
      throws IOException {
    OutputStream own = output(path, instance);
    if (own == null) {
      Files.write(resolved(path, instance), bytes, options);
    } else {
      own.write(bytes, 0, bytes.length);
    }
    return path;
  }

  @Redirect("java/nio/file/Files.write")
  public static Path write(
      Path path, Iterable<? extends CharSequence> lines, OpenOption[] options, Instance instance)
      throws IOException {
    return write(path, lines, StandardCharsets.UTF_8, options, instance);
  }

  @Redirect("java/nio/file/Files.write")
  public static Path write(
      Path path,
      Iterable<? extends CharSequence> lines,
      Charset charset,
      OpenOption[] options,
      Instance instance)
      throws IOException {
    OutputStream own = output(path, instance);
    if (own == null) {
      Files.write(resolved(path, instance), lines, charset, options);
      return path;
    }
    String end = requireNonNull(SystemShim.getProperty("line.separator", instance));
    return writeString(path, String.join(end, lines) + end, charset, options, instance);
  }

  @Redirect("java/nio/file/Files.writeString")
  public static Path writeString(
      Path path, CharSequence text, OpenOption[] options, Instance instance) throws IOException {
    return writeString(path, text, StandardCharsets.UTF_8, options, instance);
  }

  @Redirect("java/nio/file/Files.writeString")
  public static Path writeString(
      Path path, CharSequence text, Charset charset, OpenOption[] options, Instance instance)
      throws IOException {
    OutputStream own = output(path, instance);
    if (own == null) {
      Files.writeString(resolved(path, instance), text, charset, options);
    } else {
      byte[] bytes = text.toString().getBytes(charset);
      own.write(bytes, 0, bytes.length);
    }
    return path;
  }

  @Redirect("java/nio/file/Files.copy")
  public static long copy(InputStream from, Path to, CopyOption[] options, Instance instance)
      throws IOException {
    OutputStream own = output(to, instance);
    return own == null ? Files.copy(from, resolved(to, instance), options) : from.transferTo(own);
  }

  // ---- file systems of jars: the JVM has one for each jar, which its opener closes ----

  @Redirect("java/nio/file/FileSystems.newFileSystem")
  public static FileSystem newFileSystem(URI uri, Map<String, ?> options, Instance instance)
      throws IOException {
    return newFileSystem(uri, options, null, instance);
  }

  @Redirect("java/nio/file/FileSystems.newFileSystem")
  public static FileSystem newFileSystem(
      URI uri, Map<String, ?> options, @Nullable ClassLoader loader, Instance instance)
      throws IOException {
    FileSystemProvider jars = jars(uri);
    if (jars == null) {
      return FileSystems.newFileSystem(uri, options, loader);
    }
    Path jar = jar(uri);
    synchronized (instance.jars) {
      boolean exists = Files.exists(jar);
      if (exists && existing(jar.toRealPath(), instance) != null) {
        throw new FileSystemAlreadyExistsException(jar.toString());
      }
      instance.live();
      FileSystem made = jars.newFileSystem(jar, options);
      instance.jars.put(jar.toRealPath(), made);
      return made;
    }
  }

  @Redirect("java/nio/file/FileSystems.getFileSystem")
  public static FileSystem getFileSystem(URI uri, Instance instance) {
    if (jars(uri) == null) {
      return FileSystems.getFileSystem(uri);
    }
    synchronized (instance.jars) {
      FileSystem found = null;
      try {
        found = existing(jar(uri).toRealPath(), instance);
      } catch (IOException e) {
        // There is no such jar.
      }
      if (found == null) {
        throw new FileSystemNotFoundException(uri.toString());
      }
      return found;
    }
  }

  @Redirect({"java/nio/file/Path.of", "java/nio/file/Paths.get"})
  public static Path path(URI uri, Instance instance) {
    String spec = uri.getSchemeSpecificPart();
    int end = spec.indexOf("!/");
    return jars(uri) == null || end < 0
        ? Path.of(uri)
        : getFileSystem(uri, instance).getPath(spec.substring(end + 1));
  }

  private static @Nullable FileSystem existing(Path jar, Instance instance) {
    FileSystem found = instance.jars.get(jar);
    return found != null && found.isOpen() ? found : null;
  }

  /** The provider of the JDK for such a URI; null for a URI of another scheme. */
  private static @Nullable FileSystemProvider jars(URI uri) {
    if (JAR.equalsIgnoreCase(uri.getScheme())) {
      for (FileSystemProvider provider : FileSystemProvider.installedProviders()) {
        if (provider.getScheme().equals(JAR)) {
          return provider;
        }
      }
    }
    return null;
  }

  private static Path jar(URI uri) {
    String spec = uri.getRawSchemeSpecificPart();
    int end = spec.indexOf("!/");
    try {
      return Path.of(new URI(end < 0 ? spec : spec.substring(0, end))).toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * Closes the file systems that the program has left open. This writes the changes of one that can
   * be written, and a process that ends would not. But the finalizer of the JDK would write them
   * later, perhaps over the changes of another request.
   */
  static void closeJars(Instance instance) {
    synchronized (instance.jars) {
      for (FileSystem each : instance.jars.values()) {
        try {
          each.close();
        } catch (Throwable e) {
          // The changes are lost. The other file systems are closed.
        }
      }
      instance.jars.clear();
    }
  }
}
