package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.system.Owners;
import dev.postern.warm.ApplicationLanguage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The options that {@link WsgiApplication} and {@link PsgiApplication} share. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract class ApplicationBuilder<B extends ApplicationBuilder<B>> extends HostBuilder<B> {
  private final Path file;
  private Path interpreter;
  private @Nullable WorkerGroup group;
  private boolean refuseRoot;

  ApplicationBuilder(Path file, Path interpreter) {
    this.file = file;
    this.interpreter = interpreter;
  }

  final Path file() {
    return file;
  }

  /**
   * The interpreter that runs the application.
   *
   * @throws IllegalArgumentException when this is no absolute path of an executable file
   */
  public B interpreter(Path program) {
    if (!program.isAbsolute() || !Files.isExecutable(program)) {
      throw new IllegalArgumentException(
          "interpreter must be an executable file, by its absolute path: " + program);
    }
    interpreter = program;
    return self();
  }

  /**
   * The group whose options the workers have; by default the application has a group of its own,
   * with all defaults.
   */
  public B workers(WorkerGroup newGroup) {
    group = requireNonNull(newGroup, "group");
    return self();
  }

  /**
   * Refuses to run the application as root: {@code build} throws an {@link IllegalStateException}
   * if this process is root's. By default the log gets one warning.
   */
  public B refuseRoot() {
    refuseRoot = true;
    return self();
  }

  final void checkFile() {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("application must be in a file: " + file);
    }
  }

  final ApplicationWorkers workers(ApplicationLanguage language, String callable) {
    Owners.checkRoot(Owners.current(), refuseRoot);
    return new ApplicationWorkers(options(), file, language, interpreter, callable, group);
  }
}
