package dev.postern.launcher.recording;

import dev.postern.cgi.CgiRun;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** Keeps the runs that failed, each in a file of a directory. Thread-safe. */
public final class Recorder {
  /** The most files that are kept. A new file takes the place of the oldest. */
  static final int FILES = 1000;

  private static final String SUFFIX = ".run.yaml";

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** Rules for which the program is not at fault: a client left, or the server stops. */
  private static final Set<String> OF_OTHERS = Set.of("cancelled", "interrupted", "aborted");

  private static final Set<String> FINE = Set.of("", "exit 0", "running");

  private final Path directory;
  private final AtomicLong number = new AtomicLong();

  private Recorder(Path directory) {
    this.directory = directory;
  }

  /**
   * Returns a recorder that writes into a directory. If the directory is missing, it is made for
   * its owner alone.
   *
   * @throws LauncherException when the directory cannot be made or written to
   */
  public static Recorder of(String option, String text) {
    Path directory = Values.path(option, text).toAbsolutePath().normalize();
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectory(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw Values.noDirectory(option, text);
    }
    if (!Files.isWritable(directory)) {
      throw LauncherException.badArgument(
          "DIR of " + option + " must be writable: \"" + text + "\"");
    }
    return new Recorder(directory);
  }

  /** Returns whether the program itself has failed. */
  static boolean hasFailed(CgiRun run) {
    return !OF_OTHERS.contains(run.rule()) && (!run.rule().isEmpty() || !FINE.contains(run.exit()));
  }

  /**
   * Keeps a run if it has failed. Called on the thread of the run.
   *
   * @param server the server that answered, as a {@link Recording} has it; "" for a program
   */
  public void record(CgiRun run, String server) {
    Instant now = Instant.now();
    Recording recording = hasFailed(run) ? Recording.of(run, server, now) : null;
    if (recording == null) {
      return;
    }
    String name =
        TIME.format(now)
            + "-"
            + number.incrementAndGet()
            + "-"
            + String.valueOf(run.program().getFileName()).replaceAll("[^A-Za-z0-9._-]", "_");
    try {
      makeRoom();
      RecordingFile.write(directory.resolve(name + SUFFIX), recording);
    } catch (IOException e) {
      System.getLogger("dev.postern.launcher")
          .log(System.Logger.Level.WARNING, "a failed run could not be kept: " + e);
    }
  }

  /**
   * Deletes the oldest files if there are too many. Names begin with the time, so they sort by age.
   */
  private synchronized void makeRoom() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    }
    for (int i = 0; i <= files.size() - FILES; i++) {
      Files.deleteIfExists(files.get(i));
    }
  }
}
