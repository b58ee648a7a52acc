package dev.postern.testing;

import static java.util.Objects.requireNonNull;

import dev.postern.Headers;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Plays the web server for a CGI executable. It starts a process for each request, gives it an
 * environment that is exact to the byte, and takes the output to the letter (RFC 3875 6). Needs
 * {@code sh} and {@code env}.
 *
 * <p>There is no HTTP, so there are neither chunks nor 100 Continue. Only a Content-Length can show
 * that a response was cut.
 *
 * <p>If a program is silent for too long while the client reads, the client kills it, and its
 * children, and throws an {@link InterruptedIOException}. Closing the client kills the programs
 * that still run.
 *
 * <p>Thread-safe.
 */
public final class CgiProcessClient implements GatewayClient {
  private static final Duration SILENCE = Duration.ofSeconds(5);

  private final List<String> command;
  private final Path directory;
  private final Path log;
  private final Duration silence;
  private final ScheduledExecutorService watch;
  private final Set<ProcessHandle> running;

  private CgiProcessClient(
      List<String> command,
      Path directory,
      Path log,
      Duration silence,
      ScheduledExecutorService watch,
      Set<ProcessHandle> running) {
    if (silence.isNegative() || silence.isZero()) {
      throw new IllegalArgumentException("silence must be positive: " + silence);
    }
    this.command = command;
    this.directory = directory;
    this.log = log;
    this.silence = silence;
    this.watch = watch;
    this.running = running;
  }

  /**
   * Returns a client of the executable that this command starts.
   *
   * @param directory for scripts and the log; it is not removed
   */
  public static CgiProcessClient of(List<String> command, Path directory) throws IOException {
    return new CgiProcessClient(
        List.copyOf(command),
        requireNonNull(directory, "directory"),
        Files.createTempFile(directory, "stderr", ".log"),
        SILENCE,
        Executors.newSingleThreadScheduledExecutor(CgiProcessClient::daemon),
        ConcurrentHashMap.newKeySet());
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "silent programs");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Returns this client, which waits so long for each next byte of a program. The default is 5 s.
   */
  @Override
  public CgiProcessClient waiting(Duration newSilence) {
    return new CgiProcessClient(command, directory, log, newSilence, watch, running);
  }

  /** Kills the programs that still run, and their children. */
  @Override
  public void close() {
    watch.shutdownNow();
    running.forEach(CgiProcessClient::kill);
  }

  private static void kill(ProcessHandle program) {
    program.descendants().forEach(ProcessHandle::destroyForcibly);
    program.destroyForcibly();
  }

  @Override
  public String log() throws IOException {
    return Files.readString(log, StandardCharsets.ISO_8859_1);
  }

  @Override
  public TestResponse send(TestRequest request) throws IOException {
    try (CgiConversation talk = connect(request)) {
      byte[] body = request.body();
      Thread writer = new Thread(() -> talk.send(body), "request body");
      writer.setDaemon(true);
      writer.start();
      return talk.finish();
    }
  }

  @Override
  public Conversation open(TestRequest request) throws IOException {
    return connect(request);
  }

  private CgiConversation connect(TestRequest request) throws IOException {
    Path script = Files.createTempFile(directory, "request", ".sh");
    StringBuilder text = new StringBuilder("exec env -i PATH=/usr/bin:/bin");
    variables(request)
        .forEach((name, value) -> text.append(' ').append(quoted(name + "=" + value)));
    command.forEach(word -> text.append(' ').append(quoted(word)));
    Files.writeString(script, text + "\n", StandardCharsets.ISO_8859_1);
    Process process =
        new ProcessBuilder("/bin/sh", script.toString())
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    ProcessHandle program = process.toHandle();
    running.removeIf(each -> !each.isAlive());
    running.add(program);
    InputStream out = new BufferedInputStream(new Watched(process.getInputStream(), program));
    return new CgiConversation(process, out, script, request.method().equals("HEAD"));
  }

