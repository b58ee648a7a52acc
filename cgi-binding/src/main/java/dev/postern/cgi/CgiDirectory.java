package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.hosting.DirectorySlash;
import dev.postern.hosting.RequestRules;
import dev.postern.hosting.RunWatch;
import dev.postern.process.ProgramText;
import dev.postern.process.Pumps;
import dev.postern.process.StartPath;
import dev.postern.program.LinkRules;
import dev.postern.program.NeverRuns;
import dev.postern.program.Program;
import dev.postern.program.ProgramFinder;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory of CGI programs as an application. The first regular file on the way along PATH_INFO
 * is the program, and the rest of the path is the program's PATH_INFO. A file is only ever run and
 * never sent, whatever fails.
 *
 * <p>The gateway decodes the path once, and names are compared byte by byte. The program's real
 * path must lie under the directory's real path, unless {@link Builder#followLinks} or {@link
 * Builder#root} allow more. A hidden file, or a file that an editor or a package manager left
 * behind, is a 404 ({@code .x}, {@code x~}, {@code #x#}, {@code .bak}, {@code .old}, {@code .orig},
 * {@code .save}, {@code .swp}, {@code .tmp}, {@code .dpkg-*}, {@code .rpmsave}, {@code .ucf-*} …).
 * Nothing runs if everybody can write to the directory, or to a directory above it that has no
 * sticky bit. {@code build} then logs a warning.
 *
 * <p>Thread-safe.
 */
public final class CgiDirectory implements Application, AutoCloseable {
  /** The key of the interpreter for all files whose extension has none of its own. */
  private static final String ALL_OTHERS = "";

  /** How many files the search for programs to load ahead looks at. */
  private static final int EAGER_FILES = 10_000;

  private final ProcessHost host;
  private final ProgramFinder finder;
  private final Map<String, List<String>> interpreters;
  private final Set<String> javaExtensions;

  /** The programs inside this JVM that were requested so far; at most one for each file. */
  private final Map<Path, JavaProgram> javaPrograms = new ConcurrentHashMap<>();

  private final Path directory;

  /** The directory's real path. */
  private final Path root;

  private CgiDirectory(Builder builder) throws IOException {
    this.directory = builder.directory;
    this.root = directory.toRealPath();
    this.host = new ProcessHost(builder);
    this.finder =
        new ProgramFinder(
            root,
            builder.index,
            builder.allowed == null ? null : Set.copyOf(builder.allowed),
            builder.links());
    this.interpreters = Map.copyOf(builder.interpreters);
    this.javaExtensions = Set.copyOf(builder.javaExtensions);
    NeverRuns.warn(() -> host.processes().modes().checkDirectory(root));
    if (host.isEager()) {
      loadAll();
    }
  }

  /**
   * Lets eager groups load their programs. Each file is looked up by the path that a request would
   * have.
   */
  private void loadAll() throws IOException {
    for (Path file : files()) {
      if (!javaExtensions.contains(extension(file))) {
        load(pathOf(file));
      }
    }
  }

  /** The path of a request for a file, as bytes, one char each. */
  private String pathOf(Path file) {
    String parent = ProgramText.toBytes(root);
    return ProgramText.toBytes(file).substring(parent.equals("/") ? 0 : parent.length());
  }

  /** All files, up to a number, in the directories that can be read. */
  private List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          private int looked;

          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes unused) {
            return next();
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes unused) {
            if (Files.isRegularFile(file)) {
              files.add(file);
            }
            return next();
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure) {
            // A program that cannot be read now is loaded when it is requested.
            return next();
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) {
            return FileVisitResult.CONTINUE;
          }

          private FileVisitResult next() {
            return ++looked < EAGER_FILES ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
          }
        });
    return files;
  }

  private void load(String path) {
    try {
      Environ environ = Environ.builder(Map.of("REQUEST_METHOD", "GET", "PATH_INFO", path)).build();
      ProgramFinder.Found found = finder.find(environ);
      if (found.pathInfo().isEmpty() && !found.slashMissing()) {
        host.load(program(found));
      }
    } catch (GatewayException e) {
      // The file is no program, or it must not run.
    }
  }

  /**
   * The programs in that directory and below it, with all defaults.
   *
   * @throws IOException when there is no such directory
   */
  public static CgiDirectory of(Path directory) throws IOException {
    return builder(directory).build();
  }

  /** Options for the programs in that directory and below it. */
  public static Builder builder(Path directory) {
    return new Builder(directory.toAbsolutePath().normalize());
  }

  /**
   * Runs the program that the path names.
   *
   * @throws GatewayException 404 when there is no program, 403 when it must not run; otherwise as
   *     {@link CgiApplication#call}
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    ProgramFinder.Found found;
    try {
      RequestRules.check(environ, host.options());
      found = finder.find(environ);
    } catch (GatewayException e) {
      throw host.counters().counted(e);
    }
    if (found.slashMissing()) {
      return DirectorySlash.redirect(environ, startResponse);
    }
    Environ mounted = environ.copy();
    mounted.put("SCRIPT_NAME", found.scriptName());
    mounted.put("PATH_INFO", found.pathInfo());
    RunWatch watch = host.watch(found.file(), environ);
    return host.run(
        watch,
        () -> host.hosted(program(found), inside(found.file()), watch),
        mounted,
        startResponse);
  }

  /**
   * Ends the threads that are kept for the next request, and the group of {@link
   * CgiHostBuilder#warm}. A web application must not leave such threads behind when it is
   * undeployed, so {@code ServletGateway.destroy} calls this method. Programs that run go on. May
   * be called more than once. A later request is still answered, with new threads.
   */
  @Override
  public void close() {
    host.close();
    Pumps.endIdle();
    javaPrograms.values().forEach(JavaProgram::close);
  }

  /**
   * The Java program in that file, if files with its extension run inside this JVM; otherwise null.
   */
  private @Nullable JavaProgram inside(Path file) {
    return javaExtensions.contains(extension(file))
        ? javaPrograms.computeIfAbsent(file, JavaProgram::of)
        : null;
  }

  private static String extension(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : name.substring(dot);
  }

  /**
   * The isolation level of the programs. If it differs between programs, this is the lowest one.
   */
  public IsolationLevel isolationLevel() {
    return javaExtensions.isEmpty() ? host.processes().isolation().level() : IsolationLevel.NONE;
  }

  /** What was refused or dropped so far, by rule. */
  public Refusals refusals() {
    return host.refusals();
  }

  /** The directory, and what starts its programs: {@code posix_spawn} or {@code ProcessBuilder}. */
  @Override
  public String toString() {
    return "CgiDirectory.of(" + directory + ") by " + StartPath.inForce();
  }

  /**
   * The program with its command. It runs under the name in the path, even if this is a link to a
   * file with another name.
   */
  private Program program(ProgramFinder.Found found) throws GatewayException {
    Path file = found.file();
    String extension = extension(file);
    boolean inside = javaExtensions.contains(extension);
    List<String> interpreter = inside ? null : interpreters.get(extension);
    if (interpreter == null) {
      interpreter = interpreters.get(ALL_OTHERS);
    }
    List<String> command = new ArrayList<>(interpreter == null ? List.of() : interpreter);
    command.add(ProgramText.toWord(file));
    boolean read = inside || interpreter != null;
    Program program = new Program(file, List.copyOf(command), found.real(), read);
    program.checkMayRun(root, host.processes().modes());
    if (inside) {
      return program;
    }
    if (interpreter == null) {
      program.checkIsProgram();
    } else {
      String first = ProgramText.toBytes(interpreter.get(0));
      program.checkInterpreter(first == null ? interpreter.get(0) : first);
    }
    return program;
  }

  /** Options of a directory of programs. Not thread-safe. */
  public static final class Builder extends CgiHostBuilder<Builder> {
    private final Path directory;
    private final Map<String, List<String>> interpreters = new LinkedHashMap<>();
    private final Set<String> javaExtensions = new LinkedHashSet<>();
    private final List<Path> roots = new ArrayList<>();
    private FollowLinks followLinks = FollowLinks.INSIDE;
    private @Nullable String index;
    private @Nullable Set<String> allowed;

    private Builder(Path directory) {
      this.directory = directory;
    }

    /**
     * Runs files with that extension by an interpreter. The whole command is the interpreter's
     * words and the file's absolute path. This process must be able to read the file, which needs
     * no execute bit.
     *
     * @param extension with its dot, such as {@code .pl}
     * @param command an absolute path and its arguments
     * @throws IllegalArgumentException when the extension has no dot or the command is no absolute
     *     path
     */
    public Builder interpreter(String extension, List<String> command) {
      checkExtension(extension);
      return put(extension, command);
    }

    /**
     * Runs all files by an interpreter, as Tomcat's CGIServlet does. A file whose extension
     * {@linkplain #interpreter(String, List) has an interpreter of its own} keeps that one. By
     * default files run themselves.
     *
     * @param command an absolute path and its arguments
     * @throws IllegalArgumentException when the command is no absolute path
     */
    public Builder interpreter(List<String> command) {
      return put(ALL_OTHERS, command);
    }

    private Builder put(String extension, List<String> command) {
      interpreters.put(extension, Program.command(command));
      return this;
    }

    private static void checkExtension(String extension) {
      if (!extension.startsWith(".") || extension.indexOf('/') >= 0) {
        throw new IllegalArgumentException("extension must start with a dot: " + extension);
      }
    }

    /**
     * Runs files with that extension as {@linkplain JavaProgram Java programs inside this JVM},
     * with their defaults. Such a file is a {@code .jar} that names its main class, or a {@code
     * .java} file, which is compiled once. It needs no execute bit. Files with other extensions
     * still get processes. None of the programs inside this JVM is isolated.
     *
     * @param extension {@code .jar} or {@code .java}
     * @throws IllegalArgumentException when it is another extension
     */
    public Builder java(String extension) {
      if (!extension.equals(".jar") && !extension.equals(".java")) {
        throw new IllegalArgumentException("extension must be .jar or .java: " + extension);
      }
      javaExtensions.add(extension);
      return this;
    }

    @Override
    boolean runsInside() {
      return !javaExtensions.isEmpty();
    }

    /**
     * The program that answers for a directory, such as {@code index.cgi}. SCRIPT_NAME ends in its
     * name, and there is no PATH_INFO. If the path lacks the directory's last slash, a 301
     * redirects the client to the path with it, and keeps the query. By default there is no index,
     * and a path that ends at a directory is a 403.
     */
    public Builder index(String fileName) {
      if (fileName.isEmpty() || fileName.indexOf('/') >= 0) {
        throw new IllegalArgumentException("index must be a file name: " + fileName);
      }
      index = fileName;
      return this;
    }

    /**
     * Which symbolic links are followed; by default links to places {@linkplain FollowLinks#INSIDE
     * inside the directory}. A program runs under the link's name, which decides SCRIPT_FILENAME,
     * the working directory and the interpreter. The modes and owner that count are those of the
     * file behind the link.
     */
    public Builder followLinks(FollowLinks which) {
      followLinks = requireNonNull(which, "which");
      return this;
    }

    /**
     * Further directories into which links may lead, such as {@code /usr/share} for links in {@code
     * /usr/lib/cgi-bin}. Nothing in them runs except through a link.
     *
     * @throws IOException when one is no directory
     */
    public Builder root(Path... directories) throws IOException {
      for (Path further : directories) {
        Path real = further.toRealPath();
        if (!Files.isDirectory(real)) {
          throw new NotDirectoryException(further.toString());
        }
        roots.add(real);
      }
      return this;
    }

    /**
     * Lets that group run the programs whose path below the directory matches the glob, such as
     * {@code /wiki/**} or {@code /**.{pl,py}}, if it can run them. May be called more than once:
     * the first match wins. A program without a match goes to the group of {@link
     * CgiHostBuilder#workers}, or gets a process for each request. Whoever built the group closes
     * it.
     *
     * @param glob in the syntax of {@link java.nio.file.FileSystem#getPathMatcher}, beginning with
     *     a slash
     * @throws IllegalArgumentException when this is no glob, or does not begin with a slash
     */
    public Builder delegate(String glob, WorkerGroup group) {
      delegateTo(glob, group);
      return this;
    }

    private LinkRules links() {
      return new LinkRules(
          followLinks != FollowLinks.NO,
          followLinks == FollowLinks.IF_OWNER_MATCHES,
          List.copyOf(roots));
    }

    /**
     * The only file names that may run, in this directory and all below it. Any other program is a
     * 404. By default all names may run; with an empty set none may.
     */
    public Builder allow(Set<String> fileNames) {
      allowed = fileNames;
      return this;
    }

    /**
     * The application.
     *
     * @throws IOException when there is no such directory
     */
    public CgiDirectory build() throws IOException {
      return new CgiDirectory(this);
    }

    @Override
    int standardProgramLimit(int limitMax) {
      return limitMax - limitMax / 4;
    }

    @Override
    Path programDirectory() {
      return directory;
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
