package dev.postern.spring;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiHostBuilder;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.ProcessLimit;
import dev.postern.servlet.ServletGateway;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The programs that properties describe. The exception for a wrong value names its property. */
final class CgiPrograms {
  private final String prefix;
  private final PosternProperties.Cgi cgi;

  private CgiPrograms(String name, PosternProperties.Cgi cgi) {
    this.prefix = "postern.cgi." + name;
    this.cgi = cgi;
  }

  /**
   * The application.
   *
   * @throws IllegalStateException with the name of the property that is wrong
   */
  static Application of(String name, PosternProperties.Cgi cgi, Consumer<CgiRun> listener) {
    return new CgiPrograms(name, cgi).build(listener);
  }

  /**
   * Sets the deadline of the programs' servlet.
   *
   * @throws IllegalStateException with the name of the property that is wrong
   */
  static void apply(String name, PosternProperties.Cgi cgi, ServletGateway.Builder servlet) {
    new CgiPrograms(name, cgi).option(".deadline", cgi.deadline(), servlet::deadline);
  }

  private Application build(Consumer<CgiRun> listener) {
    Path directory = cgi.directory();
    Path program = cgi.program();
    if ((directory == null) == (program == null)) {
      throw refused("", "must have either directory or program");
    }
    if (directory != null) {
      CgiDirectory.Builder builder = CgiDirectory.builder(absolute(".directory", directory));
      addDirectory(builder);
      apply(builder, listener);
      try {
        return builder.build();
      } catch (IOException e) {
        throw refused(".directory", "must be a directory: " + e);
      } catch (IllegalStateException | IllegalArgumentException e) {
        throw refused("", "must be allowed: " + e.getMessage());
      }
    }
    if (!cgi.interpreter().isEmpty() || cgi.index() != null || cgi.followLinks() != null) {
      throw refused(
          ".program",
          "must be given without interpreter, index and follow-links, which need" + " directory");
    }
    CgiApplication.Builder builder =
        CgiApplication.builder(absolute(".program", requireNonNull(program)));
    apply(builder, listener);
    try {
      return builder.build();
    } catch (IllegalStateException | IllegalArgumentException e) {
      throw refused("", "must be allowed: " + e.getMessage());
    }
  }

  private void addDirectory(CgiDirectory.Builder builder) {
    for (Map.Entry<String, String> entry : cgi.interpreter().entrySet()) {
      String extension = entry.getKey().startsWith(".") ? entry.getKey() : "." + entry.getKey();
      List<String> command = new ArrayList<>(Arrays.asList(entry.getValue().trim().split("\\s+")));
      option(
          ".interpreter." + entry.getKey(),
          command,
          words -> builder.interpreter(extension, words));
    }
    option(".index", cgi.index(), builder::index);
    option(".follow-links", cgi.followLinks(), builder::followLinks);
  }

  private void apply(CgiHostBuilder<?> builder, Consumer<CgiRun> listener) {
    builder.onRun(listener);
    for (Map.Entry<String, String> entry : cgi.environment().entrySet()) {
      option(
          ".environment." + entry.getKey(),
          entry.getValue(),
          value -> builder.environment(entry.getKey(), value));
    }
    option(".working-directory", cgi.workingDirectory(), builder::workingDirectory);
    option(".document-root", cgi.documentRoot(), builder::documentRoot);
    option(".header-timeout", cgi.headerTimeout(), builder::headerTimeout);
    option(".idle-timeout", cgi.idleTimeout(), builder::idleTimeout);
    option(".after-output", cgi.afterOutput(), builder::afterOutput);
    option(".total-timeout", cgi.totalTimeout(), builder::totalTimeout);
    option(".max-body", cgi.maxBody(), size -> builder.maxBody(size.toBytes()));
    option(".program-limit", cgi.programLimit(), builder::programLimit);
    option(".methods", cgi.methods(), builder::methods);
    option(".pass-variable", cgi.passVariable(), names -> names.forEach(builder::passVariable));
    Duration queue = cgi.queue();
    if (queue != null && cgi.maxProcesses() == null) {
      throw refused(".queue", "must be given together with max-processes");
    }
    option(
        ".max-processes",
        cgi.maxProcesses(),
        max -> builder.limit(queue == null ? ProcessLimit.of(max) : ProcessLimit.of(max, queue)));
    if (cgi.passAuthorization()) {
      builder.passAuthorization();
    }
    if (cgi.warm()) {
      builder.warm();
    }
    if (cgi.strictExit()) {
      builder.strictExit();
    }
    if (cgi.allowEncodedSlash()) {
      builder.allowEncodedSlash();
    }
  }

  private <T> void option(String property, @Nullable T value, Consumer<T> option) {
    if (value == null) {
      return;
    }
    try {
      option.accept(value);
    } catch (IllegalArgumentException e) {
      throw refused(property, "must be allowed: " + e.getMessage());
    }
  }

  private Path absolute(String property, Path path) {
    if (!path.isAbsolute()) {
      throw refused(property, "must be an absolute path: " + path);
    }
    return path;
  }

  private IllegalStateException refused(String property, String rule) {
    return new IllegalStateException("property " + prefix + property + " " + rule);
  }
}
