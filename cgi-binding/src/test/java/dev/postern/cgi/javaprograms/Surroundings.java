package dev.postern.cgi.javaprograms;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileFilter;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Scanner;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;

/** Programs that look at and change what a process has around it. */
public final class Surroundings {
  private Surroundings() {}

  private static final PrintStream EARLY = System.out;

  static void head() {
    System.out.print("Content-Type: text/plain\n\n");
  }

  public static final class Environment {
    public static void main(String[] args) throws Exception {
      head();
      System.out.println(System.getenv("QUERY_STRING"));
      System.out.println(System.getenv("NO_SUCH"));
      Map<String, String> sorted = new TreeMap<>(System.getenv());
      // They name what is run, and by what.
      sorted.keySet().removeAll(List.of("_", "SCRIPT_FILENAME", "REDIRECT_STATUS"));
      sorted.forEach((name, value) -> System.out.println(name + "=" + value));
      try {
        System.getenv().put("A", "b");
      } catch (UnsupportedOperationException e) {
        System.out.println("read-only");
      }
      try {
        System.getenv(null);
      } catch (NullPointerException e) {
        System.out.println("null");
      }
      Function<String, String> get = System::getenv;
      System.out.println(get.apply("REQUEST_METHOD"));
      System.out.println(
          System.class.getMethod("getenv", String.class).invoke(null, "SERVER_PROTOCOL"));
    }
  }

