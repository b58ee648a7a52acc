package dev.postern.launcher.run;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiRun;
import dev.postern.launcher.hosting.HostedSite;
import dev.postern.launcher.hosting.HostingOptions;
import dev.postern.launcher.hosting.Programs;
import dev.postern.launcher.recording.Recording;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import dev.postern.launcher.workers.WorkerGroups;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern run} runs one program once, as a request would run it. */
@Command(
    name = "run",
    description = {
      "Run one CGI program once, as for a request, without a server.",
      "It prints the environment of the program, each rule that was kept or broken, the program's "
          + "standard error, and the answer that a client would get. The options of programs are "
          + "the same as for serve. The exit code is 0 if no rule was broken and the program ended "
          + "with 0."
    },
    abbreviateSynopsis = true,
    sortOptions = false)
public final class RunCommand implements Callable<Integer> {
  /**
   * Headers that the request has in any case. {@code --header} may not give the first of them, and
   * replaces the others. Values of any other header are joined.
   */
  private static final List<String> OWN = List.of("content-length", "content-type", "host");

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "PROGRAM",
      description = "The file of a program, or a directory of programs.")
  String program = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "URL",
      description =
          "A path with a query, such as '/a?b=1'. http://HOST may stand before it. The part "
              + "after a segment with the name of PROGRAM is PATH_INFO; if PROGRAM is a directory, "
              + "it names the program. Without such a segment this is the whole path. Default: no "
              + "PATH_INFO.")
  String url = "";

  @Option(
      names = {"-X", "--request"},
      paramLabel = "METHOD",
      description = "The request method. Default: GET, or POST with --data.")
  @Nullable String method;

  @Option(
      names = {"-H", "--header"},
      paramLabel = "NAME: VALUE",
      description = "A header of the request. May be repeated.")
  List<String> headers = new ArrayList<>();

  @Option(
      names = {"-d", "--data"},
      paramLabel = "TEXT|@FILE|-",
      description =
          "The body of the request: a text, a file, or standard input. It is a form, unless "
              + "--header says otherwise.")
  @Nullable String data;

  @Mixin HostingOptions hosting = new HostingOptions();

  @Override
  public Integer call() throws Exception {
    // The report tells what the host would log, so turn the log off.
    Logger.getLogger("").setLevel(Level.OFF);
    CompletableFuture<CgiRun> told = new CompletableFuture<>();
    try (WorkerGroups groups = new WorkerGroups()) {
      HostedSite site =
          new HostedSite(
              RunCommand::redirected,
              groups,
              host -> host.keepRuns(Recording.BOUND).onRun(told::complete));
      Application application = application(site);
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      Target target = Target.of(url, String.valueOf(path().getFileName()));
      Environ environ = environ(target);
      Report report = new Report(out);
      report.field("request", environ.method() + " " + target.shown());
      report.field("program", path().toString());
      Trial trial = Trial.of(application, environ, told);
      report.tell(trial, dropped(application, trial));
      out.flush();
      return Report.isGood(trial) ? 0 : 1;
    }
  }

  private Application application(HostedSite site) {
    Programs programs = hosting.programs(site, hosting.places(), 0);
    return Files.isDirectory(path())
        ? programs.directory("run", "/" + path().getFileName(), program)
        : programs.program("run", "", program);
  }

  private Path path() {
    return Values.path("run", program).toAbsolutePath().normalize();
  }

  /**
   * Answers a local redirect. A run serves nothing else, so this answer only shows where the
   * redirect leads.
   */
  private static Body redirected(Environ environ, dev.postern.StartResponse start) {
    start.start(200, Headers.of("Content-Type", "text/plain; charset=utf-8"));
    return Body.of("local redirect to " + environ.pathInfo() + "\n");
  }

  /**
   * Returns the counts of what was left out. The rule of the failure is not among them, as the
   * report has it already.
   */
  private static Map<String, Long> dropped(Application application, Trial trial) {
    Map<String, Long> counts = new LinkedHashMap<>();
    if (application instanceof CgiApplication hosted) {
      counts.putAll(hosted.refusals().asMap());
    } else if (application instanceof CgiDirectory hosted) {
      counts.putAll(hosted.refusals().asMap());
    }
    if (trial.run() != null) {
      counts.remove(trial.run().rule());
    }
    return counts;
  }

  private Environ environ(Target target) {
    byte[] body = data == null ? null : body(data);
    Map<String, String> variables = new LinkedHashMap<>(target.variables());
    String asked = method == null ? body == null ? "GET" : "POST" : method;
    if (!asked.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
      throw LauncherException.badArgument(
          "METHOD of --request must be a request method: \"" + asked + "\"");
    }
    variables.put("REQUEST_METHOD", asked);
    if (body != null) {
      variables.put("CONTENT_LENGTH", Integer.toString(body.length));
      variables.put("CONTENT_TYPE", "application/x-www-form-urlencoded");
    }
    headers.forEach(text -> header(variables, text));
    return Environ.builder(variables)
        .scheme(target.scheme())
        .input(new ByteArrayInputStream(body == null ? new byte[0] : body))
        .errors(new PrintWriter(PrintWriter.nullWriter()))
        .build();
  }

  private static void header(Map<String, String> variables, String text) {
    int colon = text.indexOf(':');
    String name = text.substring(0, Math.max(colon, 0));
    if (!name.matches("[A-Za-z0-9-]+")) {
      throw LauncherException.badArgument(
          "--header must be NAME: VALUE, of letters, digits and hyphens: \"" + text + "\"");
    }
    byte[] bytes = text.substring(colon + 1).strip().getBytes(StandardCharsets.UTF_8);
    String value = new String(bytes, StandardCharsets.ISO_8859_1);
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.equals("content-length")) {
      throw LauncherException.badArgument("--header must not be Content-Length: see --data");
    }
    String variable = name.toUpperCase(Locale.ROOT).replace('-', '_');
    if (lower.equals("content-type")) {
      variables.put(variable, value);
    } else if (OWN.contains(lower)) {
      variables.put("HTTP_" + variable, value);
    } else {
      // RFC 9113 8.2.3: a comma is no separator of cookies.
      String separator = lower.equals("cookie") ? "; " : ", ";
      variables.merge("HTTP_" + variable, value, (first, second) -> first + separator + second);
    }
  }

  private static byte[] body(String text) {
    try {
      if (text.equals("-")) {
        return System.in.readAllBytes();
      }
      return text.startsWith("@")
          ? Files.readAllBytes(Values.file("--data", text.substring(1)))
          : text.getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw Values.unreadable("--data", text);
    }
  }
}
