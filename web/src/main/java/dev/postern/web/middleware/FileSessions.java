package dev.postern.web.middleware;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@link SessionStore#inFiles}: a file for each session. Its name is a hash of the id, so that
 * whoever can list the directory learns no id, and no id leads to another file. A file is written
 * under another name and then moved into its place, so that a reader sees a whole file.
 * Thread-safe.
 */
final class FileSessions implements SessionStore {
  private static final Duration SWEEP_EVERY = Duration.ofHours(1);

  /**
   * A file whose time is that of the last sweep. Its lock is for {@link #replace}. Whoever locks
   * first makes the file, so the first sweep of a new directory may come an hour later.
   */
  private static final String SWEPT = ".swept";

  private static final String NEW = ".new-";

  /** The name of a session's file, which is a hash: see {@link #file}. */
  private static final Pattern SESSION = Pattern.compile("[0-9a-f]{64}");

  private static final long LOCK_NANOS = 100_000;

  /**
   * A monitor for each real directory. The system has one lock of a file for a whole process, and
   * ends it when the process closes any channel of the file. So only one thread at a time may have
   * such a channel.
   */
  private static final Map<Path, Object> MONITORS = new ConcurrentHashMap<>();

  private final Path directory;
  private final Clock clock;
  private final Object monitor;

  private FileSessions(Path directory, Clock clock) throws IOException {
    this.directory = directory;
    this.clock = clock;
    this.monitor = MONITORS.computeIfAbsent(directory.toRealPath(), real -> new Object());
  }

  static FileSessions of(Path directory, Clock clock) throws IOException {
    if (!Files.isDirectory(directory)) {
      if (Files.exists(directory)) {
        throw new NotDirectoryException(directory.toString());
      }
      Path parent = directory.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createDirectory(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectory(directory);
      }
    }
    return new FileSessions(directory, clock);
  }

  private Path file(String id) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
      return directory.resolve(HexFormat.of().formatHex(hash));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public @Nullable Stored load(String id) throws IOException {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file(id));
    } catch (NoSuchFileException e) {
      return null;
    }
    Stored session = SessionBytes.read(bytes);
    return session == null || !session.expires().isAfter(clock.instant()) ? null : session;
  }

  @Override
  public void save(String id, Stored session) throws IOException {
    // The JDK makes temporary files that only this user may read.
    Path written = Files.createTempFile(directory, NEW, null);
    try {
      Files.write(written, SessionBytes.write(session));
      Files.setLastModifiedTime(written, FileTime.from(session.expires()));
      Files.move(written, file(id), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(written);
      throw e;
    }
    sweep();
  }

  @Override
  public boolean replace(String id, Stored session) throws IOException {
    synchronized (monitor) {
      FileLock lock = lock();
      try {
        return SessionStore.super.replace(id, session);
      } finally {
        lock.acquiredBy().close();
      }
    }
  }

  @Override
  public void delete(String id) throws IOException {
    synchronized (monitor) {
      FileLock lock = lock();
      try {
        Files.deleteIfExists(file(id));
      } finally {
        lock.acquiredBy().close();
      }
    }
  }

  /**
   * Keeps a logout in another process out of the two steps of {@link #replace}. Waits until the
   * lock is free. The close of its channel ends it.
   */
  private FileLock lock() throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(SWEPT), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      while (true) {
        try {
          return channel.lock();
        } catch (OverlappingFileLockException e) {
          // Another class loader of this process has this class, too, and one of its objects has
          // the lock. A channel cannot wait for that.
          LockSupport.parkNanos(LOCK_NANOS);
        }
      }
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Deletes expired sessions, and no file that cannot be one. A file's time of change is the time
   * when its session expires, so no file has to be read.
   */
  private void sweep() {
    Instant now = clock.instant();
    try {
      if (!begin(now)) {
        return;
      }
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          sweepOne(file, now);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // The session is saved. A later sweep deletes what is left.
    }
  }

  /** Whether it is time for a sweep. The next one is an hour later, even if this one fails. */
  private boolean begin(Instant now) throws IOException {
    Path swept = directory.resolve(SWEPT);
    try {
      if (Files.getLastModifiedTime(swept).toInstant().plus(SWEEP_EVERY).isAfter(now)) {
        return false;
      }
    } catch (NoSuchFileException e) {
      Files.write(swept, new byte[0]);
    }
    Files.setLastModifiedTime(swept, FileTime.from(now));
    return true;
  }

  private static void sweepOne(Path file, Instant now) {
    String name = String.valueOf(file.getFileName());
    boolean unfinished = name.startsWith(NEW);
    if (!unfinished && !SESSION.matcher(name).matches()) {
      return;
    }
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      Instant end = attributes.lastModifiedTime().toInstant();
      // If a process was killed while it wrote a file, that file has the time of the write.
      Instant until = unfinished ? end.plus(SWEEP_EVERY) : end;
      if (attributes.isRegularFile() && !until.isAfter(now)) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // Another process sweeps at the same time, or the file is not ours to delete.
    }
  }

  @Override
  public String toString() {
    return "SessionStore.inFiles(" + directory + ")";
  }
}
