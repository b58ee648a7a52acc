package dev.postern.launcher;

import dev.postern.cgi.ProcessLimit;
import dev.postern.launcher.workers.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code serve} that hold for each program that it hosts. */
final class HostingOptions {
  private static final Duration QUEUE = Duration.ofSeconds(10);

  @Option(
      names = "--env",
      paramLabel = "NAME=VALUE",
      description = "Add to the environment of hosted programs.")
  List<String> environment = new ArrayList<>();

  @Option(
      names = "--pass-variable",
      paramLabel = "NAME",
      description = "Give programs a variable that a middleware adds to the request.")
  List<String> passVariables = new ArrayList<>();

  @Option(names = "--pass-authorization", description = "Give programs the client's Authorization.")
  boolean passAuthorization;

  @Option(
      names = "--document-root",
      paramLabel = "DIR",
      description = "Set DOCUMENT_ROOT, and PATH_TRANSLATED below it.")
  @Nullable String documentRoot;

  @Option(
      names = "--cwd",
      paramLabel = "DIR",
      description = "Where programs start. Default: the directory of the program.")
  @Nullable String cwd;

  @Option(
      names = "--interpreter",
      paramLabel = ".EXT=COMMAND",
      description = {
        "Run the files of --cgi-dir with that extension by a command: an absolute path,",
        "and arguments with spaces between them."
      })
  List<String> interpreters = new ArrayList<>();

