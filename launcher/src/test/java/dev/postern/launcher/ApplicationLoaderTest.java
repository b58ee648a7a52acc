package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplicationLoaderTest {
  @TempDir Path directory;
  private ClassLoader contextLoader;

  @BeforeEach
  void compile() throws Exception {
    contextLoader = Thread.currentThread().getContextClassLoader();
    Sources.compile(directory.resolve("classes"), "Hello", Sources.HELLO);
  }

  @AfterEach
  void restore() {
    Thread.currentThread().setContextClassLoader(contextLoader);
  }

  @Test
  void load_sameClassPath_sharesClasses() {
    ApplicationLoader loader = ApplicationLoader.of(directory.resolve("classes").toString());
    Application first = loader.load("Hello");
    Application second = loader.load("Hello");
    assertThat(first).isNotSameAs(second).hasSameClassAs(second);
    assertThat(first.getClass().getClassLoader()).isSameAs(loader.classLoader());
  }

  @Test
  void load_fieldAndResponder_areApplications() throws Exception {
    Sources.compile(
        directory.resolve("classes"),
        "Fields",
        """
        import dev.postern.*;
        public final class Fields implements Responder {
          public static final Application ONE = Application.of(environ -> text("one"));
          public static final Responder TWO = environ -> text("two");
          public static final Object NONE = "none";
          public static final Application NULL = null;
          public final Application own = ONE;
          static final Application hidden = ONE;
          static Response text(String text) {
            return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of(text));
          }
          public Response respond(Environ environ) {
            return text("itself");
          }
        }
        """);
    ApplicationLoader loader = ApplicationLoader.of(directory.resolve("classes").toString());

    assertThat(answer(loader.load("Fields"))).isEqualTo("itself");
    assertThat(answer(loader.load("Fields::ONE"))).isEqualTo("one");
    assertThat(answer(loader.load("Fields::TWO"))).isEqualTo("two");
    for (String wrong : List.of("Fields::NONE", "Fields::NULL")) {
      assertThatThrownBy(() -> loader.load(wrong))
          .hasMessageContaining(wrong)
          .hasMessageContaining("must be a dev.postern.Application or a dev.postern.Responder");
    }
    for (String wrong : List.of("Fields::own", "Fields::hidden", "Fields::GONE", "Fields::")) {
      assertThatThrownBy(() -> loader.load(wrong))
          .hasMessageContaining("CLASS::FIELD must be a field that is public and static");
    }
    assertThatThrownBy(() -> loader.load("Nowhere::X")).hasMessageContaining("\"Nowhere\"");
  }

  private static String answer(Application application) throws Exception {
    return InMemoryGateway.of(application).run(TestRequest.get("/")).text();
  }

  @Test
  void load_jarOfADirectory_isFound() throws Exception {
    Path lib = Files.createDirectory(directory.resolve("lib"));
    try (JarOutputStream jar =
        new JarOutputStream(Files.newOutputStream(lib.resolve("hello.jar")))) {
      jar.putNextEntry(new JarEntry("Hello.class"));
      Files.copy(directory.resolve("classes/Hello.class"), jar);
    }
    assertThat(ApplicationLoader.of(lib + "/*").load("Hello")).isNotNull();
    assertThat(ApplicationLoader.of(lib + "/hello.jar").load("Hello")).isNotNull();
    String both = directory + File.pathSeparator + lib + "/hello.jar";
    assertThat(ApplicationLoader.of(both).load("Hello")).isNotNull();
  }

  @Test
  void load_doesNotSeeTheLaunchersLibraries() {
    ClassLoader loader = ApplicationLoader.of(directory.toString()).classLoader();
    assertThatThrownBy(() -> loader.loadClass("picocli.CommandLine"))
        .isInstanceOf(ClassNotFoundException.class);
    assertThatThrownBy(() -> loader.loadClass("com.google.common.base.Strings"))
        .isInstanceOf(ClassNotFoundException.class);
    assertThatThrownBy(() -> loader.loadClass("org.eclipse.jetty.server.Server"))
        .isInstanceOf(ClassNotFoundException.class);
  }

  @Test
  void load_seesPosternAndThePlatform() throws Exception {
    ClassLoader loader = ApplicationLoader.of(directory.toString()).classLoader();
    assertThat(loader.loadClass("dev.postern.Application")).isSameAs(Application.class);
    assertThat(loader.loadClass("dev.postern.cgi.CgiApplication")).isNotNull();
    assertThat(loader.loadClass("java.sql.Connection")).isNotNull();
  }

  @Test
  void load_libraryOfTheApplication_isItsOwn() throws Exception {
    Path classes = directory.resolve("own");
    Path source = classes.resolve("com/google/common/base");
    Files.createDirectories(source);
    Sources.compile(
        source, "Strings", "package com.google.common.base; public final class Strings {}");
    Files.createDirectories(classes.resolve("com/google/common/base"));
    Path compiled = source.resolve("com/google/common/base/Strings.class");
    Files.move(compiled, source.resolve("Strings.class"));
    ClassLoader loader = ApplicationLoader.of(classes.toString()).classLoader();
    assertThat(loader.loadClass("com.google.common.base.Strings").getClassLoader())
        .isSameAs(loader);
  }

  @Test
  void load_withoutClassPath_isTheLaunchersOwn() {
    ApplicationLoader loader = ApplicationLoader.of(null);
    assertThat(loader.classLoader()).isSameAs(Main.class.getClassLoader());
    assertThat(loader.load("dev.postern.launcher.demo.Inspector")).isNotNull();
  }

  @Test
  void load_setsTheContextClassLoader() {
    ApplicationLoader loader = ApplicationLoader.of(directory.resolve("classes").toString());
    loader.load("Hello");
    assertThat(Thread.currentThread().getContextClassLoader()).isSameAs(loader.classLoader());
  }
}
