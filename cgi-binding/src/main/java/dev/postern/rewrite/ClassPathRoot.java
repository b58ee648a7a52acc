package dev.postern.rewrite;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** One entry of a program's class path: a directory, a jar, or classes in memory. Thread-safe. */
public final class ClassPathRoot {
  private static final String CLASS = ".class";

  private final Path path;
  private final @Nullable JarFile jar;
  private final Map<String, byte[]> memory;
  private final ProtectionDomain domain;

  /** The jar, or each file that was read from the directory, with its stamp of that time. */
  private final Map<Path, Object> stamps = new ConcurrentHashMap<>();

  private ClassPathRoot(Path path, @Nullable JarFile jar, Map<String, byte[]> memory)
      throws MalformedURLException {
    this.path = path;
    this.jar = jar;
    this.memory = memory;
    CodeSource source = new CodeSource(path.toUri().toURL(), (Certificate[]) null);
    this.domain = new ProtectionDomain(source, null);
    if (jar != null) {
      stamps.put(path, stamp(path));
    }
  }

  /** The time, size and key of a file, which are others when it was replaced or overwritten. */
  public static Object stamp(Path file) {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      return List.of(found.lastModifiedTime(), found.size(), String.valueOf(found.fileKey()));
    } catch (IOException e) {
      return "";
    }
  }

  /** Whether a file that was read has another stamp than then. */
  public boolean hasChanged() {
    return stamps.entrySet().stream()
        .anyMatch(read -> !stamp(read.getKey()).equals(read.getValue()));
  }

  /** A directory, or a jar. Of a multi-release jar the version of this JVM counts. */
  public static ClassPathRoot of(Path path) throws IOException {
    JarFile jar =
        Files.isDirectory(path)
            ? null
            : new JarFile(path.toFile(), false, ZipFile.OPEN_READ, Runtime.version());
    return new ClassPathRoot(path, jar, Map.of());
  }

  /** Classes that were compiled from that file, by the names of their class files. */
  public static ClassPathRoot of(Path source, Map<String, byte[]> classes) throws IOException {
    return new ClassPathRoot(source, null, Map.copyOf(classes));
  }

  /** The directory, jar or source file. */
  public Path path() {
    return path;
  }

  /** The protection domain of its classes. */
  public ProtectionDomain domain() {
    return domain;
  }

  /** The content of the file of that name, or null. */
  public byte @Nullable [] bytes(String name) throws IOException {
    Path file = file(name);
    if (file != null) {
      stamps.putIfAbsent(file, stamp(file));
    }
    try (InputStream in = open(name)) {
      return in == null ? memory.get(name) : in.readAllBytes();
    }
  }

  /** The same as a stream; null for classes in memory. */
  public @Nullable InputStream open(String name) throws IOException {
    if (jar != null) {
      JarEntry entry = jar.getJarEntry(name);
      return entry == null ? null : jar.getInputStream(entry);
    }
    Path file = file(name);
    return file == null ? null : Files.newInputStream(file);
  }

  private @Nullable Path file(String name) {
    if (jar != null || !memory.isEmpty()) {
      return null;
    }
    Path file = below(name);
    return file != null && Files.isRegularFile(file) ? file : null;
  }

  /** A path in the directory; null for a name that leads out of it. */
  private @Nullable Path below(String name) {
    Path below = Path.of(name).normalize();
    return below.isAbsolute() || below.startsWith("..") ? null : path.resolve(below);
  }

  /** The URL of the file of that name, or null. */
  public @Nullable URL url(String name) throws MalformedURLException {
    if (jar != null) {
      JarEntry entry = jar.getJarEntry(name);
      return entry == null
          ? null
          : new URL(
              null, "jar:" + path.toUri() + "!/" + encoded(entry.getRealName()), UncachedJars.JARS);
    }
    if (!memory.isEmpty()) {
      return null;
    }
    Path file = below(name);
    return file != null && Files.exists(file) ? file.toUri().toURL() : null;
  }

  private static String encoded(String name) {
    // A file's URI escapes what a URL must not hold.
    String escaped = new File("/" + name).toURI().getRawPath();
    return escaped.substring(1);
  }

  /** The manifest of a jar, or null. */
  public @Nullable Manifest manifest() throws IOException {
    return jar == null ? null : jar.getManifest();
  }

  /** The entries that its manifest adds to the class path. */
  public List<Path> more() throws IOException {
    Manifest manifest = manifest();
    String value =
        manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
    List<Path> more = new ArrayList<>();
    if (value != null) {
      for (String word : value.trim().split(" +", -1)) {
        if (!word.isEmpty()) {
          URI uri = path.toUri().resolve(word);
          if ("file".equals(uri.getScheme()) && Files.exists(Path.of(uri))) {
            more.add(Path.of(uri));
          }
        }
      }
    }
    return more;
  }

  /** The names of all of its classes. */
  public SortedSet<String> classes() throws IOException {
    SortedSet<String> names = new TreeSet<>();
    if (jar != null) {
      jar.versionedStream().forEach(entry -> addClass(names, entry.getName()));
    } else if (!memory.isEmpty()) {
      memory.keySet().forEach(name -> addClass(names, name));
    } else {
      try (Stream<Path> files = Files.walk(path)) {
        files.forEach(
            file -> addClass(names, path.relativize(file).toString().replace(File.separator, "/")));
      }
    }
    return names;
  }

  private static void addClass(SortedSet<String> names, String file) {
    if (file.endsWith(CLASS) && !file.endsWith("-info.class") && !file.startsWith("META-INF/")) {
      names.add(file.substring(0, file.length() - CLASS.length()).replace('/', '.'));
    }
  }
}
