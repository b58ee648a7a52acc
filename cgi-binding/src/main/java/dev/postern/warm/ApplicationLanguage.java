package dev.postern.warm;

import dev.postern.process.ProgramText;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The interfaces of other languages whose applications workers serve. */
public enum ApplicationLanguage {
  /** Python's interface, PEP 3333. */
  WSGI("pipes.py", "wsgi.py") {
    @Override
    List<String> command(Path interpreter) {
      return List.of(interpreter.toString(), "-c", Language.PYTHON_READER);
    }

    @Override
    String settings(String file, String callable, boolean reset, int graceful) {
      return "file = os.fsdecode(b"
          + Language.quote(file)
          + ")\ncallable_name = "
          + Language.quote(callable)
          + "\nreset = "
          + (reset ? "True" : "False")
          + "\ngraceful = "
          + graceful
          + '\n';
    }
  },

  /**
   * Perl's interface. The file of an application returns the application, which thus has no name.
   */
  PSGI("pipes.pl", "psgi.pl") {
    @Override
    List<String> command(Path interpreter) {
      return List.of(interpreter.toString(), "-e", Language.PERL_READER);
    }

    @Override
    String settings(String file, String callable, boolean reset, int graceful) {
      return "our $file = " + Language.quote(file) + "; our $graceful = " + graceful + ";\n";
    }
  };

  private final String pipes;
  private final String worker;

  ApplicationLanguage(String pipes, String worker) {
    this.pipes = pipes;
    this.worker = worker;
  }

  abstract List<String> command(Path interpreter);

  /**
   * What is put in front of the worker.
   *
   * @param file as bytes, one char each
   */
  abstract String settings(String file, String callable, boolean reset, int graceful);

  /**
   * How a worker of an application is started.
   *
   * @param umask in octal; null for that of the JVM
   * @param environment the whole environment, bytes as chars
   * @param graceful how many seconds a worker has for its end, when it gets no more requests
   */
  public ServerStart start(
      @Nullable String umask,
      Path interpreter,
      Path file,
      String callable,
      Map<String, String> environment,
      Path directory,
      int graceful) {
    return new ServerStart(
        Umask.command(umask, command(interpreter)),
        environment,
        directory,
        Language.text(
            settings(ProgramText.toBytes(file), callable, Language.resets(), graceful),
            pipes,
            worker));
  }
}
