package dev.postern.warm;

import dev.postern.system.FileNames;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files that a process says it has loaded, each as it was then. Thread-safe. */
final class LoadedFiles {
  private static final Stamp NONE = new Stamp(null);

  private final Path directory;
  private final Map<Path, Stamp> files = new LinkedHashMap<>();

  /** Relative names are below the directory in which the process was started. */
  LoadedFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * Adds the files of a report {@code WORD FILE FILE…}. If one may have changed since that time,
   * the process may have loaded what it was before, so the file counts as changed.
   *
   * @return whether there is such a file
   */
  synchronized boolean add(String report, Instant since) {
    boolean changed = false;
    String[] words = report.split("\t", -1);
    for (int i = 1; i < words.length; i++) {
      String text = FileNames.ofBytes(words[i]);
      // A process without files to tell sends an empty name, which would be that of its directory.
      if (text != null && !text.isEmpty() && text.indexOf('\0') < 0) {
        Path file = directory.resolve(text);
        Stamp seen = Stamp.of(file);
        boolean late = !seen.equals(NONE) && seen.isChangedSince(since);
        files.putIfAbsent(file, late ? NONE : seen);
        changed |= late;
      }
    }
    return changed;
  }

  /** A file that is no longer what was loaded, or null. */
  synchronized @Nullable Path changed() {
    for (Map.Entry<Path, Stamp> file : files.entrySet()) {
      if (!Stamp.of(file.getKey()).equals(file.getValue())) {
        return file.getKey();
      }
    }
    return null;
  }
}
