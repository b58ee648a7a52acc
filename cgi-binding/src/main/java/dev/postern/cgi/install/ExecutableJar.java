package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes the jars of an installed executable. A class-data archive takes classes from jars alone,
 * and a jar without a manifest opens faster.
 */
final class ExecutableJar {
  /**
   * 1980-01-01, the earliest time in a zip file. With a fixed time the same classes make the same
   * jar.
   */
  private static final long TIME = 315_532_800_000L;

  /** The classes that name the application. */
  private static final List<String> NAMING =
      List.of(
          "dev/postern/cgi/install/InstalledMain.class",
          "dev/postern/cgi/install/InstalledServer.class",
          "dev/postern/cgi/install/InstalledInstance.class",
          "dev/postern/cgi/install/InstalledConstant.class");

  private ExecutableJar() {}

  /** Postern's own classes, with the application's name in the main classes. */
  static void writeOwn(Path jar, InstalledName application) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
      Set<String> written = new HashSet<>();
      for (Class<?> type : List.of(Application.class, CgiGateway.class)) {
        Path source = source(type);
        if (Files.isDirectory(source)) {
          copyTree(source, out, written, application);
        } else {
          try (FileSystem zip = FileSystems.newFileSystem(source)) {
            copyTree(zip.getPath("/"), out, written, application);
          }
        }
      }
    }
  }

  /** All files of a directory of classes. */
  static void writeDirectory(Path jar, Path directory) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (Path file : files(directory)) {
        put(out, directory.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
  }

  private static void copyTree(
      Path root, ZipOutputStream out, Set<String> written, InstalledName application)
      throws IOException {
    for (Path file : files(root)) {
      String name = root.relativize(file).toString();
      if (name.startsWith("dev/") && written.add(name)) {
        byte[] bytes = Files.readAllBytes(file);
        put(out, name, NAMING.contains(name) ? named(bytes, application) : bytes);
      }
    }
  }

  private static List<Path> files(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setTime(TIME);
    out.putNextEntry(entry);
    out.write(bytes);
    out.closeEntry();
  }

  /**
   * The class file with the placeholders' names replaced. The other way would be a main class that
   * calls {@code Class.forName}. That costs nothing more on JDK 17. On JDK 25, where reflection is
   * made of method handles, it costs 3.7 ms of processor time: 45.8 against 42.1 ms, medians of 80
   * starts of each, in turns, of an application that answers {@code hello}.
   *
   * <pre>
   * ClassFile  = magic(4) minor(2) major(2) count(2) *constant rest
   * constant   = 1 length(2) bytes / tag bytes of a length that the tag tells   (JVMS 4.4)
   * </pre>
   */
  static byte[] named(byte[] classFile, InstalledName application) throws IOException {
    DataInputStream in = new DataInputStream(new java.io.ByteArrayInputStream(classFile));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.write(in.readNBytes(8));
    int count = in.readUnsignedShort();
    out.writeShort(count);
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      out.writeByte(tag);
      if (tag == 1) {
        String text = in.readUTF();
        out.writeUTF(application.names().getOrDefault(text, text));
      } else {
        out.write(in.readNBytes(size(tag)));
        i += tag == 5 || tag == 6 ? 1 : 0;
      }
    }
    in.transferTo(out);
    return bytes.toByteArray();
  }

  private static int size(int tag) throws IOException {
    return switch (tag) {
      case 7, 8, 16, 19, 20 -> 2;
      case 15 -> 3;
      case 3, 4, 9, 10, 11, 12, 17, 18 -> 4;
      case 5, 6 -> 8;
      default -> throw new IOException("class file must have constants of known kinds: " + tag);
    };
  }

  private static Path source(Class<?> type) throws IOException {
    try {
      URI location = type.getProtectionDomain().getCodeSource().getLocation().toURI();
      return Path.of(location);
    } catch (URISyntaxException e) {
      throw new IOException("cannot find the jar of " + type.getName(), e);
    }
  }

  /** The names of the classes in a jar, as a class list has them. */
  static List<String> classes(Path jar) throws IOException {
    try (FileSystem zip = FileSystems.newFileSystem(jar)) {
      Path root = zip.getPath("/");
      return files(root).stream()
          .map(file -> root.relativize(file).toString())
          .filter(name -> name.endsWith(".class") && !name.startsWith("META-INF/"))
          .filter(name -> !name.endsWith("module-info.class"))
          .map(name -> name.substring(0, name.length() - ".class".length()))
          .toList();
    }
  }
}
