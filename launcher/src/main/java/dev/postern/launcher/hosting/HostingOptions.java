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
      description = "Add a variable to the environment of programs. May be repeated.")
  List<String> environment = new ArrayList<>();

  @Option(
      names = "--pass-variable",
      paramLabel = "NAME",
      description =
          "Pass to programs a variable that a middleware has added to the request. May be "
              + "repeated. Default: such variables are left out.")
  List<String> passVariables = new ArrayList<>();

  @Option(
      names = "--pass-authorization",
      description = "Pass the client's Authorization to programs as HTTP_AUTHORIZATION.")
  boolean passAuthorization;

  @Option(
      names = "--file-variable",
      paramLabel = "NAME",
      description =
          "Also give programs SCRIPT_FILENAME under this name, such as X_TOMCAT_SCRIPT_PATH. "
              + "May be repeated.")
  List<String> fileVariables = new ArrayList<>();

  @Option(
      names = "--pass-shell-functions",
      description =
          "Pass variables whose value begins with '() {'. Old versions of bash run such a "
              + "value. Default: the request is a 400.")
  boolean passShellFunctions;

  @Option(
      names = "--document-root",
      paramLabel = "DIR",
      description = "Set DOCUMENT_ROOT to this directory, and PATH_TRANSLATED to a path below it.")
  @Nullable String documentRoot;

  @Option(
      names = "--cwd",
      paramLabel = "DIR",
      description = "The directory in which programs start. Default: the directory of the program.")
  @Nullable String cwd;

  @Option(
      names = "--interpreter",
      paramLabel = "[.EXT=]COMMAND",
      description =
          "Run the files with the extension .EXT by this command. Without .EXT= it runs all "
              + "files whose extension has no other interpreter. COMMAND is an absolute path, then "
              + "arguments after spaces. May be repeated.")
  List<String> interpreters = new ArrayList<>();

  @Option(
      names = "--argument",
      paramLabel = "TEXT",
      description = "An argument of the program of --cgi or --java-cgi. May be repeated.")
  List<String> arguments = new ArrayList<>();

  @Option(
      names = "--java",
      paramLabel = ".EXT",
      description =
          "Run the files of --cgi-dir with this extension, .jar or .java, inside the server. "
              + "May be repeated.")
  List<String> javaExtensions = new ArrayList<>();

  @Option(
      names = "--allow",
      paramLabel = "NAME",
      description =
          "Of --cgi-dir, run only files with this name. Others are a 404. May be repeated. "
              + "Default: all names.")
  List<String> allowed = new ArrayList<>();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "One more directory that symbolic links of --cgi-dir may lead to. May be repeated.")
  List<String> roots = new ArrayList<>();

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description =
          "A request method that is served. All others are a 405. May be repeated. Default: "
              + "all but TRACE and CONNECT.")
  List<String> methods = new ArrayList<>();

  @Option(
      names = "--local-redirects",
      description =
          "Answer a program's local redirect from the mounts of this server. Default: the "
              + "client gets a 302.")
  boolean localRedirects;

  @Option(
      names = "--index",
      paramLabel = "NAME",
      description =
          "The name of the program that answers for a directory of --cgi-dir. Default: none, "
              + "a directory is a 403.")
  @Nullable String index;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description =
          "Sets --header-timeout and --idle-timeout where they are not given. After it: "
              + "504, or the response is cut. Default: 30 and 60.")
  @Nullable String timeout;

  @Option(
      names = "--header-timeout",
      paramLabel = "SECONDS",
      description =
          "The longest time from the start of a program to the blank line after its header "
              + "block. After it: 504. Default: --timeout, or else 30.")
  @Nullable String headerTimeout;

  @Option(
      names = "--idle-timeout",
      paramLabel = "SECONDS",
      description =
          "The longest time between two reads of a program's output. After it, the response "
              + "is cut. Default: --timeout, or else 60.")
  @Nullable String idleTimeout;

  @Option(
      names = "--total-timeout",
      paramLabel = "SECONDS",
      description =
          "The longest time from the start of a program to the end of its response, also if "
              + "the client is slow. After it: 504, or the response is cut. Default: no limit.")
  @Nullable String totalTimeout;

  @Option(
      names = "--after-output",
      paramLabel = "SECONDS",
      description =
          "How long a program may work on after its whole answer. The client does not wait "
              + "for this. Default: 60.")
  @Nullable String afterOutput;

  @Option(
      names = "--max-processes",
      paramLabel = "N",
      description =
          "How many programs may run at the same time. Another request waits as --queue "
              + "says, and then gets a 503. Default: 16 for each processor, at least 64 and at "
              + "most 256.")
  @Nullable String maxProcesses;

  @Option(
      names = "--queue",
      paramLabel = "SECONDS",
      description =
          "How long a request waits for its turn if --max-processes programs run. After it: "
              + "503. Default: 10.")
  @Nullable String queue;

  @Option(
      names = "--program-limit",
      paramLabel = "N",
      description =
          "How many runs of one program there may be at the same time. Default: three "
              + "quarters of --max-processes for the programs of a directory and if there are "
              + "several mounts, else all of it.")
  @Nullable String programLimit;

  @Option(
      names = "--max-body",
      paramLabel = "BYTES",
      description =
          "The largest request body for a program. A larger one is a 413. Default: 64 MiB "
              + "(67108864).")
  @Nullable String maxBody;

  @Option(
      names = "--max-spool",
      paramLabel = "BYTES",
      description =
          "The most bytes in memory and on disk for all request bodies of unknown length and all output "
              + "that slow clients have not read. A body that finds no room is a 503. Default: 512 "
              + "MiB (536870912).")
  @Nullable String maxSpool;

  @Option(
      names = "--strict-exit",
      description =
          "Cut the response of a program whose exit status is not 0, unless all bytes of a "
              + "Content-Length above 0 have come. Default: the response is delivered.")
  boolean strictExit;

  @Option(
      names = "--allow-encoded-slash",
      description = "Admit %%2F in a path. It becomes a slash in PATH_INFO. Default: it is a 400.")
  boolean allowEncodedSlash;

  @Option(
      names = "--lenient-type",
      description =
          "Send a body without Content-Type as application/octet-stream. Default: it is a "
              + "502.")
  boolean lenientType;

  @Option(
      names = "--nph",
      description =
          "The output of every program may begin with a status line. Default: only that of a "
              + "program whose name starts with nph-.")
  boolean nph;

  @Option(
      names = "--strict-ownership",
      description =
          "Refuse programs and directories that belong to a user other than the server's user "
              + "and root, or that a group may write to.")
  boolean strictOwnership;

  @Option(
      names = "--refuse-root",
      description = "Do not start if programs would run as root. Default: log a warning.")
  boolean refuseRoot;

  @Option(
      names = "--allow-set-id",
      description = "Run set-user-ID and set-group-ID programs. Default: they are a 403.")
  boolean allowSetId;

  @Option(
      names = "--java-state",
      paramLabel = "reset|fresh|kept",
      description =
          "What happens to a program of --java-cgi before its next request. reset: its "
              + "statics are initialized again. fresh: all its classes are loaded again. kept: "
              + "nothing. Default: reset.")
  @Nullable String javaState;

  @Option(
      names = "--follow-links",
      paramLabel = "owner|no",
      description =
          "Which symbolic links of --cgi-dir are followed. no: none. owner: all whose owner "
              + "also owns the file. Others are a 404. Default: those that stay inside the "
              + "directory.")
  @Nullable String followLinks;

  @Mixin IsolationOptions isolation = new IsolationOptions();

  @Option(
      names = "--record",
      paramLabel = "DIR",
      description =
          "Keep each run that fails in a file in this directory, for postern replay. The "
              + "files contain what the requests contained, such as passwords. There are at most "
              + "1000.")
  @Nullable String record;

  @Option(
      names = "--warm",
      paramLabel = "GLOB",
      description =
          "Run the scripts in Perl, Python and Ruby whose URL path matches, such as "
              + "'/cgi-bin/**.pl', in child processes of an interpreter that has loaded them. May "
              + "be repeated.")
  List<String> warm = new ArrayList<>();

  @Option(
      names = "--worker",
      paramLabel = "NAME=OPTION:VALUE,...",
      description =
          "Define a group of workers, such as wiki=spares:4,maximum-requests:1000. Times are "
              + "in seconds, memory is in bytes. May be repeated.")
  List<String> workers = new ArrayList<>();

  @Option(
      names = "--delegate",
      paramLabel = "GLOB=NAME",
      description =
          "Run the scripts whose URL path matches, or the application at that path, in this "
              + "group of --worker. The first match wins. May be repeated.")
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
