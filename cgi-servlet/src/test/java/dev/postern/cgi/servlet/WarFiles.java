package dev.postern.cgi.servlet;

import com.google.common.base.Preconditions;
import com.google.common.util.concurrent.internal.InternalFutureFailureAccess;
import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.servlet.ServletGateway;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A web application with its own copy of Postern, as a build would make it. */
final class WarFiles {
  private WarFiles() {}

  /** Postern and what it depends on, into {@code WEB-INF} of that directory. */
  static void copyLibraries(Path application) throws IOException, URISyntaxException {
    Path webInf = application.resolve("WEB-INF");
    Files.createDirectories(webInf.resolve("lib"));
    for (Class<?> type :
        List.of(
            Application.class,
            CgiApplication.class,
            ServletGateway.class,
            CgiServlet.class,
            Preconditions.class,
            InternalFutureFailureAccess.class)) {
      copy(Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()), webInf);
    }
  }

  /** A jar, or the classes of a module that has none yet. */
  private static void copy(Path code, Path webInf) throws IOException {
    if (Files.isRegularFile(code)) {
      Files.copy(code, webInf.resolve("lib").resolve(code.getFileName()));
      return;
    }
    try (Stream<Path> files = Files.walk(code)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = webInf.resolve("classes").resolve(code.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        if (!Files.exists(copy)) {
          Files.copy(file, copy);
        }
      }
    }
  }

  /** The directory as a WAR. */
  static void pack(Path application, Path war) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(war));
        Stream<Path> files = Files.walk(application)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new ZipEntry(application.relativize(file).toString()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
  }
}
