package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.inprocess.InstancePool;
import dev.postern.inprocess.ProgramOptions;
import dev.postern.inprocess.ProgramSource;
import dev.postern.inprocess.SystemStreams;
import dev.postern.process.RunningProgram;
import dev.postern.program.Program;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Java CGI program, a class with a {@code main}, that runs inside this JVM instead of in a JVM of
 * its own. The program itself need not be changed. It serves many requests at once, and no request
 * sees anything of another one. The rewriter changes the program's classes when they are loaded.
 * What would reach the process, such as {@code System.out}, {@code System.getenv} and {@code
 * System.exit}, then reaches the request.
 *
 * <p>This is no sandbox. A program can read the server's memory, use up its heap, and end it by
 * native code. Use it only for programs that you trust as much as the server itself.
 *
 * <p>Pass it to {@link CgiApplication#of(JavaProgram)}. It needs {@code org.ow2.asm:asm-tree} on
 * the class path, which this module does not bring. Whoever builds it closes it. Thread-safe.
 */
public final class JavaProgram implements Closeable {
  private final Program program;
  private final InstancePool pool;

  private JavaProgram(Builder builder) {
    this.program = builder.program;
    this.pool = new InstancePool(builder.source, builder.options());
  }

  /**
   * What is left of one request when the next one begins. The program cannot tell {@link #RESET}
   * and {@link #FRESH} apart.
   */
  public enum State {
    /**
     * Statics are initialized again for each request. The classes stay loaded and compiled. If a
     * program has state that cannot be initialized again, the program runs as {@link #FRESH}, and
     * the {@linkplain #report() report} says so.
     */
    RESET,
    /** All classes are loaded again for each request. */
    FRESH,
    /** Statics stay as they are, as under FastCGI. */
    KEPT
  }

  /**
   * The state of a program at one moment.
   *
   * @param state the one in force
   * @param reason why this is not the state that was asked for, or ""
   * @param classes how many of its classes have been rewritten
   * @param idle instances that wait for a request
   * @param busy instances that serve a request
   * @param abandoned instances that could not be stopped and still run
   * @param discarded how many instances were discarded, by reason
   * @param findings what the rewriter found in its classes, such as {@code refused:
   *     java.net.Authenticator.setDefault}
   */
  public record Report(
      State state,
      String reason,
      int classes,
      int idle,
      int busy,
      int abandoned,
      Map<String, Long> discarded,
      List<String> findings) {}

  /**
   * The program in a file. The file is a jar whose manifest names its {@code Main-Class}, or a
   * {@code .java} file, which is compiled once.
   */
  public static JavaProgram of(Path file) {
    return builder(file).build();
  }

  /** Options for the program in a file: see {@link #of}. */
  public static Builder builder(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    return new Builder(absolute, ProgramSource.of(absolute));
  }

  /**
   * Options for a class on a class path.
   *
   * @param classPath directories and jars, at least one
   * @param mainClass its full name
   * @throws IllegalArgumentException when the class path is empty
   */
  public static Builder builder(List<Path> classPath, String mainClass) {
    if (classPath.isEmpty()) {
      throw new IllegalArgumentException("class path must have an entry");
    }
    List<Path> absolute = new ArrayList<>();
    for (Path path : classPath) {
      absolute.add(path.toAbsolutePath().normalize());
    }
    return new Builder(
        absolute.get(0), ProgramSource.of(absolute, requireNonNull(mainClass, "mainClass")));
  }

  Program program() {
    return program;
  }

  RunningProgram start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException {
    return pool.start(command, environment, directory, body);
  }

  /**
   * Replaces this JVM's {@code System.out} and {@code System.err}. Some code of the JDK prints by
   * itself on a thread of a program, such as a handler of {@code java.util.logging}, or {@code
   * Thread.dumpStack} below a library of the server. After this call such code prints into the
   * program's request. All other threads print where they did. The change holds for the whole JVM
   * and for good, so only the owner of the JVM should call this method. Calls after the first one
   * change nothing. Any thread may call it.
   *
   * @throws IllegalStateException when ASM is not there
   */
  public static void adoptSystemStreams() {
    requireAsm();
    SystemStreams.adopt();
  }

  private static void requireAsm() {
    try {
      Class.forName("org.objectweb.asm.tree.ClassNode", false, JavaProgram.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(
          "a Java program inside the server needs org.ow2.asm:asm-tree on the class path [asm]", e);
    }
  }

  /** The state of the program now. */
  public Report report() {
    InstancePool.Report report = pool.report();
    return new Report(
        State.valueOf(report.state().name()),
        report.reason(),
        report.classes(),
        report.idle(),
        report.busy(),
        report.abandoned(),
        report.discarded(),
        report.findings());
  }

  /**
   * Looks at all classes of the program without running it. Returns one line for each finding: what
   * would be redirected or refused, what could not be initialized again, and which native methods
   * there are.
   *
   * @throws IOException when the file is no program, or cannot be read
   */
  public List<String> check() throws IOException {
    return pool.check();
  }

  /**
   * Ends the idle instances at once, and the busy ones when their requests end. May be called more
   * than once.
   */
  @Override
  public void close() {
    pool.close();
  }

  @Override
  public String toString() {
    return "JavaProgram.of(" + program.file() + ")";
  }

  /** Options of a Java program. Not thread-safe. */
  public static final class Builder {
    private static final int MOST_INSTANCES = 64;
    private static final int LEAST_INSTANCES = 8;

    private final Program program;
    private final ProgramSource source;
    private List<String> arguments = List.of();
    private State state = State.RESET;
    private int instances =
        Math.min(
            MOST_INSTANCES,
            Math.max(LEAST_INSTANCES, 4 * Runtime.getRuntime().availableProcessors()));
    private Duration idle = Duration.ofMinutes(5);
    private long maxRequests = 10_000;
    private Charset charset = StandardCharsets.UTF_8;
    private Duration stopGrace = Duration.ofSeconds(2);
    private int abandonedLimit = 8;
    private boolean polls = true;
    private boolean jvmWide;
    private boolean directReflection;

    private Builder(Path file, ProgramSource source) {
      // This JVM reads the file, as an interpreter would, so the file needs no execute bit.
      this.program = new Program(file, List.of(file.toString()), file, true);
      this.source = source;
    }

    /**
     * The arguments of {@code main}; none by default. Nothing of a request ever becomes an
     * argument.
     */
    public Builder arguments(String... words) {
      arguments = List.of(words);
      return this;
    }

    /** What is left of one request when the next one begins; {@link State#RESET} by default. */
    public Builder state(State newState) {
      state = requireNonNull(newState, "state");
      return this;
    }

    /**
     * How many requests the program serves at once; by default 4 for each processor, but at least 8
     * and at most 64. A request waits 10 s for an instance. Then the client gets a 503 {@code
     * instance-limit}.
     */
    public Builder instances(int most) {
      instances = atLeastOne("instances", most);
      return this;
    }

    /** After how long an idle instance ends; 5 minutes by default. The last idle instance stays. */
    public Builder idle(Duration time) {
      idle = positive(time);
      return this;
    }

    /** After how many requests an instance is discarded; 10,000 by default. */
    public Builder maxRequests(long requests) {
      if (requests < 1) {
        throw new IllegalArgumentException("requests must be at least 1: " + requests);
      }
      maxRequests = requests;
      return this;
    }

    /**
     * The charset of the program's standard output and error, and its default charset; UTF-8 by
     * default.
     */
    public Builder charset(Charset newCharset) {
      charset = requireNonNull(newCharset, "charset");
      return this;
    }

    /**
     * How long an instance that must stop may take to end; 2 s by default. An instance that still
     * runs after that time is abandoned, which means that it is never used again.
     */
    public Builder stopGrace(Duration time) {
      stopGrace = positive(time);
      return this;
    }

    /**
     * How many abandoned instances may still run; 8 by default. When there are so many, every
     * request gets a 503 {@code abandoned-limit}.
     */
    public Builder abandonedLimit(int most) {
      abandonedLimit = atLeastOne("abandoned limit", most);
      return this;
    }

    /** Whether loops can be stopped; on by default. This costs next to nothing in compiled code. */
    public Builder polls(boolean on) {
      polls = on;
      return this;
    }

    /**
     * Lets the program set what holds for the whole JVM, such as {@code Authenticator.setDefault}.
     * By default such a call throws an {@link UnsupportedOperationException} in the program.
     */
    public Builder allowJvmWide() {
      jvmWide = true;
      return this;
    }

    /**
     * Leaves calls by reflection as they are. By default a {@code Method.invoke} of {@code
     * System.exit} and similar methods is redirected too.
     */
    public Builder directReflection() {
      directReflection = true;
      return this;
    }

    /**
     * The program. This method does not open its file; the first request does.
     *
     * @throws IllegalStateException when ASM is not there
     */
    public JavaProgram build() {
      requireAsm();
      return new JavaProgram(this);
    }

    private ProgramOptions options() {
      return new ProgramOptions(
          arguments,
          ProgramOptions.State.valueOf(state.name()),
          instances,
          idle,
          maxRequests,
          charset,
          stopGrace,
          abandonedLimit,
          polls,
          jvmWide,
          directReflection);
    }

    private static Duration positive(Duration time) {
      if (time.isZero() || time.isNegative()) {
        throw new IllegalArgumentException("time must be positive: " + time);
      }
      return time;
    }

    private static int atLeastOne(String what, int count) {
      if (count < 1) {
        throw new IllegalArgumentException(what + " must be at least 1: " + count);
      }
      return count;
    }
  }
}
