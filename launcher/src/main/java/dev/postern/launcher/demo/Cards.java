package dev.postern.launcher.demo;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The cards of the page, by section. Immutable. */
final class Cards {
  private static final String NO_PERL = "perl is not on this machine's PATH.";

  private final @Nullable String perlMissing;
  private final @Nullable String pythonMissing;
  private final @Nullable String gitMissing;

  private final Deployments deployments;

  Cards(Deployments deployments, boolean perl, boolean python, @Nullable String gitMissing) {
    this.deployments = deployments;
    this.perlMissing = perl ? null : NO_PERL;
    this.pythonMissing = python ? null : "python3 is not on this machine's PATH.";
    this.gitMissing = gitMissing;
  }

  /**
   * @param address that the client used, such as {@code http://localhost:8080}
   */
  Map<String, List<Card>> sections(String address) {
    return Map.of(
        "deployments", deployments(address),
        "executables", executables(address),
        "programs", programs(),
        "twice", twice(),
        "broken", List.of(broken(address)),
        "git", List.of(git(address)));
  }

  private static Card served(String tag, String title, String text) {
    return new Card(tag, title, text)
        .through("server", "Jetty")
        .through("gateway", "ServletGateway");
  }

  private List<Card> deployments(String address) {
    return List.of(
        served("1", "As a servlet", "In any servlet container, such as this server: many threads.")
            .command("curl " + address + "/app/hello")
            .timed("/app/hello")
            .link("/app/hello?a=1", "open it")
            .through("application", "Inspector"),
        served("2", "As a FastCGI server", "Behind nginx, Apache, lighttpd or HAProxy.")
            .command("curl " + address + "/fcgi/app/hello")
            .timed("/fcgi/app/hello")
            .link("/fcgi/app/hello?a=1", "open it")
            .through("application", "FastCgiApplication")
            .through("gateway", "FastCgiGateway")
            .through("application", "Inspector"),
        served("3", "As a CGI executable", "One file in cgi-bin, where no server of yours runs.")
            .command("curl " + address + "/installed/app/hello")
            .timed("/installed/app/hello")
            .link("/installed/app/hello?a=1", "open it")
            .through("application", "CgiApplication")
            .through("process", "executable")
            .through("application", "Inspector")
            .missing(deployments.coldMissing()));
  }

  private List<Card> executables(String address) {
    return List.of(
        executable(
                "cold", "java, as it is", "Starts a JVM from the class path.", "/cgi/app", "java")
            .command("curl " + address + "/cgi/app/hello"),
        executable(
                "installed",
                "postern install",
                "Starts a JVM with an archive of its classes.",
                "/installed/app",
                "executable")
            .command("curl " + address + "/installed/app/hello")
            .missing(deployments.coldMissing()),
        executable(
                "warm",
                "postern install --warm",
                "Hands each request to a JVM that the first one has started.",
                "/warm/app",
                "stub")
            .command("curl " + address + "/warm/app/hello")
            .missing(deployments.warmMissing()));
  }

  private static Card executable(
      String tag, String title, String text, String path, String process) {
    return new Card(tag, title, text)
        .timed(path + "/hello")
        .link(path + "/hello?a=1", "open it")
        .through("application", "CgiApplication")
        .through("process", process)
        .through("application", "Inspector");
  }

  private List<Card> programs() {
    return List.of(
        program("sh", "This machine", "machine.sh", "Load, memory and disk, in plain sh.")
            .through("process", "sh")
            .preview(
                """
                <pre class="preview">row Time "$(date '+%A, %e %B %Y, …')"
                read -r one five fifteen _ &lt;…
                row Load "$one in the last minute, …"
                bar Memory "$1" "$2 of $3 GiB in use"
                bar Disk "$1" "$2 of $3 GiB in use"
                row Process "$$, child of $PPID"
                row Request "$REQUEST_METHOD …"</pre>\
                """),
        program("Perl", "Sunflower", "sunflower.pl", "Thirty lines draw a picture.")
            .through("process", "perl")
            .preview(
                "<img class=\"preview\" alt=\"A sunflower\" src=\""
                    + Demo.PROGRAMS
                    + "/sunflower.pl\">")
            .missing(perlMissing),
        program(
                "Python",
                "Life",
                "life.py",
                "An animation, flushed by the frame, without a script.")
            .through("process", "python3")
            .preview(
                "<iframe class=\"preview\" title=\"Life\" data-src=\""
                    + Demo.PROGRAMS
                    + "/life.py?preview\"></iframe>")
            .missing(pythonMissing));
  }

  private static Card program(String language, String title, String file, String text) {
    return served(language, title, text)
        .timed(Demo.PROGRAMS + "/" + file)
        .link(Demo.PROGRAMS + "/" + file, Demo.PROGRAMS + "/" + file)
        .link("/source/" + file, "source")
        .through("application", "CgiDirectory");
  }

  private List<Card> twice() {
    return List.of(
        perl("cold", "A Perl script, spawned", "perl starts, loads its modules, runs, and ends.")
            .through("process", "perl")
            .missing(perlMissing),
        perl("warm", "The same script, warm", "A child of a perl that has loaded all of it.")
            .through("process", "fork")
            .missing(perlMissing),
        java("spawned", "A Java program, spawned", "java -jar, for each request.")
            .through("process", "java"),
        java("inside", "The same jar, inside", "In this JVM; its statics are new each time.")
            .through("application", "main()"));
  }

  private static Card perl(String path, String title, String text) {
    return new Card("Perl", title, text)
        .timed("/perl/" + path + "/words.pl")
        .link("/perl/" + path + "/words.pl", "/perl/" + path + "/words.pl")
        .link("/source/words.pl", "source")
        .through("application", "CgiDirectory");
  }

  private static Card java(String path, String title, String text) {
    return new Card("Java", title, text)
        .timed("/java/" + path + "?a=1")
        .link("/java/" + path + "?a=1", "/java/" + path)
        .through("application", "CgiApplication");
  }

  private static Card broken(String address) {
    return new Card(
            "sh",
            "A program with a fault",
            "Its client is told 502 and nothing else. You are told the rule that it broke, where in"
                + " its output, what it wrote on standard error, and how it ended.")
        .command("curl -i " + address + Demo.PROGRAMS + "/broken.sh")
        .preview("<pre class=\"preview tall\" data-diagnosis=\"/demo/diagnosis\">…</pre>")
        .link(Demo.PROGRAMS + "/broken.sh", "what its client sees")
        .link("/source/broken.sh", "source")
        .link("/status/", "all of this server's refusals, live")
        .through("application", "CgiDirectory")
        .through("process", "sh");
  }

  private Card git(String address) {
    return new Card(
            "git",
            "Clone it, push to it",
            "A repository that was made when the demo started. Push a commit, then look at the"
                + " list.")
        .command("git clone " + address + "/git/demo.git")
        .timed("/git/demo.git/info/refs?service=git-upload-pack")
        .link(Demo.PROGRAMS + "/log.sh", "commits")
        .link("/git/demo.git/info/refs?service=git-upload-pack", "what git sees")
        .through("server", "Jetty")
        .through("gateway", "ServletGateway")
        .through("application", "CgiApplication")
        .through("process", "git http-backend")
        .missing(gitMissing);
  }
}
