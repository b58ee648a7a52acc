package dev.postern.system;

import dev.postern.process.ProcessName;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Control groups (version 2) below one that was delegated to this process, one for each run.
 * Whatever a program starts stays in the program's group. A write to {@code cgroup.kill} (Linux
 * 5.14) ends everything in a group. Thread-safe.
 */
public final class Cgroups {
  /** {@code postern-PID-START-NUMBER}, of a {@link ProcessName}. */
  public static final String PREFIX = "postern-";

  private static final long EMPTY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final AtomicLong COUNT = new AtomicLong();

  private final Path parent;

  /** File names and what is written to them. */
  private final Map<String, String> limits;

  private Cgroups(Path parent, Map<String, String> limits) {
    this.parent = parent;
    this.limits = limits;
  }

  /**
   * Tries a group once, and ends the groups that ended processes of ours have left there.
   *
   * @throws IllegalStateException when no groups can be made there, or they lack a limit
   */
  public static Cgroups of(Path parent, Map<String, String> limits) {
    Cgroups groups = new Cgroups(parent, limits);
    try {
      if (!Files.exists(parent.resolve("cgroup.controllers"))) {
        throw new IOException("no cgroup.controllers");
      }
      Path trial = groups.create();
      boolean kills = Files.exists(trial.resolve("cgroup.kill"));
      Files.delete(trial);
      if (!kills) {
        throw new IOException("no cgroup.kill");
      }
      groups.sweep();
      return groups;
    } catch (IOException e) {
      throw new IllegalStateException(
          "control group must be delegated to us: " + parent + ", " + e.getMessage() + " [cgroup]",
          e);
    }
  }

  /** A new group with its limits. */
  public Path create() throws IOException {
    Path group = createDirectory();
    try {
      for (Map.Entry<String, String> limit : limits.entrySet()) {
        Path file = group.resolve(limit.getKey());
        if (!Files.exists(file)) {
          throw new IOException("no " + limit.getKey());
        }
        Files.writeString(file, limit.getValue());
      }
      return group;
    } catch (IOException e) {
      Files.delete(group);
      throw e;
    }
  }

  private Path createDirectory() throws IOException {
    while (true) {
      try {
        return Files.createDirectory(
            parent.resolve(PREFIX + ProcessName.current() + "-" + COUNT.incrementAndGet()));
      } catch (FileAlreadyExistsException e) {
        // Another class loader of this process has loaded this class too, and has made this group.
      }
    }
  }

  /**
   * The words in front of a command that runs in a group: a shell joins the group, and becomes the
   * program.
   */
  public static List<String> enter(Path group) {
    return List.of(
        Helpers.find("sh"),
        "-c",
        "echo $$ >\"$0\" && exec \"$@\"",
        group.resolve("cgroup.procs").toString());
  }

  /** Ends everything in the group, and removes the group. */
  public static void end(Path group) throws IOException {
    long start = System.nanoTime();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          Files.writeString(group.resolve("cgroup.kill"), "1");
          remove(group);
          return;
        } catch (IOException e) {
          // The kernel has not yet removed the last process, or there is no free descriptor now.
          if (System.nanoTime() - start > EMPTY_NANOS) {
            throw e;
          }
        }
        try {
          Thread.sleep(2);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Removes a group, with the groups that a program has made in it. */
  private static void remove(Path group) throws IOException {
    try (DirectoryStream<Path> inner = Files.newDirectoryStream(group, Files::isDirectory)) {
      for (Path path : inner) {
        remove(path);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    } catch (NoSuchFileException e) {
      // The group was removed already.
    }
    Files.deleteIfExists(group);
  }

  /** Ends the groups that a killed process of ours has left, with the programs in them. */
  private void sweep() throws IOException {
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path group : groups) {
        if (ProcessName.isLeftover(group, PREFIX)) {
          try {
            end(group);
          } catch (NoSuchFileException e) {
            // Another server that has just started was faster.
          }
        }
      }
    }
  }
}
