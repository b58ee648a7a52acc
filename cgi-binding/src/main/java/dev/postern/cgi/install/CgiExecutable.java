package dev.postern.cgi.install;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.hosting.EnvironmentRules;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Installs an application as a CGI executable: one file in a web server's {@code cgi-bin}. The
 * jars, and a class-data archive that makes it start quickly, go to a library directory.
 *
 * <pre>{@code
 * CgiExecutable.builder("com.example.Hello")
 *     .classPath(List.of(Path.of("target/hello.jar")))
 *     .library(Path.of("/usr/local/lib/postern"))
 *     .build()
 *     .install(Path.of("/usr/lib/cgi-bin/hello"));
 * }</pre>
 *
 * <p>The installation runs the application once for {@code GET /}, to learn which classes it loads.
 * SERVER_SOFTWARE is {@code postern-install} for this request. After an update of the JDK the
 * executable still works, but without the archive. If the JDK has moved to another directory, the
 * executable does not start. Install it again in both cases.
 *
 * <p>Immutable, thread-safe.
 */
public final class CgiExecutable {
  private final String applicationClass;
  private final List<Path> classPath;
  private final Path library;
  private final Path javaHome;
  private final List<String> jvmOptions;
  private final @Nullable WarmOptions warm;

  private CgiExecutable(Builder builder) {
    this.applicationClass = builder.applicationClass;
    this.classPath = List.copyOf(builder.classPath);
    this.library = requireNonNull(builder.library, "library");
    this.javaHome = builder.javaHome;
    this.jvmOptions = List.copyOf(builder.jvmOptions);
    this.warm =
        builder.warm
            ? new WarmOptions(builder.idle, builder.maxRequests, builder.compiler, builder.kept)
            : null;
  }

  /**
   * Options for an application.
   *
   * @param applicationClass the name of a public class that implements {@link Application} or
   *     {@link dev.postern.Responder} and has a public constructor without arguments; or {@code
   *     CLASS::FIELD}, a public static field whose type is one of these
   */
  public static Builder builder(String applicationClass) {
    return new Builder(requireNonNull(applicationClass, "applicationClass"));
  }

  /**
   * Writes the executable, and replaces an older one in one step. A web server that starts it
   * meanwhile gets either the old one or the new one. The files that the old one needs stay until
   * the next installation.
   *
   * @return what the user should know, one line each: for example that there is no archive, or that
   *     others cannot read a directory; mostly empty
   * @throws IllegalArgumentException when the class cannot be installed, with one line that says
   *     why
   * @throws IOException when a directory or the JDK cannot be used, with one line that says why
   */
  public List<String> install(Path file) throws IOException {
    Path target = file.toAbsolutePath().normalize();
    if (Files.isDirectory(target)) {
      throw new IOException("executable must not be a directory: " + file);
    }
    Path name = requireNonNull(target.getFileName(), "file");
    requireWritable(requireNonNull(target.getParent(), "directory"));
    JavaRuntime runtime = JavaRuntime.of(javaHome);
    InstallDirectory directory = InstallDirectory.create(library, name.toString());
    List<String> notes = new ArrayList<>();
    try {
      String text = fill(directory, runtime, notes);
      directory.open();
      replace(target, text, directory, notes);
    } catch (Throwable e) {
      directory.delete();
      throw e;
    }
    notes.addAll(directory.unreadable());
    return notes;
  }

  /** Writes all that the executable needs; returns its text. */
  private String fill(InstallDirectory directory, JavaRuntime runtime, List<String> notes)
      throws IOException {
    List<Path> own = new ArrayList<>();
    List<Path> jars = new ArrayList<>();
    for (int i = 0; i < classPath.size(); i++) {
      Path entry = classPath.get(i);
      Path jar = directory.path().resolve(i + "-" + jarName(entry));
      if (Files.isDirectory(entry)) {
        ExecutableJar.writeDirectory(jar, entry);
        own.add(jar);
      } else if (Files.isRegularFile(entry)) {
        Files.copy(entry, jar);
      } else {
        throw new IOException("class path must name jars and directories that exist: " + entry);
      }
      jars.add(jar);
    }
    Path postern = directory.path().resolve("postern.jar");
    ExecutableJar.writeOwn(postern, InstalledName.of(applicationClass));
    own.add(postern);
    jars.add(0, postern);
    // The check looks at the copied jars, because the executable will run these.
    ExecutableJar.writeOwn(postern, ApplicationCheck.check(applicationClass, jars));

    String joined = ClassArchive.joined(jars);
    List<String> flags = runtime.coldFlags(jvmOptions, joined);
    Path archive = directory.path().resolve("classes.jsa");
    String failure = ClassArchive.make(runtime, flags, jars, own, archive);
    if (failure != null) {
      notes.add(failure);
    }
    List<String> arguments = new ArrayList<>();
    if (Files.exists(archive)) {
      arguments.add("-XX:SharedArchiveFile=" + archive);
    }
    arguments.addAll(List.of("-cp", joined));

    Path cold = directory.path().resolve("cold");
    flags.addAll(arguments);
    flags.add(InstalledMain.class.getName());
    JavaRuntime.writeArguments(cold, flags);
    if (warm == null) {
      return ExecutableText.cold(runtime, cold, applicationClass);
    }
    Path server = directory.path().resolve(InstallDirectory.WARM);
    List<String> serverFlags = runtime.warmFlags(jvmOptions, joined);
    serverFlags.addAll(arguments);
    serverFlags.add(InstalledServer.class.getName());
    JavaRuntime.writeArguments(server, serverFlags);
    return warm.text(runtime, directory, applicationClass, notes);
  }

