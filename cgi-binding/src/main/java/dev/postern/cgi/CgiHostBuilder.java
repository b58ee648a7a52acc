package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.hosting.HostOptions;
import dev.postern.hosting.Permits;
import dev.postern.process.HostedProcess;
import dev.postern.process.Starter;
import dev.postern.program.ModeRules;
import dev.postern.system.OtherUser;
import dev.postern.system.Owners;
import dev.postern.warm.Delegation;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The options that {@link CgiApplication} and {@link CgiDirectory} share. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract sealed class CgiHostBuilder<B extends CgiHostBuilder<B>> extends HostBuilder<B>
    permits CgiApplication.Builder, CgiDirectory.Builder {
  private @Nullable Path workingDirectory;
  private int programLimit;
  private Isolation isolation = Isolation.none();
  private Starter starter = HostedProcess::start;
  private @Nullable IsolationLevel required;
  private Delegation<WorkerGroup> delegation = new Delegation<>();
  private @Nullable WorkerGroup workers;
  private boolean warm;
  private boolean strictOwnership;
  private boolean setId;
  private boolean refuseRoot;
  private boolean nph;

  CgiHostBuilder() {}

  /** Where programs start; by default the directory of the program (RFC 3875 7.2). */
  public B workingDirectory(Path directory) {
    workingDirectory = directory.toAbsolutePath().normalize();
    return self();
  }

  /**
   * How many runs of any one program there may be at once, within {@link #limit}. If a program
   * hangs, its runs then leave places to the others. A request waits for both places together no
   * longer than the limit says. By default this is three quarters of the limit for a {@link
   * CgiDirectory}, and all of it for a {@link CgiApplication}.
   *
   * @throws IllegalArgumentException when it is less than 1
   */
  public B programLimit(int max) {
    if (max < 1) {
      throw new IllegalArgumentException("program limit must be at least 1: " + max);
    }
    programLimit = max;
    return self();
  }

  /**
   * How programs are isolated. By default each program has a session of its own, and no more.
   *
   * @throws IllegalStateException for a {@link JavaProgram}, which cannot be isolated
   */
  public B isolation(Isolation newIsolation) {
    if (isolation.level() == IsolationLevel.NONE) {
      throw new IllegalStateException("programs inside the server cannot be isolated [isolation]");
    }
    isolation = requireNonNull(newIsolation, "isolation");
    return self();
  }

  /**
   * The least isolation level; none by default. If the programs would have a lower level, {@code
   * build} throws an {@link IllegalStateException}. Levels are compared by their order. A higher
   * level does not include the parts of the levels below it: {@link Isolation.Builder#namespaces}
   * alone is enough for {@link IsolationLevel#L3}, with no control group. Ask for each part that
   * you need.
   */
  public B requireLevel(IsolationLevel level) {
    required = requireNonNull(level, "level");
    return self();
  }

  /**
   * Lets this group run the programs that it can run: scripts of Perl, Python and Ruby. Whoever
   * built the group closes it.
   */
  public B workers(WorkerGroup group) {
    workers = requireNonNull(group, "group");
    return self();
  }

  /**
   * Lets a group of the application's own, with all defaults, run the programs that no other group
   * was given. The group is closed with the application.
   */
  public B warm() {
    warm = true;
    return self();
  }

  /** Adds a rule for delegation. It holds for programs that no earlier rule matches. */
  final void delegateTo(String glob, WorkerGroup group) {
    delegation = delegation.with(glob, requireNonNull(group, "group"));
  }

  /**
   * Refuses, with 403, programs and directories of programs that others than this process's user,
   * the {@linkplain Isolation.Builder#user user of programs} and root own, or that a group may
   * write to. By default only a program or directory that everybody may write to is refused.
   */
  public B strictOwnership() {
    strictOwnership = true;
    return self();
  }

  /**
   * Runs programs that are set-uid or set-gid, which are refused with 403 by default. Such a
   * program may have rights that this process does not have. Then this process cannot end it when
   * its time is over, but can only close its standard streams.
   */
  public B allowSetId() {
    setId = true;
    return self();
  }

  /**
   * Refuses to run programs as root: {@code build} fails if this process is root's and programs do
   * not run as {@linkplain Isolation.Builder#user another user}. By default the log gets one
   * warning.
   */
  public B refuseRoot() {
    refuseRoot = true;
    return self();
  }

  /**
   * Lets the output of every program begin with a status line, {@code HTTP/1.x NNN …}, which the
   * host takes for its Status. By default only a program whose file name starts with {@code nph-}
   * may do so (RFC 3875 5). Every other rule for the output still holds.
   */
  public B nph() {
    nph = true;
    return self();
  }

  /** The directory of the programs, which programs in namespaces can see. */
  abstract Path programDirectory();

  /** Says that the programs run inside this JVM, where nothing keeps them apart. */
  final void inside() {
    isolation = Isolation.inside();
  }

  /** Whether some of the programs run inside this JVM, where nothing keeps them apart. */
  boolean runsInside() {
    return isolation.level() == IsolationLevel.NONE;
  }

  /** For tests. */
  B starter(Starter newStarter) {
    starter = newStarter;
    return self();
  }

  /** The default of {@link #programLimit}; 0 for no limit. */
  int standardProgramLimit(int limitMax) {
    return 0;
  }

  /**
   * What was configured.
   *
   * @throws IllegalStateException when root is refused and programs would run as root, when a
   *     directory shows what namespaces hide, when the level is lower than the one demanded, and
   *     for workers of programs in namespaces
   */
  @Override
  @SuppressWarnings("exports")
  protected final HostOptions options() {
    OtherUser user = isolation.user();
    if (user == null) {
      Owners.checkRoot(Owners.current(), refuseRoot);
    }
    isolation.checkVisible(workingDirectory == null ? programDirectory() : workingDirectory);
    isolation.checkVisible(programDirectory());
    IsolationLevel least = runsInside() ? IsolationLevel.NONE : isolation.level();
    if (required != null && least.compareTo(required) < 0) {
      throw new IllegalStateException(
          "isolation must be at least " + required + ": " + least + " [isolation]");
    }
    if (delegates()) {
      isolation.checkWorkers();
    }
    return super.options();
  }

  private boolean delegates() {
    return warm || workers != null || !delegation.isEmpty();
  }

  /** The real path of the directory, because a directory names its programs below that path. */
  private Path realDirectory() {
    try {
      return programDirectory().toRealPath();
    } catch (IOException e) {
      return programDirectory();
    }
  }

  /** What was configured for the processes of programs. */
  ProcessOptions processOptions(Permits places) {
    OtherUser user = isolation.user();
    int ofOne = programLimit == 0 ? standardProgramLimit(places.max()) : programLimit;
    WorkerGroup ownGroup = warm && workers == null ? WorkerGroup.builder("warm").build() : null;
    WorkerGroup rest = workers != null ? workers : ownGroup;
    return new ProcessOptions(
        workingDirectory,
        ofOne == 0 ? null : places.withMax(ofOne),
        isolation,
        starter,
        rest == null ? delegation : delegation.withRest(rest),
        realDirectory(),
        ownGroup,
        new ModeRules(strictOwnership, setId, user == null ? Owners.current() : user.uid()),
        nph);
  }
}
