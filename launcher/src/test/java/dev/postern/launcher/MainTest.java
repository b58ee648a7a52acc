package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
  @TempDir static Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final ClassLoader contextLoader = Thread.currentThread().getContextClassLoader();

  /** The command leaves that of its application to the process, which is ours here. */
  @AfterEach
  void restoreContextLoader() {
    Thread.currentThread().setContextClassLoader(contextLoader);
  }

  @BeforeAll
  static void writeFiles() throws Exception {
    Files.writeString(directory.resolve("plain.txt"), "not a program");
    Sources.script(directory.resolve("program.sh"), "#!/bin/sh\n");
    Sources.compile(directory, "Hello", Sources.HELLO);
    Sources.compile(
        directory,
        "NoConstructor",
        Sources.HELLO
            .replace("Hello implements", "NoConstructor implements")
            .replaceFirst("\\{", "{ public NoConstructor(int n) {}"));
    Sources.compile(
        directory,
        "Hidden",
        Sources.HELLO
            .replace("Hello implements", "Hidden implements")
            .replaceFirst("\\{", "{ private Hidden() {}"));
    Sources.compile(
        directory,
        "Failing",
        Sources.HELLO
            .replace("Hello implements", "Failing implements")
            .replaceFirst(
                "\\{", "{ public Failing() { throw new IllegalStateException(\"a\\\\nb\"); }"));
    Files.writeString(directory.resolve("Broken.class"), "no class file");
  }

  /** {@code @} is the directory with the files; a word that is empty ends the arguments. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ``                                           | a word is missing
          nonsense                                     | unknown word: "nonsense"
          --nonsense                                   | unknown option: "--nonsense"
          serve extra                                  | SOURCE must be a .java file: "extra"
          serve Nowhere.java                           | SOURCE must exist: "Nowhere.java"
          serve /usr                                   | SOURCE must be a .java file: "/usr": see --cgi-dir and --files
          serve /bin/true                              | SOURCE must be a .java file: "/bin/true": see --cgi
          serve @/plain.txt extra                      | unexpected argument: "extra"
          run                                          | Missing required parameter: 'PROGRAM'
          run @/nowhere                                | PROGRAM of run must exist
          run @/plain.txt                              | PROGRAM of run must be an executable file
          run /bin/true x                              | URL must be a path with a query
          run /bin/true http:/x                        | URL must be a path with a query
          run /bin/true /%zz                           | URL must be a path with a query
          run /bin/true / -X a/b                       | METHOD of --request must be a request method: "a/b"
          run /bin/true / -H nothing                   | --header must be NAME: VALUE
          run /bin/true / -H Content-Length:1          | --header must not be Content-Length: see --data
          replay                                       | Missing required parameter: 'FILE'
          replay @/nowhere                             | FILE of replay must be a file
          serve --nonsense                             | unknown option: "--nonsense"
          serve --wram /**                             | unknown option: "--wram"; did you mean --warm?
          serve --cgidir=/x                            | unknown option: "--cgidir=/x"; did you mean --cgi-dir?
          serve --pass-autorization                    | unknown option: "--pass-autorization"; did you mean --pass-authorization?
          serve --Timeout 3                            | unknown option: "--Timeout"; did you mean --timeout?
          serve --pass-auth                            | unknown option: "--pass-auth"; did you mean --pass-authorization?
          run /bin/true --strict-exitt                 | unknown option: "--strict-exitt"; did you mean --strict-exit?
          srve                                         | unknown word: "srve"; did you mean serve?
          serve --max-proc 3                           | unknown option: "--max-proc"; did you mean --max-processes?
          serve --tiemout 3                            | unknown option: "--tiemout"; did you mean --timeout?
          fcgi --listen fd:0 --socket-mode 0660 Hello  | --socket-mode must come with --listen unix:PATH
          scgi --listen localhost:0 --socket-mode 0660 Hello | --socket-mode must come with --listen unix:PATH
          help nonsense                                | unknown word: "nonsense"
          serve --watch                                | --watch must come with --config
          serve --check --status here                  | PREFIX of --status must start with a slash: "here"
          serve --check --status /a//b                 | PREFIX of --status must be a path that a request can have
          serve --check --status-from ::1              | --status-from must come with --status
          serve --check --status /s --status-from here | --status-from: client must be an address or a network
          serve --check --files /s=@ --status /s       | PREFIX must be given once: "/s"
          serve --config @/nowhere                     | FILE of --config must be readable
          serve --check --port x                       | --port must be from 0 to 65535: "x"
          serve --listen foo                           | --listen must be HOST:PORT, unix:PATH or fd:0: "foo"
          serve --listen unix:                         | --listen must be HOST:PORT, unix:PATH or fd:0: "unix:"
          serve --listen 127.0.0.1:x                   | --listen must be HOST:PORT, unix:PATH or fd:0
          serve --tls-cert @/plain.txt                 | --tls-cert must come with --tls-key
          serve --tls-cert @/plain.txt --tls-key @/plain.txt | FILE of --tls-cert must hold certificates in PEM
          serve --access-format json                   | --access-format must come with --access-log
          serve --access-query                         | --access-query must come with --access-log
          serve --listen fd:0 --bind ::1               | --bind must come with --port, beside --listen
          serve --access-format xml                    | --access-format must be combined or json: "xml"
          serve --verbose --quiet                      | --verbose must not come with --quiet
          serve --access-log @                         | FILE of --access-log must be a file that can be written
          serve --files /x=@/nowhere                   | DIR of --files must be a directory
          serve --htpasswd @/nowhere --app /x=Hello    | FILE of --htpasswd must be readable
          serve --tls-cert @/plain.txt --tls-key @/nowhere | FILE of --tls-cert must hold certificates in PEM
          serve --socket-mode 0660                     | --socket-mode must come with --listen unix:PATH
          serve --trusted-proxy proxy                  | --trusted-proxy:
          serve --trusted-proxy 10.0.0.0/33            | --trusted-proxy:
          serve --port                                 | Missing required parameter for option '--port'
          serve --port=                                | --port must be from 0 to 65535: ""
          serve --port 65536                           | --port must be from 0 to 65535: "65536"
          serve --port -1                              | --port must be from 0 to 65535: "-1"
          serve --port x                               | --port must be from 0 to 65535: "x"
          serve --port 99999999999999999999            | --port must be from 0 to 65535
          serve --port 0 --port 0                      | option '--port' (N) should be specified only once
          serve --bind                                 | Missing required parameter for option '--bind'
          serve --bind 300.1.1.1                       | --bind must be an address: "300.1.1.1"
          serve --bind [zz]                            | --bind must be an address: "[zz]"
          serve --app x                                | --app must be PREFIX=CLASS: "x"
          serve --app /x=                              | --app must be PREFIX=CLASS: "/x="
          serve --app x=Hello                          | PREFIX of --app must start with a slash: "x=Hello"
          serve --app =Hello                           | PREFIX of --app must start with a slash: "=Hello"
          serve --app //x=Hello                        | PREFIX of --app must be a path that a request can have
          serve --app /x/../y=Hello                    | PREFIX of --app must be a path that a request can have
          serve --app /x?y=Hello                       | PREFIX of --app must be a path that a request can have
          serve --app /x=Hello                         | class "Hello" must be on the class path
          serve --classpath @ --app /x=Nowhere         | class "Nowhere" must be on the class path
          serve --classpath @ --app /x=java.lang.String| class "java.lang.String" must implement dev.postern.Application
          serve --classpath @ --app /x=NoConstructor   | class "NoConstructor" must be public and have a public constructor
          serve --classpath @ --app /x=Hidden          | class "Hidden" must be public and have a public constructor
          serve --classpath @ --app /x=dev.postern.Application| class "dev.postern.Application" must be public and have
          serve --classpath @ --app /x=Broken          | class "Broken" must be loadable
          serve --classpath @ --app /x=hello           | class "hello" must be
          serve --classpath @/nowhere --app /x=Hello   | entry of --classpath must exist
          serve --classpath @/nowhere/* --app /x=Hello | entry of --classpath must exist
          serve --classpath @ --app /x=Hello --app /x=Hello        | PREFIX must be given once: "/x"
          serve --classpath @ --app /x=Hello --app /x/=Hello       | PREFIX must be given once: "/x"
          serve --classpath @ --app /x=Hello --cgi /x=@/program.sh | PREFIX must be given once: "/x"
          serve --cgi-dir /=@ --cgi /=@/program.sh     | PREFIX must be given once: "/"
          serve --cgi /x=@/nowhere                     | PROGRAM of --cgi must exist
          serve --cgi /x=@/plain.txt                   | PROGRAM of --cgi must be an executable file
          serve --cgi /x=@                             | PROGRAM of --cgi must be an executable file
          serve --cgi x=@/program.sh                   | PREFIX of --cgi must start with a slash
          serve --cgi-dir /x=@/nowhere                 | DIR of --cgi-dir must be a directory
          serve --cgi-dir /x=@/plain.txt               | DIR of --cgi-dir must be a directory
          serve --env NAME                             | --env must be NAME=VALUE: "NAME"
          serve --env =VALUE                           | --env must be NAME=VALUE: "=VALUE"
          serve --env A-B=1                            | --env: environment name must be letters, digits and _
          serve --env PATH_INFO=/x                     | --env: environment name must be free, the request sets it
          serve --env HTTP_PROXY=x                     | --env: environment name must be free, programs never get
          serve --env A=1 --env A=2                    | NAME of --env must be given once: "A"
          serve --timeout 0                            | SECONDS of --timeout must be a number above 0: "0"
          serve --timeout 0.0001                       | SECONDS of --timeout must be a number above 0
          serve --timeout -1                           | SECONDS of --timeout must be a number above 0
          serve --timeout soon                         | SECONDS of --timeout must be a number above 0
          serve --timeout 1e9                          | SECONDS of --timeout must be a number above 0
          serve --max-processes 0                      | --max-processes must be a number of at least 1: "0"
          serve --max-processes many                   | --max-processes must be a number of at least 1
          serve --max-processes 4294967297             | --max-processes must be a number of at least 1
          serve --max-body -1                          | --max-body must be a number of at least 0: "-1"
          serve --max-body 1M                          | --max-body must be a number of at least 0
          serve --fcgi /x=nowhere                      | ADDRESS of --fcgi must be HOST:PORT
          serve --scgi /x=host:0                       | ADDRESS of --scgi must be HOST:PORT
          demo --port x                                | --port must be from 0 to 65535: "x"
          demo --port 65536                            | --port must be from 0 to 65535: "65536"
          demo --app /x=Hello                          | unknown option: "--app"
          demo x                                       | unexpected argument: "x"
          cgi                                          | Missing required parameter: 'CLASS'
          cgi --classpath @                            | Missing required parameter: 'CLASS'
          cgi Hello --classpath                        | Missing required parameter for option '--classpath'
          cgi Hello Other                              | unexpected argument: "Other"
          cgi --nonsense Hello                         | unknown option: "--nonsense"
          cgi --classpath @ --classpath @ Hello        | option '--classpath' (CP) should be specified only once
          fcgi                                         | Missing required
          fcgi Hello --listen 127.0.0.1:0              | class "Hello" must be on the class path: see --classpath
          fcgi --classpath @ Hello                     | Missing required option: '--listen=ADDRESS'
          fcgi --classpath @ Hello --listen 9000       | address must be HOST:PORT, unix:PATH or fd:0: "9000"
          fcgi --classpath @ Hello --listen unix:/x --socket-mode 9 | mode must be octal, such as 0660: "9"
          scgi --classpath @ Hello --listen fd:3       | address must be HOST:PORT, unix:PATH or fd:0: "fd:3"
          install                                      | Missing required parameters: 'CLASS', 'FILE'
          install Hello                                | Missing required parameter: 'FILE'
          install Hello @/file                         | class must be on the class path: Hello
          install --classpath @ --lib @/lib Nowhere @/file | class must be on the class path: Nowhere
          install --classpath @ --lib @/lib NoConstructor @/file | class must have a public constructor
          install --classpath @/nowhere --lib @/lib Hello @/file | entry of --classpath must exist
          install --classpath @ --idle 5 Hello @/file  | --idle, --max-requests and --keep must come with --warm
          install --classpath @ --keep A Hello @/file  | --idle, --max-requests and --keep must come with --warm
          install --warm --keep A=1 Hello @/file       | --keep: variable name must be letters, digits and _: "A=1"
          install --warm --keep PATH_INFO Hello @/file | --keep: variable name must be free, the request sets it: PATH_INFO
          install --warm --keep HTTP_COOKIE Hello @/file | --keep: variable name must be free, a header of the request sets it: HTTP_COOKIE
          warm                                         | Missing required parameter: 'DIR'
          warm @                                       | warm must have either --list or --stop
          warm --list --stop @                         | warm must have either --list or --stop
          warm --list @/nowhere                        | DIR of warm must be a directory
          warm --stop @/plain.txt                      | DIR of warm must be a directory
          warm --list @ @                              | unexpected argument
          warm --nonsense @                            | unknown option: "--nonsense"
          install --warm --idle 0 Hello @/file         | SECONDS of --idle must be a number above 0: "0"
          install --warm --max-requests 0 Hello @/file | --max-requests must be a number of at least 1
          install --nonsense Hello @/file              | unknown option: "--nonsense"
          """)
  void execute_badArgument_isOneLineAndExit2(String line, String message) {
    assertThat(execute(line)).isEqualTo(2);
    assertOneLine(message);
  }

  @Test
  void words_areNamedAsTheirClassesSay() {
    PosternCommand.whole()
        .getSubcommands()
        .forEach((word, line) -> assertThat(line.getCommandName()).isEqualTo(word));
  }

  @Test
  void execute_constructorFails_isOneLineAndExit1() {
    assertThat(execute("serve --classpath @ --app /x=Failing")).isEqualTo(1);
    assertOneLine(
        "class \"Failing\" failed in its constructor: java.lang.IllegalStateException: a b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          install --classpath @ --lib @/no/lib Hello @/file | library directory cannot be made in: @/no
          install --classpath @ --lib @/lib Hello @/no/file | directory must exist and be writable: @/no
          install --classpath @ --lib @/lib Hello @         | executable must not be a directory: @
          """)
  void execute_installCannotWrite_isOneLineAndExit1(String line, String message) {
    assertThat(execute(line)).isEqualTo(1);
    assertOneLine(message.replace("@", directory.toString()));
  }

  @Test
  void execute_portInUse_isOneLineAndExit1() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      int port = taken.getLocalPort();
      assertThat(execute("serve --cgi-dir /x=@ --port " + port)).isEqualTo(1);
      assertOneLine("cannot listen on http://127.0.0.1:" + port + "/");
    }
  }

  @Test
  void execute_addressOfAnotherMachine_isOneLineAndExit1() {
    // RFC 5737: an address for documents.
    assertThat(execute("serve --cgi-dir /x=@ --port 0 --bind 192.0.2.1")).isEqualTo(1);
    assertOneLine("cannot listen on http://192.0.2.1:0/");
  }

  @Test
  void execute_foreignControlCharacters_forgeNoLine() {
    int code = PosternCommand.execute(print(out), print(err), "serve", "--port", "1\r\nx\u2028y");
    assertThat(code).isEqualTo(2);
    assertOneLine("--port must be from 0 to 65535: \"1  x y\"");
  }

  @Test
  void version_namesTheCommand() {
    assertThat(execute("--version")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("postern ").hasLineCount(1);
    assertThat(err.size()).isZero();
  }

  @Test
  void help_namesEveryWordAndOption() {
    assertThat(execute("--help")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("demo", "serve", "cgi", "fcgi", "scgi", "install", "--version", "--help");
    out.reset();
    assertThat(execute("serve --help")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("--port", "--bind", "--classpath", "--app", "--cgi", "--cgi-dir", "--fcgi")
        .contains("--scgi", "--env", "--timeout", "--max-processes", "--max-body")
        .contains("--pass-authorization", "--lint");
    assertThat(err.size()).isZero();
  }

  private int execute(String line) {
    List<String> words = new ArrayList<>();
    for (String word : line.split(" +")) {
      if (!word.isEmpty()) {
        words.add(word.replace("@", directory.toString()));
      }
    }
    return PosternCommand.execute(print(out), print(err), words.toArray(new String[0]));
  }

  private void assertOneLine(String message) {
    String text = err.toString(StandardCharsets.UTF_8);
    assertThat(text).startsWith("postern: " + message).endsWith("\n");
    assertThat(text.lines()).hasSize(1);
    assertThat(out.size()).isZero();
  }

  private static PrintStream print(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
