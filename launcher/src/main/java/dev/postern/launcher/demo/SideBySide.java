package dev.postern.launcher.demo;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.JavaProgram;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/** The same program twice: started for each request, and in a better way. */
final class SideBySide implements AutoCloseable {
  private final @Nullable CgiDirectory warm;
  private final JavaProgram program;

  /**
   * @param perl null where there is none
   */
  SideBySide(
      Path home, @Nullable Path perl, Consumer<CgiRun> listener, Map<String, Application> routes)
      throws IOException {
    if (perl == null) {
      warm = null;
    } else {
      Path scripts = Files.createDirectories(home.resolve("perl"));
      Files.write(scripts.resolve("words.pl"), Resource.bytes("words.pl"));
      List<String> command = List.of(perl.toString());
      routes.put(
          "/perl/cold",
          CgiDirectory.builder(scripts).interpreter(".pl", command).onRun(listener).build());
      warm =
          CgiDirectory.builder(scripts).interpreter(".pl", command).onRun(listener).warm().build();
      routes.put("/perl/warm", warm);
    }
    Path jar = jar(home.resolve("plain.jar"));
    program = JavaProgram.of(jar);
    List<String> command = List.of(Deployments.java(), "-jar", jar.toString());
    routes.put("/java/spawned", CgiApplication.builder(command).onRun(listener).build());
    routes.put("/java/inside", CgiApplication.builder(program).onRun(listener).build());
  }

  /** Makes a jar as a build does, with a class that knows nothing of Postern. */
  private static Path jar(Path file) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, PlainProgram.class.getName());
    String entry = PlainProgram.class.getName().replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out, manifest);
        InputStream in = Resource.open("PlainProgram.class")) {
      jar.putNextEntry(new JarEntry(entry));
      in.transferTo(jar);
    }
    return file;
  }

  @Override
  public void close() throws IOException {
    if (warm != null) {
      warm.close();
    }
    program.close();
  }
}