  @Option(
      names = "--index",
      paramLabel = "NAME",
      description = "The program that answers for a directory of --cgi-dir.")
  @Nullable String index;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "What a program has to its blank line, and between two reads after it.")
  @Nullable String timeout;

  @Option(
      names = "--header-timeout",
      paramLabel = "SECONDS",
      description = "What a program has to its blank line. Default: --timeout, else 30.")
  @Nullable String headerTimeout;

  @Option(
      names = "--idle-timeout",
      paramLabel = "SECONDS",
      description = "What it has between two reads after that. Default: --timeout, else 60.")
  @Nullable String idleTimeout;

  @Option(
      names = "--total-timeout",
      paramLabel = "SECONDS",
      description = "What it has for the whole request, whoever is slow. Default: no bound.")
  @Nullable String totalTimeout;

  @Option(
      names = "--after-output",
      paramLabel = "SECONDS",
      description = "How long it may work on after its answer is whole. Default: 60.")
  @Nullable String afterOutput;

  @Option(
      names = "--max-processes",
      paramLabel = "N",
      description = "Programs at once, of all together. Default: 16 a processor, 64 to 256.")
  @Nullable String maxProcesses;

  @Option(
      names = "--queue",
      paramLabel = "SECONDS",
      description = "How long a request waits for a program's place. Default: 10.")
  @Nullable String queue;

  @Option(
      names = "--max-body",
      paramLabel = "BYTES",
      description = "The largest request body for a program. Default: 64 MiB.")
  @Nullable String maxBody;

  @Option(
      names = "--max-spool",
      paramLabel = "BYTES",
      description = {
        "What bodies of unknown length, and output that slow clients have not taken, may hold",
        "on disk together. Default: 512 MiB."
      })
  @Nullable String maxSpool;

  @Option(
      names = "--strict-exit",
      description = "Cut the response of a program that ends with another status than 0.")
  boolean strictExit;

  @Option(
      names = "--allow-encoded-slash",
      description = "Let PATH_INFO hold a slash that was sent as %%2F.")
  boolean allowEncodedSlash;

  @Option(names = "--allow-set-id", description = "Run set-user-ID and set-group-ID programs.")
  boolean allowSetId;

  @Option(
      names = "--java-state",
      paramLabel = "reset|fresh|kept",
      description = {
        "What is left of one request when the next begins in programs of --java-cgi: statics are",
        "initialized again (reset, the default), all is loaded again, or nothing is done."
      })
  @Nullable String javaState;

  @Option(
      names = "--follow-links",
      paramLabel = "owner|no",
      description = {
        "Which symbolic links of --cgi-dir are followed: none, or also those out of it whose",
        "owner owns what they lead to. Default: those that stay inside."
      })
  @Nullable String followLinks;

  @Option(
      names = "--user",
      paramLabel = "NAME",
      description = "As root: run programs as that user, with its groups.")
  @Nullable String user;

  @Option(
      names = "--warm",
      paramLabel = "GLOB",
      description = {
        "Run the scripts of Perl and Python whose URL path matches, such as '/cgi-bin/**.pl', in",
        "children of interpreters that have loaded them."
      })
  List<String> warm = new ArrayList<>();

  @Option(
      names = "--worker",
      paramLabel = "NAME=OPTION:VALUE,...",
      description = "A group of such workers, with options.")
  List<String> workers = new ArrayList<>();

  @Option(
      names = "--delegate",
      paramLabel = "GLOB=NAME",
      description = "Run the scripts whose URL path matches in that group; the first match wins.")
  List<String> delegations = new ArrayList<>();

  /**
   * The places that its programs have together.
   *
   * @throws LauncherException when they are not a number and a time
   */
  ProcessLimit places() {
    Duration wait = time("--queue", queue);
    return ProcessLimit.of(maxProcesses(), wait == null ? QUEUE : wait);
  }

  /**
   * The programs' host, so configured.
   *
   * @param several whether they share their places with others than themselves
   * @throws LauncherException at the first option that is wrong
   */
  Programs programs(boolean several) {
    return programs(places(), several ? maxProcesses() : 0);
  }

  /**
   * The same, with places that are shared with other mounts.
   *
   * @param atOnce how many of those there are, of which one program gets three quarters; 0 to let
   *     it have all
   */
  Programs programs(ProcessLimit places, int atOnce) {
    Programs programs = new Programs(places, atOnce - atOnce / 4);
    environment.forEach(programs::environment);
    passVariables.forEach(programs::passVariable);
    interpreters.forEach(programs::interpreter);
    if (index != null) {
      programs.index(index);
    }
    if (documentRoot != null) {
      programs.documentRoot(documentRoot);
    }
    if (cwd != null) {
      programs.workingDirectory(cwd);
    }
    Duration common = time("--timeout", timeout);
    programs.headerTimeout(or(time("--header-timeout", headerTimeout), common));
    programs.idleTimeout(or(time("--idle-timeout", idleTimeout), common));
    programs.totalTimeout(time("--total-timeout", totalTimeout));
    programs.afterOutput(time("--after-output", afterOutput));
    if (maxBody != null) {
      programs.maxBody(ServeCommand.number("--max-body", maxBody, 0, Long.MAX_VALUE));
    }
    if (maxSpool != null) {
      programs.maxSpool(ServeCommand.number("--max-spool", maxSpool, 0, Long.MAX_VALUE));
    }
    if (passAuthorization) {
      programs.passAuthorization();
    }
    if (strictExit) {
      programs.strictExit();
    }
    if (allowEncodedSlash) {
      programs.allowEncodedSlash();
    }
    if (allowSetId) {
      programs.allowSetId();
    }
    if (followLinks != null) {
      programs.followLinks(followLinks);
    }
    if (javaState != null) {
      programs.javaState(javaState);
    }
    if (user != null) {
      programs.user(user);
    }
    try {
      programs.workers(Workers.of(workers, delegations, warm));
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument(String.valueOf(e.getMessage()));
    }
    return programs;
  }

  /** How many programs may run at once. */
  int maxProcesses() {
    return maxProcesses == null
        ? Math.max(64, Math.min(256, 16 * Runtime.getRuntime().availableProcessors()))
        : (int) ServeCommand.number("--max-processes", maxProcesses, 1, Integer.MAX_VALUE);
  }

  private static @Nullable Duration time(String option, @Nullable String text) {
    return text == null ? null : ServeCommand.seconds(option, text);
  }

  private static @Nullable Duration or(@Nullable Duration first, @Nullable Duration second) {
    return first == null ? second : first;
  }
}
