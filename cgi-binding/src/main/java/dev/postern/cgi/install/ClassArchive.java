package dev.postern.cgi.install;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A class-data archive for an executable. It has the JDK's own classes, the executable's, and those
 * that the application loads to answer {@code GET /}. The installation makes it by running the
 * executable once; no request ever makes one.
 */
final class ClassArchive {
  /**
   * Classes that JDK 17 loads to find a jar's URL when an application's class comes from an
   * archive. A run without an archive does not load them, so the class list of such a run lacks
   * them.
   */
  private static final List<String> FOR_JARS =
      List.of(
          "java/nio/file/FileSystems",
          "java/nio/file/FileSystems$DefaultFileSystemHolder",
          "java/nio/file/FileSystems$DefaultFileSystemHolder$1",
          "java/net/URI$Parser");

  /**
   * Classes that the first non-ASCII text of a request needs. If one class is missing in the
   * archive, the JVM opens its module image or the class's jar.
   */
  private static final List<String> FOR_TEXT =
      List.of(
          "java/lang/StringUTF16",
          "java/nio/CharBuffer",
          "java/nio/HeapCharBuffer",
          "java/nio/charset/CharsetDecoder",
          "java/nio/charset/CharsetEncoder",
          "sun/nio/cs/UTF_8$Decoder",
          "sun/nio/cs/UTF_8$Encoder");

  /**
   * All classes whose names begin so are wanted, whatever jar has them, such as {@code
   * postern-web}.
   */
  private static final String POSTERN = "dev/postern/";

  private ClassArchive() {}

  /**
   * Makes the archive.
   *
   * @param classPath the jars, as the executable has them
   * @param own the jars of which all classes go into the archive; of other jars only loaded ones do
   * @return null, or one line that says why there is none
   */
  static @Nullable String make(
      JavaRuntime runtime, List<String> flags, List<Path> classPath, List<Path> own, Path archive)
      throws IOException {
    Path list = archive.resolveSibling("classes.lst");
    String joined = joined(classPath);
    List<String> training = new ArrayList<>(command(runtime, flags));
    training.addAll(List.of("-XX:DumpLoadedClassList=" + list, "-cp", joined));
    training.add(InstalledMain.class.getName());
    try {
      ProcessResult trained = ProcessResult.of(training, request("/", "postern-install"));
      complete(list, classPath, own);
      List<String> dumping = new ArrayList<>(command(runtime, flags));
      dumping.addAll(List.of("-Xshare:dump", "-XX:SharedClassListFile=" + list));
      dumping.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-cp", joined));
      ProcessResult dumped = ProcessResult.of(dumping, List.of());
      if (!Files.exists(archive)) {
        return "no class-data archive could be made: java ended with "
            + dumped.exit()
            + ": "
            + lastLine(dumped.errors() + dumped.output());
      }
      return trained.exit() == 0
          ? null
          : "the application failed on GET / while its classes were looked at: "
              + lastLine(trained.errors());
    } finally {
      Files.deleteIfExists(list);
    }
  }

  /** The environment of a GET that this installation makes up. */
  static List<String> request(String path, String software) {
    return List.of(
        "GATEWAY_INTERFACE=CGI/1.1",
        "REQUEST_METHOD=GET",
        "SCRIPT_NAME=",
        "PATH_INFO=" + path,
        "QUERY_STRING=",
        "REQUEST_URI=" + path,
        "REMOTE_ADDR=127.0.0.1",
        "SERVER_NAME=localhost",
        "SERVER_PORT=80",
        "SERVER_PROTOCOL=HTTP/1.1",
        "SERVER_SOFTWARE=" + software);
  }

  static String joined(List<Path> classPath) {
    List<String> entries = new ArrayList<>();
    for (Path entry : classPath) {
      entries.add(entry.toString());
    }
    return String.join(File.pathSeparator, entries);
  }

  private static List<String> command(JavaRuntime runtime, List<String> flags) {
    List<String> command = new ArrayList<>();
    command.add(runtime.java().toString());
    command.addAll(flags);
    return command;
  }

  /** Adds classes that the one request did not load but others may need. */
  private static void complete(Path list, List<Path> classPath, List<Path> own) throws IOException {
    List<String> lines = new ArrayList<>();
    Set<String> known = new HashSet<>();
    if (Files.exists(list)) {
      for (String line : Files.readAllLines(list, StandardCharsets.UTF_8)) {
        lines.add(line);
        known.add(line.split(" ", 2)[0]);
      }
    }
    List<String> wanted = new ArrayList<>(FOR_JARS);
    wanted.addAll(FOR_TEXT);
    for (Path jar : classPath) {
      for (String name : ExecutableJar.classes(jar)) {
        if (own.contains(jar) || name.startsWith(POSTERN)) {
          wanted.add(name);
        }
      }
    }
    for (String name : wanted) {
      if (known.add(name)) {
        lines.add(name);
      }
    }
    Files.write(list, lines, StandardCharsets.UTF_8);
  }

  /** The last line of a JVM's output, in which a JVM that cannot start says why. */
  private static String lastLine(String text) {
    List<String> lines = text.lines().filter(line -> !line.startsWith("\t")).toList();
    return lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1);
  }
}