  private static void replace(
      Path target, String text, InstallDirectory directory, List<String> notes) throws IOException {
    Path temporary = Files.createTempFile(target.toAbsolutePath().getParent(), ".postern", ".new");
    try {
      Files.write(temporary, text.getBytes(StandardCharsets.UTF_8));
      InstallDirectory.setMode(temporary, "rwxr-xr-x");
      directory.follow(target, notes);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void requireWritable(Path directory) throws IOException {
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      throw new IOException("directory must exist and be writable: " + directory);
    }
  }

  private static String jarName(Path entry) {
    String name = String.valueOf(entry.toAbsolutePath().normalize().getFileName());
    return InstallDirectory.plain(name.endsWith(".jar") ? name : name + ".jar");
  }

  /**
   * Runs an installed executable once, as a web server would for {@code GET /}, but as this user
   * and without its warm server.
   *
   * @throws IOException when it cannot be started or does not end within two minutes
   */
  public static Check check(Path file) throws IOException {
    List<String> environment = new ArrayList<>(ClassArchive.request("/", "postern-check"));
    environment.add("POSTERN_COLD=1");
    ProcessResult result = ProcessResult.of(List.of(file.toAbsolutePath().toString()), environment);
    return new Check(result.exit(), result.output(), result.errors(), result.time());
  }

  /**
   * What an executable answered.
   *
   * @param exit its exit status; 0 after a whole response to a request that did not fail
   * @param output the response in CGI form, {@code Status} first, bytes as chars
   * @param errors what it wrote to the log
   * @param time from its start to its end
   */
  public record Check(int exit, String output, String errors, Duration time) {
    /** Whether it answered as a CGI executable must. */
    public boolean passed() {
      return exit == 0 && output.startsWith("Status: ");
    }
  }

  /** Options of an executable. Not thread-safe. */
  public static final class Builder {
    private final String applicationClass;
    private final List<String> jvmOptions = new ArrayList<>();
    private List<Path> classPath = new ArrayList<>();
    private @Nullable Path library;
    private Path javaHome = Path.of(System.getProperty("java.home"));
    private boolean warm;
    private Duration idle = Duration.ofMinutes(5);
    private long maxRequests;
    private List<String> compiler = List.of("cc");
    private final Set<String> kept = new LinkedHashSet<>();

    private Builder(String applicationClass) {
      this.applicationClass = applicationClass;
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        if (!entry.isEmpty()) {
          classPath.add(Path.of(entry));
        }
      }
    }

    /**
     * The jars and directories of classes that the application needs, which are copied; the class
     * path of this JVM by default. Postern's own classes need not be among them.
     */
    public Builder classPath(List<Path> entries) {
      classPath = new ArrayList<>(entries);
      return this;
    }

    /**
     * The directory for the jars and the archive; required. Choose one outside the document root
     * that the web server's user can read. Several executables may share it. The installation
     * creates it if its parent exists.
     */
    public Builder library(Path directory) {
      library = requireNonNull(directory, "directory");
      return this;
    }

    /** The home of the JDK that runs the executable; this JVM's by default. */
    public Builder javaHome(Path home) {
      javaHome = requireNonNull(home, "home");
      return this;
    }

    /**
     * One more option of the JVM, such as {@code -Xmx64m} or {@code -Dname=value}. {@link #install}
     * refuses options with which the JVM does not start. By default the executable has the garbage
     * collector with which it starts soonest; an option such as {@code -XX:+UseSerialGC} selects
     * another.
     */
    public Builder jvmOption(String option) {
      jvmOptions.add(requireNonNull(option, "option"));
      return this;
    }

    /**
     * Makes the executable warm. It then hands each request to a server process of the same
     * application, which the first request starts. The stub that hands requests over needs Perl;
     * without Perl the executable stays cold. In the server {@code postern.run_once} is false, and
     * the working directory is {@code /}. By default an executable is cold.
     */
    public Builder warm() {
      warm = true;
      return this;
    }

    /** How long a warm server waits for a request before it ends; 5 minutes by default. */
    public Builder idle(Duration time) {
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException("idle time must be positive: " + time);
      }
      idle = time;
      return this;
    }

    /** After how many requests a warm server ends; 0, the default, is never. */
    public Builder maxRequests(long count) {
      if (count < 0) {
        throw new IllegalArgumentException("maximum of requests must not be negative: " + count);
      }
      maxRequests = count;
      return this;
    }

    /**
     * One more environment variable that a warm server takes from the request that starts it, such
     * as {@code DATABASE_URL}, which the web server sets. By default the server keeps {@code PATH},
     * {@code LANG}, {@code TZ}, {@code HOME}, {@code USER}, {@code TMPDIR} and all names that begin
     * with {@code LC_} or {@code JAVA_}.
     *
     * @throws IllegalArgumentException when the name has other characters than ASCII letters,
     *     digits and {@code _}, begins with a digit, or is one that each request sets, such as
     *     {@code HTTP_COOKIE} or {@code QUERY_STRING}
     */
    public Builder keep(String name) {
      EnvironmentRules.checkPassed(name);
      kept.add(name);
      return this;
    }

    /**
     * The C compiler for the stub of a {@link #warm} executable; {@code cc} by default. The
     * installation adds the usual options to this command. The compiled stub hands over requests
     * without a body, and starts several times as quickly as Perl. Perl is still needed for all
     * other requests. If the compiler makes no program that can be run from the library directory,
     * the stub is in Perl alone.
     *
     * @param command found on this JVM's PATH, or a path; empty for none
     */
    public Builder compiler(List<String> command) {
      compiler = List.copyOf(command);
      return this;
    }

    /**
     * The executable.
     *
     * @throws IllegalArgumentException when there is no library directory
     */
    public CgiExecutable build() {
      if (library == null) {
        throw new IllegalArgumentException("executable must have a library directory");
      }
      return new CgiExecutable(this);
    }
  }
}
