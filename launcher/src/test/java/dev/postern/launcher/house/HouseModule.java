package dev.postern.launcher.house;

import dev.postern.Environ;
import dev.postern.cgi.CgiGateway;
import dev.postern.cgi.servlet.CgiServlet;
import dev.postern.fastcgi.wire.Records;
import dev.postern.launcher.Main;
import dev.postern.servlet.ServletGateway;
import dev.postern.spring.GatewayMapping;
import dev.postern.testing.InMemoryGateway;
import dev.postern.web.Request;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;

/** The modules of this build, as they were compiled: folders of classes, or jars. */
enum HouseModule {
  CORE("core", Environ.class),
  CGI("cgi-binding", CgiGateway.class),
  SERVLET("servlet-binding", ServletGateway.class),
  CGI_SERVLET("cgi-servlet", CgiServlet.class),
  SPRING("spring-boot-starter", GatewayMapping.class),
  FASTCGI("fastcgi-binding", Records.class),
  TEST_FIXTURES("src-test-fixtures", InMemoryGateway.class),
  WEB("web", Request.class),
  LAUNCHER("launcher", Main.class);

  private final String directory;
  private final Class<?> one;

  HouseModule(String directory, Class<?> one) {
    this.directory = directory;
    this.one = one;
  }

  /** Where its sources are. */
  Path directory() {
    return Path.of("..").resolve(directory);
  }

  /** Where its classes are. */
  Path classes() {
    try {
      return Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  ModuleDescriptor descriptor() throws IOException {
    try (Root root = Root.open(classes());
        InputStream in = Files.newInputStream(root.path().resolve("module-info.class"))) {
      return ModuleDescriptor.read(in);
    }
  }

  /** The packages that everybody may use. */
  List<String> exportedPackages() throws IOException {
    return descriptor().exports().stream()
        .filter(export -> !export.isQualified())
        .map(ModuleDescriptor.Exports::source)
        .sorted()
        .toList();
  }

  /**
   * The public and protected classes of a package, not initialized, in order of their names. Others
   * are not loaded: they may extend a class of a library that is not here.
   */
  List<Class<?>> openClassesOf(String packageName) throws IOException {
    try (Root root = Root.open(classes());
        Stream<Path> files = Files.list(root.path().resolve(packageName.replace('.', '/')))) {
      return files
          .filter(HouseModule::isOpen)
          .map(file -> file.getFileName().toString())
          .map(name -> packageName + "." + name.substring(0, name.length() - ".class".length()))
          .sorted()
          .<Class<?>>map(HouseModule::load)
          .toList();
    }
  }

  /** A protected class inside another one is public in its file. */
  private static boolean isOpen(Path file) {
    if (!file.toString().endsWith(".class")) {
      return false;
    }
    try {
      return (new ClassReader(Files.readAllBytes(file)).getAccess() & Opcodes.ACC_PUBLIC) != 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, HouseModule.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A folder, or the inside of a jar. */
  private record Root(Path path, FileSystem jar) implements AutoCloseable {
    static Root open(Path classes) throws IOException {
      if (Files.isDirectory(classes)) {
        return new Root(classes, null);
      }
      FileSystem jar = FileSystems.newFileSystem(URI.create("jar:" + classes.toUri()), Map.of());
      return new Root(jar.getPath("/"), jar);
    }

    @Override
    public void close() throws IOException {
      if (jar != null) {
        jar.close();
      }
    }
  }
}