  private static Map<String, String> variables(TestRequest request) {
    Map<String, String> variables = RequestVariables.of(request, "/cgi-bin/app", "http");
    String proxy = request.headers().get("Proxy");
    if (proxy != null) {
      // Servers that do not know of CVE-2016-5385 do this.
      variables.put("HTTP_PROXY", proxy);
    }
    return variables;
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** The output of a program that is killed if it is silent. */
  private final class Watched extends FilterInputStream {
    private final ProcessHandle program;

    Watched(InputStream out, ProcessHandle program) {
      super(out);
      this.program = program;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      Future<?> killing =
          watch.schedule(() -> kill(program), silence.toNanos(), TimeUnit.NANOSECONDS);
      int n = super.read(bytes, offset, length);
      if (!killing.cancel(false)) {
        throw new InterruptedIOException("program was silent for " + silence);
      }
      return n;
    }
  }

  private static final class CgiConversation implements Conversation {
    private final Process process;
    private final Path script;
    private final InputStream out;
    private final boolean head;
    private int status;
    private Headers headers = Headers.of();
    private boolean headRead;
    private long count;

    CgiConversation(Process process, InputStream out, Path script, boolean head) {
      this.process = process;
      this.script = script;
      this.out = out;
      this.head = head;
    }

    /** Sends the body. The process need not read all of it. */
    void send(byte @Nullable [] body) {
      try {
        if (body != null) {
          write(body);
        }
        endRequest();
      } catch (IOException e) {
        // The test looks at the answer.
      }
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      OutputStream in = process.getOutputStream();
      in.write(bytes);
      in.flush();
    }

    @Override
    public void endRequest() throws IOException {
      process.getOutputStream().close();
    }

    @Override
    public int status() throws IOException {
      readHead();
      return status;
    }

    @Override
    public byte[] read(int most) throws IOException {
      readHead();
      byte[] bytes = out.readNBytes(most);
      count += bytes.length;
      if (bytes.length < most) {
        throw new EOFException("output ended after " + bytes.length + " of " + most + " bytes");
      }
      return bytes;
    }

    @Override
    public TestResponse finish() throws IOException {
      boolean ended = readHead();
      byte[] rest = out.readAllBytes();
      count += rest.length;
      String length = headers.get("Content-Length");
      boolean bodiless = count == 0 && (head || status == 304);
      boolean whole =
          length == null
              || bodiless
              || count == HttpResponseReader.number(length, 10, "Content-Length");
      return TestResponse.of(status, headers, rest, ended && whole);
    }

    /** Reads the head. Returns false if the output ended before the blank line. */
    private boolean readHead() throws IOException {
      if (headRead) {
        return status != 0;
      }
      headRead = true;
      List<String> fields = new ArrayList<>();
      String line = readLine();
      while (line != null && !line.isEmpty()) {
        int colon = line.indexOf(':');
        if (colon < 1) {
          throw new IOException("header must have a name and a colon: " + line);
        }
        fields.add(line.substring(0, colon));
        fields.add(line.substring(colon + 1));
        line = readLine();
      }
      if (line == null) {
        return false;
      }
      headers = Headers.of(fields.toArray(new String[0]));
      String said = headers.get("Status");
      if (said != null && !said.matches("[1-9][0-9][0-9]( .*)?")) {
        throw new IOException("Status must begin with three digits: " + said);
      }
      status = said == null ? 200 : Integer.parseInt(said.substring(0, 3));
      headers = headers.without("Status");
      return true;
    }

    /** Reads a line up to {@code NL = LF | CR LF} (RFC 3875 7.2); null where the output ends. */
    private @Nullable String readLine() throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b = out.read(); b != '\n'; b = out.read()) {
        if (b < 0) {
          return null;
        }
        line.write(b);
      }
      String text = line.toString(StandardCharsets.ISO_8859_1);
      return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** Closes the pipes, so that a process that still writes finds that nobody reads. */
    @Override
    public void close() throws IOException {
      out.close();
      try {
        process.getOutputStream().close();
      } catch (IOException e) {
        // The process is gone.
      }
      Files.deleteIfExists(script);
    }
  }
}
