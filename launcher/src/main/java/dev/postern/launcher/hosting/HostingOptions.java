package dev.postern.launcher.hosting;

import dev.postern.cgi.CgiHostBuilder;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.ProcessLimit;
import dev.postern.launcher.recording.Recorder;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import dev.postern.launcher.workers.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of {@code serve} that hold for each program that it hosts. */
public final class HostingOptions {
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
      names = "--file-variable",
      paramLabel = "NAME",
      description = "A further name of SCRIPT_FILENAME, such as X_TOMCAT_SCRIPT_PATH.")
  List<String> fileVariables = new ArrayList<>();

  @Option(
      names = "--pass-shell-functions",
      description = "Pass values that start with '() {', which old versions of bash would run.")
  boolean passShellFunctions;

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
      paramLabel = "[.EXT=]COMMAND",
      description =
          "Run the files with that extension, else all that have no other, by a command: an "
              + "absolute path, and arguments with spaces between them.")
  List<String> interpreters = new ArrayList<>();

  @Option(
      names = "--argument",
      paramLabel = "TEXT",
      description = "An argument of the program of --cgi or --java-cgi. May be repeated.")
  List<String> arguments = new ArrayList<>();

  @Option(
      names = "--java",
      paramLabel = ".EXT",
      description = "Run the files of --cgi-dir with that extension, .jar or .java, in the server.")
  List<String> javaExtensions = new ArrayList<>();

  @Option(
      names = "--allow",
      paramLabel = "NAME",
      description = "The only names that files of --cgi-dir may have to run. May be repeated.")
  List<String> allowed = new ArrayList<>();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "A further directory that links of --cgi-dir may lead to. May be repeated.")
  List<String> roots = new ArrayList<>();

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description =
          "The only request methods that are served; others are a 405. May be repeated. Default: "
              + "all but TRACE and CONNECT.")
  List<String> methods = new ArrayList<>();

  @Option(
      names = "--local-redirects",
      description =
          "Answer a program's local redirect from what is mounted here, without asking the client. "
              + "Default: the client is redirected.")
  boolean localRedirects;

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
      names = "--program-limit",
      paramLabel = "N",
      description =
          "Runs of any one program at once. Default: three quarters of --max-processes where "
              + "several share them.")
  @Nullable String programLimit;

  @Option(
      names = "--max-body",
      paramLabel = "BYTES",
      description = "The largest request body for a program. Default: 64 MiB.")
  @Nullable String maxBody;

  @Option(
      names = "--max-spool",
      paramLabel = "BYTES",
      description =
          "What bodies of unknown length, and output that slow clients have not taken, may hold "
              + "on disk together. Default: 512 MiB.")
  @Nullable String maxSpool;

  @Option(
      names = "--strict-exit",
      description =
          "Cut the response of a program that ends with another status than 0, unless all bytes "
              + "of a Content-Length above 0 have come.")
  boolean strictExit;

  @Option(
      names = "--allow-encoded-slash",
      description = "Let PATH_INFO hold a slash that was sent as %%2F.")
  boolean allowEncodedSlash;

  @Option(
      names = "--lenient-type",
      description = "Send a body without Content-Type, as application/octet-stream.")
  boolean lenientType;

  @Option(
      names = "--nph",
      description = "Let the output of every program begin with a status line.")
  boolean nph;

  @Option(
      names = "--strict-ownership",
      description = "Refuse programs that belong to others, or that a group may write to.")
  boolean strictOwnership;

  @Option(names = "--refuse-root", description = "Do not start if programs would run as root.")
  boolean refuseRoot;

  @Option(names = "--allow-set-id", description = "Run set-user-ID and set-group-ID programs.")
  boolean allowSetId;

  @Option(
      names = "--java-state",
      paramLabel = "reset|fresh|kept",
      description =
          "What is left of one request when the next begins in programs of --java-cgi: statics are "
              + "initialized again (reset, the default), all is loaded again, or nothing is done.")
  @Nullable String javaState;

  @Option(
      names = "--follow-links",
      paramLabel = "owner|no",
      description =
          "Which symbolic links of --cgi-dir are followed: none, or also those out of it whose "
              + "owner owns what they lead to. Default: those that stay inside.")
  @Nullable String followLinks;

  @Mixin IsolationOptions isolation = new IsolationOptions();

  @Option(
      names = "--record",
      paramLabel = "DIR",
      description =
          "Keep the runs that fail there, with all that they were given, which may be secret, for "
              + "postern replay.")
  @Nullable String record;

  @Option(
      names = "--warm",
      paramLabel = "GLOB",
      description =
          "Run the scripts of Perl and Python whose URL path matches, such as '/cgi-bin/**.pl', in "
              + "children of interpreters that have loaded them.")
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
   * Returns the places that all programs share. Each run of a program takes one place.
   *
   * @throws LauncherException when the options are not a number and a time
   */
  public ProcessLimit places() {
    Duration wait = Values.secondsOrNull("--queue", queue);
    return ProcessLimit.of(maxProcesses(), wait == null ? QUEUE : wait);
  }

  /**
   * Returns the programs' host, configured by these options.
   *
   * @param site the site that all programs are a part of
   * @param places the places that all programs share
   * @param atOnce how many places are shared with other mounts, of which one program gets three
   *     quarters; 0 to let it have all
   * @throws LauncherException at the first option that is wrong
   */
  public Programs programs(HostedSite site, ProcessLimit places, int atOnce) {
    Programs programs = new Programs(site, places, atOnce - atOnce / 4);
    environment.forEach(programs::environment);
    passVariables.forEach(programs::passVariable);
    fileVariables.forEach(programs::fileVariable);
    interpreters.forEach(programs::interpreter);
    programs.arguments(arguments);
    javaExtensions.forEach(programs::javaExtension);
    programs.allow(allowed);
    programs.roots(roots);
    programs.methods(methods);
    if (index != null) {
      programs.index(index);
    }
    if (documentRoot != null) {
      programs.documentRoot(documentRoot);
    }
    if (cwd != null) {
      programs.workingDirectory(cwd);
    }
    limits(programs);
    flags(programs);
    if (followLinks != null) {
      programs.followLinks(followLinks);
    }
    if (javaState != null) {
      programs.javaState(javaState);
    }
    if (record != null) {
      programs.record(Recorder.of("--record", record));
    }
    programs.isolation(isolation.isolation(), isolation.requiredLevel());
    programs.notForApplications(isolation.asked());
    try {
      programs.workers(Workers.of(workers, delegations, warm, site.groups()));
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument(String.valueOf(e.getMessage()));
    }
    return programs;
  }

  private void limits(Programs programs) {
    Duration common = Values.secondsOrNull("--timeout", timeout);
    programs.headerTimeout(or(Values.secondsOrNull("--header-timeout", headerTimeout), common));
    programs.idleTimeout(or(Values.secondsOrNull("--idle-timeout", idleTimeout), common));
    programs.totalTimeout(Values.secondsOrNull("--total-timeout", totalTimeout));
    programs.afterOutput(Values.secondsOrNull("--after-output", afterOutput));
    if (programLimit != null) {
      programs.programLimit(
          (int) Values.number("--program-limit", programLimit, 1, Integer.MAX_VALUE));
    }
    if (maxBody != null) {
      programs.maxBody(Values.number("--max-body", maxBody, 0, Long.MAX_VALUE));
    }
    if (maxSpool != null) {
      programs.maxSpool(Values.number("--max-spool", maxSpool, 0, Long.MAX_VALUE));
    }
  }

  private void flags(Programs programs) {
    programs.all(passAuthorization, HostBuilder::passAuthorization);
    programs.all(passShellFunctions, HostBuilder::passShellFunctions);
    programs.all(strictExit, HostBuilder::strictExit);
    programs.all(lenientType, HostBuilder::lenientType);
    programs.all(allowEncodedSlash, HostBuilder::allowEncodedSlash);
    programs.processes(allowSetId, CgiHostBuilder::allowSetId);
    programs.processes(nph, CgiHostBuilder::nph);
    programs.processes(strictOwnership, CgiHostBuilder::strictOwnership);
    if (strictOwnership) {
      programs.notForApplications(List.of("--strict-ownership"));
    }
    if (refuseRoot) {
      programs.refuseRoot();
    }
    if (localRedirects) {
      programs.localRedirects();
    }
  }

  /** Returns the name of the file that answers for a directory; null for none. */
  public @Nullable String index() {
    return index;
  }

  /** Returns how many programs may run at once. */
  public int maxProcesses() {
    return maxProcesses == null
        ? Math.max(64, Math.min(256, 16 * Runtime.getRuntime().availableProcessors()))
        : (int) Values.number("--max-processes", maxProcesses, 1, Integer.MAX_VALUE);
  }

  private static @Nullable Duration or(@Nullable Duration first, @Nullable Duration second) {
    return first == null ? second : first;
  }
}