  public static final class StandardStreams {
    public static void main(String[] args) throws IOException {
      EARLY.print("Content-Type: text/plain\n\n");
      PrintStream before = System.out;
      System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true));
      System.out.println("by a descriptor");
      System.setErr(System.out);
      System.err.println("by another stream");
      new IllegalStateException("printed").printStackTrace();
      System.setOut(before);
      System.out.printf(Locale.ROOT, "%5.2f%n", 1.5);
      Scanner scanner = new Scanner(System.in, StandardCharsets.UTF_8);
      System.out.println(scanner.nextLine());
      System.setIn(new java.io.ByteArrayInputStream(new byte[] {'x'}));
      System.out.println(System.in.read());
    }
  }

  /** What comes after the close is lost. */
  public static final class ClosesOutput {
    public static void main(String[] args) {
      head();
      System.out.println("before");
      System.out.close();
      System.out.println("after");
      if (!System.out.checkError()) {
        System.err.println("no error");
      }
    }
  }

  public static final class RawInput {
    public static void main(String[] args) throws IOException {
      head();
      try (FileInputStream in = new FileInputStream(FileDescriptor.in)) {
        // Not readAllBytes, which fails on a pipe in JDK 17.
        byte[] bytes = new byte[100];
        int length = 0;
        for (int more = 0; more >= 0; more = in.read(bytes, length, bytes.length - length)) {
          length += more;
        }
        System.out.println(new String(bytes, 0, length, StandardCharsets.UTF_8));
      }
    }
  }

  public static final class SystemProperties {
    public static void main(String[] args) {
      head();
      System.out.println(System.setProperty("mine", "1"));
      System.out.println(System.setProperty("mine", "2"));
      System.out.println(Integer.getInteger("mine") + Integer.getInteger("none", 5));
      System.out.println(Long.getLong("mine", 3));
      System.setProperty("yes", "true");
      System.out.println(Boolean.getBoolean("yes") + " " + Boolean.getBoolean("no"));
      System.out.println(System.clearProperty("mine"));
      System.out.println(System.getProperty("mine", "gone"));
      System.out.println(new File(System.getProperty("user.dir")).isAbsolute());
      System.out.println(System.getProperty("secret.of.the.server"));
      System.setProperties(new Properties());
      System.out.println(System.getProperties().size());
      try {
        System.getProperty("");
      } catch (IllegalArgumentException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  /** Each uses a relative name in the program's directory. */
  public static final class RelativeFiles {
    public static void main(String[] args) throws Exception {
      head();
      String name = "relative-" + System.getenv("QUERY_STRING");
      Path path = Path.of(name);
      File file = new File(name);
      System.out.println(file.exists());
      try (PrintWriter out = new PrintWriter(name, "UTF-8")) {
        out.print("one");
      }
      try (FileWriter out = new FileWriter(file, StandardCharsets.UTF_8, true)) {
        out.write("two");
      }
      try (FileOutputStream out = new FileOutputStream(name, true)) {
        out.write('3');
      }
      Files.writeString(path, "four", StandardOpenOption.APPEND);
      try (RandomAccessFile random = new RandomAccessFile(name, "rw")) {
        random.seek(random.length());
        random.write('5');
      }
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.APPEND)) {
        channel.write(StandardCharsets.UTF_8.encode("six"));
      }
      System.out.println(Files.readString(path) + " " + file.length() + " " + Files.size(path));
      try (BufferedReader in = Files.newBufferedReader(path)) {
        System.out.println(in.readLine());
      }
      try (BufferedReader in = new BufferedReader(new FileReader(name, StandardCharsets.UTF_8))) {
        System.out.println(in.readLine());
      }
      try (FileInputStream in = new FileInputStream(file)) {
        System.out.println(in.readAllBytes().length);
      }
      System.out.println(file.getPath() + " " + path + " " + file.isAbsolute());
      System.out.println(file.getAbsolutePath().equals(path.toAbsolutePath().toString()));
      System.out.println(
          Path.of("/base").resolve(path).getParent() + " " + path.resolve("x").getNameCount());
      System.out.println(Files.isSameFile(path, path.toAbsolutePath()));
      System.out.println(
          new File(".").list().length == new File("").getAbsoluteFile().list().length);
      File directory = new File(name + ".d");
      System.out.println(directory.mkdir());
      Files.copy(path, directory.toPath().resolve("copy"));
      System.out.println(Arrays.toString(directory.listFiles()));
      try (Stream<Path> list = Files.list(directory.toPath())) {
        System.out.println(list.toList());
      }
      try (Stream<Path> walk = Files.walk(Path.of(name + ".d"))) {
        System.out.println(walk.toList());
      }
      try (DirectoryStream<Path> all = Files.newDirectoryStream(directory.toPath())) {
        all.forEach(System.out::println);
      }
      Stream.of(name).map(File::new).map(File::exists).forEach(System.out::println);
      file.renameTo(new File(directory, "moved"));
      System.out.println(new File(directory, "moved").isFile() + " " + file.exists());
      new File(directory, "moved").deleteOnExit();
      new File(directory, "copy").delete();
      Path last = directory.toPath();
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> System.out.println(Files.exists(last))));
    }
  }

  /** What methods of the JDK give back for a relative path is relative, too. */
  public static final class RelativePaths {
    public static void main(String[] args) throws Exception {
      head();
      String name = "paths-" + System.getenv("QUERY_STRING");
      Path root = Path.of(name);
      System.out.println(Files.createDirectory(root) + " " + Files.createDirectories(root));
      Path sub = Files.createDirectory(root.resolve("sub"));
      File made = File.createTempFile("made", ".tmp", new File(name));
      System.out.println(made.getParent() + " " + made.exists() + " " + made.delete());
      System.out.println(Files.createFile(sub.resolve("v2")));
      System.out.println(Files.createSymbolicLink(sub.resolve("current"), Path.of("v2")));
      System.out.println(Files.readSymbolicLink(sub.resolve("current")));
      System.out.println(Files.createLink(sub.resolve("hard"), sub.resolve("v2")));
      System.out.println(Files.writeString(sub.resolve("v2"), "text"));
      System.out.println(Files.readString(sub.resolve("current")));
      System.out.println(Files.copy(sub.resolve("v2"), root.resolve("page.html")));
      System.out.println(Files.move(sub.resolve("v2"), sub.resolve("v3")));
      Path temporary = Files.createTempFile(root, "x", ".tmp");
      System.out.println(temporary.getParent() + " " + Files.deleteIfExists(temporary));
      Function<Path, Path> byReference = Surroundings::created;
      System.out.println(byReference.apply(root.resolve("other")));
      TreeSet<String> found = new TreeSet<>();
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
              found.add("directory " + path);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
              found.add("file " + root.relativize(path));
              return FileVisitResult.CONTINUE;
            }
          });
      System.out.println(
          Files.walkFileTree(root, Set.of(), 1, new SimpleFileVisitor<>() {}) + " " + found);
      try (DirectoryStream<Path> pages = Files.newDirectoryStream(root, "*.html")) {
        pages.forEach(System.out::println);
      }
      DirectoryStream.Filter<Path> filter = path -> path.startsWith(root) && path.endsWith("sub");
      try (DirectoryStream<Path> all = Files.newDirectoryStream(root, filter)) {
        all.forEach(System.out::println);
      }
      FileFilter shows =
          file -> {
            System.out.println(file);
            return file.exists();
          };
      System.out.println(shows.accept(new File(name)));
      FileOutputStream.class.getConstructor(String.class).newInstance(name + "/reflected").close();
      System.out.println(Files.exists(root.resolve("reflected")));
    }
  }

  static Path created(Path path) {
    try {
      return Files.createDirectory(path);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Text on the descriptors, without any stream of System. */
  public static final class TextOnDescriptors {
    public static void main(String[] args) throws IOException {
      try (BufferedReader in = new BufferedReader(new FileReader(FileDescriptor.in));
          FileWriter out = new FileWriter(FileDescriptor.out)) {
        out.append("Content-Type: text/plain\n\n").append('x').write("\u2713\n");
        out.write(in.readLine() + " " + in.ready() + " " + FileDescriptor.out.valid() + "\n");
        out.write(new char[] {'a', 'b', 'c'}, 1, 1);
      }
    }
  }

  public static final class ChildrenWithTime {
    public static void main(String[] args) throws Exception {
      head();
      System.out.flush();
      Process late = new ProcessBuilder("sh", "-c", "sleep 0.2; echo late").inheritIO().start();
      System.out.println(late.waitFor(1, TimeUnit.MINUTES));
      Process stubborn =
          new ProcessBuilder("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
              .inheritIO()
              .start();
      System.out.println(stubborn.supportsNormalTermination());
      System.out.println(stubborn.destroyForcibly().waitFor());
    }
  }

  public static final class Children {
    public static void main(String[] args) throws Exception {
      head();
      System.out.println("first");
      ProcessBuilder builder = new ProcessBuilder("sh", "-c", "echo $QUERY_STRING $ADDED; pwd");
      builder.environment().put("ADDED", "added");
      System.out.println(builder.inheritIO().start().waitFor());
      Process process = Runtime.getRuntime().exec(new String[] {"sh", "-c", "exit 3"});
      System.out.println(process.waitFor());
      process = Runtime.getRuntime().exec("printenv QUERY_STRING");
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        System.out.println(in.readLine());
      }
      process = Runtime.getRuntime().exec(new String[] {"printenv", "X"}, new String[] {"X=y"});
      System.out.println(
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      System.out.println("last");
    }
  }

  /** One builder for all children. */
  public static final class KeepsBuilder {
    private static final ProcessBuilder BUILDER = new ProcessBuilder("printenv", "QUERY_STRING");

    public static void main(String[] args) throws Exception {
      head();
      System.out.write(BUILDER.start().getInputStream().readAllBytes());
    }
  }

  public static final class Pipeline {
    public static void main(String[] args) throws Exception {
      head();
      System.out.flush();
      ProcessBuilder first = new ProcessBuilder("sh", "-c", "echo $QUERY_STRING; pwd; echo $HOME");
      ProcessBuilder last = new ProcessBuilder("cat");
      last.redirectOutput(ProcessBuilder.Redirect.INHERIT);
      List<Process> pipeline = ProcessBuilder.startPipeline(List.of(first, last));
      System.out.println(pipeline.get(1).waitFor() + " " + pipeline.get(0).waitFor());
      System.out.println(first.redirectInput() + " " + last.redirectOutput());
    }
  }

  public static final class LocaleAndZone {
    public static void main(String[] args) {
      head();
      System.out.println("TITLE".toLowerCase());
      Locale.setDefault(Locale.GERMANY);
      System.out.println(String.format("%.2f", 1.5));
      System.out.printf("%.1f%n", 2.5);
      System.out.println("%,d".formatted(1234567));
      Locale.setDefault(new Locale("tr"));
      System.out.println("TITLE".toLowerCase().length() + " " + "title".toUpperCase().charAt(1));
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Tokyo"));
      System.out.println(TimeZone.getDefault().getID() + " " + java.time.ZoneId.systemDefault());
      System.out.println(java.util.Calendar.getInstance().getTimeZone().getID());
    }
  }

  /** The process that it sees has its own children, and no others. */
  public static final class OwnChildren {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      String shells = "sh -c 'echo ready; exec cat'; true";
      Process child = new ProcessBuilder("sh", "-c", shells).start();
      child.inputReader().readLine();
      ProcessHandle self = ProcessHandle.current();
      System.out.println(self.children().map(each -> each.pid() == child.pid()).toList());
      System.out.println(self.descendants().map(ProcessHandle::isAlive).toList());
      System.out.println(child.toHandle().children().count());
      System.out.println(child.toHandle().parent().equals(Optional.of(self)));
      self.descendants().forEach(ProcessHandle::destroyForcibly);
      child.waitFor();
      System.out.println(self.children().toList());
    }
  }

  public static final class AsynchronousFile {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      Path file = Path.of("asynchronous-" + System.getenv("QUERY_STRING"));
      Files.writeString(file, "text");
      try (AsynchronousFileChannel channel = AsynchronousFileChannel.open(file)) {
        System.out.println(channel.read(ByteBuffer.allocate(9), 0).get());
      }
      Set<StandardOpenOption> options = Set.of(StandardOpenOption.DELETE_ON_CLOSE);
      try (AsynchronousFileChannel channel = AsynchronousFileChannel.open(file, options, null)) {
        System.out.println(channel.read(ByteBuffer.allocate(9), 1).get());
      }
      System.out.println(Files.exists(file));
    }
  }
}
