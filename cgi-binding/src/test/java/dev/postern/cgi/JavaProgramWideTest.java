package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.Lists;
import dev.postern.cgi.JavaProgram.State;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.ImageIO;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.management.MBeanServerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a JVM has only once, a program inside the server has for itself. */
class JavaProgramWideTest extends CompiledPrograms {
  private static final String IMAGES =
      """
      package app;
      import java.io.ByteArrayInputStream;
      import java.nio.file.Files;
      import java.nio.file.Path;
      import javax.imageio.ImageIO;
      public class Main {
        public static void main(String[] args) throws Exception {
          System.out.print("Content-Type: text/plain\\n\\n");
          System.out.print(ImageIO.getImageReadersByMIMEType("image/own").hasNext() + " ");
          System.out.print(ImageIO.read(new ByteArrayInputStream(new byte[99])) + " ");
          System.out.print(String.join(" ", new java.util.TreeSet<>(
              java.util.List.of(ImageIO.getReaderFormatNames()))));
          System.out.print(ImageIO.getUseCache());
          ImageIO.setUseCache(false);
          System.out.println(ImageIO.getUseCache());
          if (System.getenv("QUERY_STRING").equals("wait")) {
            Files.createFile(Path.of("started"));
            while (Files.exists(Path.of("started"))) {
              Thread.sleep(1);
            }
          }
        }
      }
      """;

  @Test
  @Timeout(120)
  void imagePlugin_answersItsOwnProgramOnly() throws Exception {
    Path plain = compiled("plain", IMAGES);
    Path classes =
        compiled(
            "classes",
            IMAGES,
            """
            package app;
            import javax.imageio.ImageReader;
            import javax.imageio.spi.ImageReaderSpi;
            import javax.imageio.stream.ImageInputStream;
            public class Plugin extends ImageReaderSpi {
              static final StringBuilder ASKED = new StringBuilder();
              public Plugin() {
                super("v", "1", new String[] {"own"}, null, new String[] {"image/own"}, "x",
                    new Class<?>[] {ImageInputStream.class}, null,
                    false, null, null, null, null, false, null, null, null, null);
              }
              @Override public boolean canDecodeInput(Object input) throws java.io.IOException {
                ASKED.append(System.getenv("QUERY_STRING"));
                return false;
              }
              @Override public ImageReader createReaderInstance(Object extension) { return null; }
              @Override public String getDescription(java.util.Locale locale) { return "own"; }
            }
            """);
    service(classes, "javax.imageio.spi.ImageReaderSpi", "app.Plugin");
    Path started = directory.resolve("started");
    assertAnswersAsSpawned(classes, State.RESET);
    assertAnswersAsSpawned(plain, State.RESET);

    try (JavaProgram owner = JavaProgram.builder(List.of(classes), "app.Main").build();
        JavaProgram other = JavaProgram.builder(List.of(plain), "app.Main").build()) {
      Thread holds =
          new Thread(
              () ->
                  Call.get("/")
                      .with("QUERY_STRING", "wait")
                      .to(JavaProgramFixture.application(owner, directory)));
      holds.start();
      try {
        while (!Files.exists(started)) {
          assertThat(holds.isAlive()).isTrue();
          Thread.sleep(1);
        }
        for (int i = 0; i < 2; i++) {
          Call call = Call.get("/").with("QUERY_STRING", "x").to(CgiApplication.of(other));
          assertThat(call.body()).as(call.log()).startsWith("false null ");
          assertThat(ImageIO.getReaderFormatNames()).doesNotContain("own");
        }
      } finally {
        Files.deleteIfExists(started);
        holds.join();
      }
    }
    assertOnlyPluginsOfTheJdk();
  }

