package dev.postern.testing;

import dev.postern.Application;
import dev.postern.Lint;
import dev.postern.LintException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/**
 * One thing that an application must do with a program.
 *
 * @param id of the rule in SPEC.md
 * @param must the rest of a sentence about the application; with the id, unique
 * @param silence how long the program may be silent
 */
record ProgramCase(String id, String must, Program program, Duration silence, Check check) {

  /** Long enough for a program on a busy machine. */
  private static final Duration LONG = Duration.ofSeconds(30);

  /** For programs that are silent for ever. */
  private static final Duration SHORT = Duration.ofSeconds(1);

  @FunctionalInterface
  interface Program {
    Path install(Path directory) throws IOException;
  }

  @FunctionalInterface
  interface Check {
    void run(Trial trial) throws Exception;
  }

  static List<ProgramCase> all() {
    return Stream.of(RefusedProgramCases.all(), ServedProgramCases.all(), EndedProgramCases.all())
        .flatMap(List::stream)
        .toList();
  }

  /** Makes a case with one of {@link FixturePrograms}. */
  static ProgramCase of(String id, String must, String program, Check check) {
    return new ProgramCase(
        id, must, directory -> FixturePrograms.install(directory, program), LONG, check);
  }

  /** Makes a case with a program that prints these bytes. */
  static ProgramCase printing(String id, String must, String bytes, Check check) {
    return new ProgramCase(
        id, must, directory -> FixturePrograms.printing(directory, "prints", bytes), LONG, check);
  }

  ProgramCase soon() {
    return new ProgramCase(id, must, program, SHORT, check);
  }

  String name() {
    return id + " must " + must;
  }

  /** The application with one program, under Lint. */
  static final class Trial {
    private final List<LintException> reports = new CopyOnWriteArrayList<>();
    private final Application application;
    private final Path directory;
    private final Duration patience;

    Trial(Application application, Path directory, Duration patience) {
      this.application = Lint.reporting(reports::add).wrap(application);
      this.directory = directory;
      this.patience = patience;
    }

    TestResponse get(String target) throws IOException {
      return send(TestRequest.get(target));
    }

    /** Returns the response. Fails if the application broke a rule while it made the response. */
    TestResponse send(TestRequest request) throws IOException {
      try (GatewayClient client = client()) {
        TestResponse response = client.send(request);
        checkLint();
        return response;
      }
    }

    GatewayClient client() {
      return InMemoryGateway.builder(application).unlinted().build().client();
    }

    /**
     * Checks what Lint found. A program may write more or fewer bytes than its Content-Length says,
     * so A10 may be broken. The breach of any other rule is the application's fault.
     */
    void checkLint() {
      for (LintException report : reports) {
        for (LintException.Violation violation : report.violations()) {
          if (!violation.rule().equals("A10")) {
            throw new AssertionError("Lint found: " + violation);
          }
        }
      }
    }

    /** Returns the directory where the program may write. */
    Path directory() {
      return directory;
    }

    /** Returns a target whose query tells a program where to note the numbers of its processes. */
    String notingPid() {
      return "/?" + directory.resolve("program");
    }

    void awaitEnd(String pid) {
      Witness.await(() -> !isRunning(pid), patience, "the end of program " + pid);
    }

    /** Kills what still runs of the processes that programs noted in this directory. */
    static void killNoted(Path directory) throws IOException {
      for (String pid : noted(directory)) {
        // In a namespace the number would be that of another process.
        if (read(pid, "environ").contains(directory.toString())) {
          ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
        }
      }
    }

    private static List<String> noted(Path directory) throws IOException {
      List<String> all = new ArrayList<>();
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.pid")) {
        for (Path file : files) {
          all.addAll(List.of(Files.readString(file).trim().split(" ")));
        }
      }
      return all;
    }

    /**
     * Returns whether a process runs. False if it is gone, or waits for its parent to look at its
     * exit.
     */
    private static boolean isRunning(String pid) {
      String stat = read(pid, "stat");
      char state = stat.isEmpty() ? 'X' : stat.charAt(stat.lastIndexOf(')') + 2);
      return state != 'Z' && state != 'X';
    }

    /** Returns a file of {@code /proc/PID}, "" if the process is gone or another user's. */
    private static String read(String pid, String file) {
      try {
        return Files.readString(Path.of("/proc", pid, file), StandardCharsets.ISO_8859_1);
      } catch (IOException e) {
        return "";
      }
    }
  }
}