  private static void assertOnlyPluginsOfTheJdk() {
    assertThat(
            Lists.newArrayList(
                IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true)))
        .isNotEmpty()
        .allMatch(plugin -> plugin.getClass().getClassLoader() == null);
  }

  private static final String PLUGIN =
      """
      package app;
      import javax.imageio.ImageReader;
      import javax.imageio.spi.*;
      import javax.imageio.stream.ImageInputStream;
      public class Plugin extends ImageReaderSpi {
        public Plugin() {
          super("v", "1", new String[] {"own"}, null, null, "x",
              new Class<?>[] {ImageInputStream.class}, null,
              false, null, null, null, null, false, null, null, null, null);
        }
        @Override public boolean canDecodeInput(Object input) { return false; }
        @Override public ImageReader createReaderInstance(Object extension) { return null; }
        @Override public String getDescription(java.util.Locale locale) { return "own"; }
        @Override public void onDeregistration(ServiceRegistry registry, Class<?> category) {
          if (Boolean.getBoolean("fails")) {
            throw new IllegalStateException();
          }
        }
        public static class Second extends Plugin {}
      }
      """;

  @Test
  void imagePluginThatFailsAtItsEnd_leavesNoOther() throws IOException {
    Path classes =
        compiled(
            "classes",
            PLUGIN,
            """
            package app;
            import javax.imageio.ImageIO;
            public class Main {
              public static void main(String[] args) {
                System.setProperty("fails", "true");
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.print(ImageIO.getImageReadersByFormatName("own").hasNext());
              }
            }
            """);
    service(classes, "javax.imageio.spi.ImageReaderSpi", "app.Plugin\napp.Plugin$Second");

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      assertThat(Call.get("/").to(CgiApplication.of(program)).body()).isEqualTo("true");
    }
    assertOnlyPluginsOfTheJdk();
  }

  @Test
  void imagePlugin_isRemovedAndOrderedByItsOwnProgramOnly() throws IOException {
    Path classes =
        compiled(
            "classes",
            PLUGIN,
            """
            package app;
            import java.util.List;
            import java.util.function.Consumer;
            import javax.imageio.ImageIO;
            import javax.imageio.spi.*;
            public class Main {
              static void refused(Runnable call) {
                try {
                  call.run();
                  System.out.println("removed");
                } catch (UnsupportedOperationException e) {
                  System.out.println("refused");
                }
              }
              public static void main(String[] args) throws Exception {
                System.out.print("Content-Type: text/plain\\n\\n");
                Class<ImageReaderSpi> type = ImageReaderSpi.class;
                IIORegistry images = IIORegistry.getDefaultInstance();
                ServiceRegistry registry = images;
                ImageReaderSpi jdk =
                    ImageIO.getImageReadersByFormatName("png").next().getOriginatingProvider();
                Plugin own = registry.getServiceProviderByClass(Plugin.class);
                Plugin second = registry.getServiceProviderByClass(Plugin.Second.class);
                Consumer<Object> remover = registry::deregisterServiceProvider;
                refused(() -> registry.deregisterServiceProvider(jdk));
                refused(() -> images.deregisterServiceProvider(jdk));
                refused(() -> images.deregisterServiceProvider(jdk, type));
                refused(() -> remover.accept(jdk));
                refused(() -> registry.deregisterAll());
                refused(() -> images.deregisterAll(type));
                System.out.println(registry.setOrdering(type, own, jdk));
                System.out.println(images.unsetOrdering(type, jdk, own));
                System.out.println(registry.setOrdering(type, own, second));
                System.out.println(images.unsetOrdering(type, own, second));
                try {
                  ServiceRegistry.class.getMethod("deregisterServiceProvider", Object.class)
                      .invoke(images, jdk);
                } catch (java.lang.reflect.InvocationTargetException e) {
                  System.out.println(e.getCause() instanceof UnsupportedOperationException);
                }
                images.deregisterServiceProvider(own);
                System.out.println(registry.deregisterServiceProvider(second, type));
                System.out.println(registry.contains(own) + " " + registry.contains(jdk));
                ServiceRegistry made = new ServiceRegistry(List.<Class<?>>of(type).iterator());
                made.registerServiceProvider(jdk);
                made.registerServiceProvider(own);
                System.out.println(made.setOrdering(type, own, jdk));
                made.deregisterServiceProvider(jdk);
                made.deregisterAll(type);
                made.deregisterAll();
                System.out.println(made.contains(jdk) + " " + made.contains(own));
              }
            }
            """);
    service(classes, "javax.imageio.spi.ImageReaderSpi", "app.Plugin\napp.Plugin$Second");

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = CgiApplication.of(program);
      for (int i = 0; i < 2; i++) {
        Call call = Call.get("/").to(app);
        assertThat(call.body().lines())
            .as(call.log())
            .containsExactly(
                "refused",
                "refused",
                "refused",
                "refused",
                "refused",
                "refused",
                "false",
                "false",
                "true",
                "true",
                "true",
                "true",
                "false true",
                "true",
                "false false");
      }
    }
    assertOnlyPluginsOfTheJdk();
  }

  private static void service(Path classes, String type, String name) throws IOException {
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve(type), name);
  }

  @Test
  void fileSystemOfAJar_isEachRequestsOwn() throws Exception {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.net.URI;
            import java.nio.file.*;
            import java.util.Map;
            public class Main {
              public static void main(String[] args) throws Exception {
                System.out.print("Content-Type: text/plain\\n\\n");
                URI uri = URI.create("jar:" + Path.of("x.jar").toUri());
                try {
                  FileSystems.getFileSystem(uri);
                } catch (FileSystemNotFoundException e) {
                  System.out.println("not yet");
                }
                FileSystem jar = FileSystems.newFileSystem(uri, Map.of("create", "true"));
                Files.writeString(jar.getPath("/entry"), "text");
                try {
                  FileSystems.newFileSystem(uri, Map.of());
                  System.out.println("two");
                } catch (FileSystemAlreadyExistsException e) {
                  System.out.println("one");
                }
                Path entry = Path.of(URI.create(uri + "!/entry"));
                System.out.println(Files.readString(entry) + entry.toUri().equals(
                    URI.create(uri + "!/entry")) + (FileSystems.getFileSystem(uri) == jar));
                if (System.getenv("QUERY_STRING").equals("end")) {
                  jar.close();
                  try {
                    Paths.get(entry.toUri());
                  } catch (FileSystemNotFoundException e) {
                    System.out.println("closed");
                  }
                }
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = JavaProgramFixture.application(program, directory);
      assertThat(JavaProgramFixture.ask(app, "end").body()).endsWith("closed\n");
    }
  }

  /** Otherwise the finalizer of the JDK would write them over those of another request. */
  @Test
  void changesInAJarThatIsLeftOpen_areWrittenWithTheRequest() throws Exception {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.net.URI;
            import java.nio.file.*;
            import java.util.Map;
            public class Main {
              public static void main(String[] args) throws Exception {
                URI uri = URI.create("jar:" + Path.of("x.jar").toUri());
                FileSystem jar = FileSystems.newFileSystem(uri, Map.of("create", "true"));
                Files.writeString(jar.getPath(System.getenv("QUERY_STRING")), "text");
                System.out.print("Content-Type: text/plain\\n\\n");
              }
            }
            """);
    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = JavaProgramFixture.application(program, directory);
      for (int i = 0; i < 3; i++) {
        assertThat(JavaProgramFixture.ask(app, "entry" + i).status()).isEqualTo(200);
      }
    }
    try (ZipFile jar = new ZipFile(directory.resolve("x.jar").toFile())) {
      assertThat(jar.stream().map(ZipEntry::getName)).contains("entry0", "entry1", "entry2");
    }
  }

  @Test
  void classValueOfAClassOfTheJdk_letsTheProgramGo() throws Exception {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              static class Holder {}
              static final ClassValue<Holder> VALUES =
                  new ClassValue<>() {
                    @Override protected Holder computeValue(Class<?> type) {
                      return new Holder();
                    }
                  };
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(VALUES.get(String.class) == VALUES.get(String.class));
              }
            }
            """);

    long unloaded = ManagementFactory.getClassLoadingMXBean().getUnloadedClassCount();
    try (JavaProgram program =
        JavaProgram.builder(List.of(classes), "app.Main").state(State.FRESH).build()) {
      CgiApplication app = CgiApplication.of(program);
      for (int i = 0; i < 20; i++) {
        assertThat(Call.get("/").to(app).body()).isEqualTo("true\n");
      }
    }
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    // Each request has loaded three classes.
    while (ManagementFactory.getClassLoadingMXBean().getUnloadedClassCount() - unloaded < 45) {
      assertThat(System.nanoTime()).isLessThan(end);
      System.gc();
    }
  }

  @Test
  void changedResourceBundle_isReadAnew() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.print(java.util.ResourceBundle.getBundle("words").getString("key"));
              }
            }
            """);

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = CgiApplication.of(program);
      for (String word : List.of("one", "two")) {
        Files.writeString(classes.resolve("words.properties"), "key=" + word);
        assertThat(Call.get("/").to(app).body()).isEqualTo(word);
      }
      assertThat(program.report().state()).isEqualTo(State.RESET);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
  void standardInputByItsName_isTheRequests(String name) throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.io.*;
            import java.nio.charset.StandardCharsets;
            import java.nio.file.*;
            public class Main {
              static String read(String way, Path in) throws IOException {
                return switch (way) {
                  case "bytes" -> new String(Files.readAllBytes(in), "UTF-8");
                  case "string" -> Files.readString(in);
                  case "charset" -> Files.readString(in, StandardCharsets.UTF_8);
                  case "lines" -> Files.readAllLines(in).toString();
                  case "stream" -> Files.lines(in).toList().toString();
                  case "reader" -> Files.newBufferedReader(in).readLine();
                  case "input" -> new String(Files.newInputStream(in).readAllBytes(), "UTF-8");
                  case "copy" -> {
                    var out = new ByteArrayOutputStream();
                    yield Files.copy(in, out) + out.toString("UTF-8");
                  }
                  case "file" ->
                      new String(new FileInputStream(in.toFile()).readAllBytes(), "UTF-8");
                  case "name" -> new String(new FileInputStream("" + in).readAllBytes(), "UTF-8");
                  default -> new BufferedReader(new FileReader("" + in)).readLine();
                };
              }
              public static void main(String[] args) throws IOException {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(read(System.getenv("QUERY_STRING"), Path.of("%s")));
              }
            }
            """
                .formatted(name));
    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = CgiApplication.of(program);
      for (String way :
          List.of(
              "bytes", "string", "charset", "lines", "stream", "reader", "input", "copy", "file",
              "name", "text")) {
        byte[] body = "word".getBytes(StandardCharsets.UTF_8);
        Call call = Call.post("/", body).with("QUERY_STRING", way).to(app);
        assertThat(call.body()).as(way + call.log()).contains("word");
      }
    }
  }

  @Test
  void standardOutputByItsName_isTheRequests() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.io.*;
            import java.nio.charset.StandardCharsets;
            import java.nio.file.*;
            import java.util.List;
            public class Main {
              public static void main(String[] args) throws IOException {
                Path out = Path.of("/dev/stdout");
                Files.writeString(out, "Content-Type: text/plain\\n\\n");
                Files.write(out, "bytes ".getBytes());
                Files.write(out, List.of("some", "lines"));
                Files.copy(new ByteArrayInputStream("copied ".getBytes()), out,
                    StandardCopyOption.REPLACE_EXISTING);
                try (Writer writer = Files.newBufferedWriter(Path.of("/dev/fd/1"))) {
                  writer.write("writer ");
                }
                try (OutputStream stream = Files.newOutputStream(Path.of("/proc/self/fd/1"))) {
                  stream.write("stream ".getBytes());
                }
                try (Writer writer = new FileWriter("/dev/stdout")) {
                  writer.write("file writer ");
                }
                try (OutputStream stream = new FileOutputStream(new File("/dev/stdout"), true)) {
                  stream.write("file stream\\n".getBytes());
                }
                Files.writeString(Path.of("/dev/stderr"), "to the log\\n");
              }
            }
            """);

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      Call call = Call.get("/").to(CgiApplication.of(program));
      assertThat(call.body())
          .isEqualTo("bytes some\nlines\ncopied writer stream file writer file stream\n");
      assertThat(call.log()).contains("to the log");
    }
  }

  @Test
  void finderOfSystemLoggers_isTheProgramsOwn() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              static int found;
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.getLogger("x").log(System.Logger.Level.INFO, "one");
                System.getLogger("y").log(System.Logger.Level.INFO, "two");
                System.out.println(
                    System.LoggerFinder.getLoggerFinder().getClass() + " " + found);
              }
            }
            """,
            """
            package app;
            import java.util.ResourceBundle;
            public class Finder extends System.LoggerFinder {
              public Finder() { Main.found++; }
              @Override public System.Logger getLogger(String name, Module module) {
                return new System.Logger() {
                  @Override public String getName() { return name; }
                  @Override public boolean isLoggable(Level level) { return true; }
                  @Override public void log(
                      Level level, ResourceBundle bundle, String message, Throwable e) {
                    System.out.println(name + " " + message);
                  }
                  @Override public void log(
                      Level level, ResourceBundle bundle, String message, Object... parameters) {
                    System.out.println(name + " " + message);
                  }
                };
              }
            }
            """);
    service(classes, "java.lang.System$LoggerFinder", "app.Finder");

    assertAnswersAsSpawned(classes, State.RESET);
  }

  @Test
  void listedMBeanServer_isReleased() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import javax.management.MBeanServerFactory;
            public class Main {
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                MBeanServerFactory.createMBeanServer("PosternListed");
                System.out.println(MBeanServerFactory.createMBeanServer() != null);
              }
            }
            """);

    int before = MBeanServerFactory.findMBeanServer(null).size();
    assertAnswersAsSpawned(classes, State.RESET);
    assertThat(MBeanServerFactory.findMBeanServer(null)).hasSize(before);
  }
}
