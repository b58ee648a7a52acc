package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import com.google.common.collect.Iterators;
import dev.postern.rewrite.Redirect;
import java.io.File;
import java.io.FileFilter;
import java.io.FilenameFilter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Relative file names and file locks, as in a process with a working directory of its own. */
@SuppressWarnings({"ReferenceEquality", "StreamResourceLeak"})
public final class FileShim {
  private static final long LOCK_MILLIS = 2;

  private FileShim() {}

  /** A file, resolved against the program's working directory. */
  public static @Nullable File resolved(@Nullable File file, Instance instance) {
    SystemShim.varies(instance);
    return file == null || file.isAbsolute()
        ? file
        : new File(instance.live().directory.toFile(), file.getPath());
  }

  /** A path, resolved against the program's working directory. */
  public static @Nullable Path resolved(@Nullable Path path, Instance instance) {
    SystemShim.varies(instance);
    return path == null || path.isAbsolute() || path.getFileSystem() != FileSystems.getDefault()
        ? path
        : instance.live().directory.resolve(path);
  }

  /** A file's name, resolved against the program's working directory. */
  public static @Nullable String resolved(@Nullable String name, Instance instance) {
    SystemShim.varies(instance);
    return name == null || new File(name).isAbsolute()
        ? name
        : new File(instance.live().directory.toFile(), name).getPath();
  }

  /** The pattern of a log file. A percent sign begins the name of another place, or a number. */
  public static @Nullable String pattern(@Nullable String pattern, Instance instance) {
    if (pattern == null || pattern.matches("(%[ht]|/).*") || new File(pattern).isAbsolute()) {
      return pattern;
    }
    return instance.live().directory.toString().replace("%", "%%") + "/" + pattern;
  }

  @Redirect(value = "java/io/File.deleteOnExit", kind = VIRTUAL)
  public static void deleteOnExit(File file, Instance instance) {
    Run run = instance.live();
    synchronized (run.deletes) {
      run.deletes.add(requireNonNull(resolved(file, instance)));
    }
  }

  @Redirect("java/io/File.createTempFile")
  public static File createTempFile(
      String prefix, @Nullable String suffix, @Nullable File directory, Instance instance)
      throws IOException {
    File there = resolved(directory, instance);
    File made = File.createTempFile(prefix, suffix, there);
    return there == directory ? made : new File(directory, made.getName());
  }

  // ---- listings: what they find begins with the path that the program gave ----

  @Redirect(value = "java/io/File.listFiles", kind = VIRTUAL)
  public static File @Nullable [] listFiles(File directory, Instance instance) {
    return found(directory, file -> true, instance);
  }

  @Redirect(value = "java/io/File.listFiles", kind = VIRTUAL)
  public static File @Nullable [] listFiles(
      File directory, @Nullable FileFilter filter, Instance instance) {
    return found(directory, file -> filter == null || filter.accept(file), instance);
  }

  @Redirect(value = "java/io/File.listFiles", kind = VIRTUAL)
  public static File @Nullable [] listFiles(
      File directory, @Nullable FilenameFilter filter, Instance instance) {
    return found(
        directory, file -> filter == null || filter.accept(directory, file.getName()), instance);
  }

  private static File @Nullable [] found(
      File directory, Predicate<File> filter, Instance instance) {
    String[] names = requireNonNull(resolved(directory, instance)).list();
    if (names == null) {
      return null;
    }
    List<File> files = new ArrayList<>();
    for (String name : names) {
      File file = new File(directory, name);
      if (filter.test(file)) {
        files.add(file);
      }
    }
    return files.toArray(new File[0]);
  }

  @Redirect("java/nio/file/Files.list")
  public static Stream<Path> list(Path directory, Instance instance) throws IOException {
    Path there = requireNonNull(resolved(directory, instance));
    return back(Files.list(there), there, directory, instance);
  }

  @Redirect("java/nio/file/Files.walk")
  public static Stream<Path> walk(Path start, FileVisitOption[] options, Instance instance)
      throws IOException {
    Path there = requireNonNull(resolved(start, instance));
    return back(Files.walk(there, options), there, start, instance);
  }

  @Redirect("java/nio/file/Files.walk")
  public static Stream<Path> walk(
      Path start, int depth, FileVisitOption[] options, Instance instance) throws IOException {
    Path there = requireNonNull(resolved(start, instance));
    return back(Files.walk(there, depth, options), there, start, instance);
  }

  @Redirect("java/nio/file/Files.find")
  public static Stream<Path> find(
      Path start,
      int depth,
      BiPredicate<Path, BasicFileAttributes> matcher,
      FileVisitOption[] options,
      Instance instance)
      throws IOException {
    Path there = requireNonNull(resolved(start, instance));
    return back(
        Files.find(there, depth, (p, a) -> matcher.test(back(p, there, start), a), options),
        there,
        start,
        instance);
  }

  @Redirect("java/nio/file/Files.newDirectoryStream")
  public static DirectoryStream<Path> newDirectoryStream(Path directory, Instance instance)
      throws IOException {
    Path there = requireNonNull(resolved(directory, instance));
    return back(Files.newDirectoryStream(there), there, directory, instance);
  }

  @Redirect("java/nio/file/Files.newDirectoryStream")
  public static DirectoryStream<Path> newDirectoryStream(
      Path directory, String glob, Instance instance) throws IOException {
    Path there = requireNonNull(resolved(directory, instance));
    return back(Files.newDirectoryStream(there, glob), there, directory, instance);
  }

  @Redirect("java/nio/file/Files.newDirectoryStream")
  public static DirectoryStream<Path> newDirectoryStream(
      Path directory, DirectoryStream.Filter<? super Path> filter, Instance instance)
      throws IOException {
    Path there = requireNonNull(resolved(directory, instance));
    DirectoryStream<Path> found =
        Files.newDirectoryStream(there, path -> filter.accept(back(path, there, directory)));
    return back(found, there, directory, instance);
  }

  private static DirectoryStream<Path> back(
      DirectoryStream<Path> found, Path there, Path directory, Instance instance) {
    SystemShim.opened(found, instance);
    if (there == directory) {
      return found;
    }
    Run run = instance.live();
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        return Iterators.transform(found.iterator(), path -> back(path, there, directory));
      }

      @Override
      public void close() throws IOException {
        run.closed(found);
        found.close();
      }
    };
  }

  @Redirect(value = "java/nio/file/DirectoryStream.close", kind = VIRTUAL)
  public static void close(DirectoryStream<?> stream, Instance instance) throws IOException {
    Run run = instance.run;
    if (run != null) {
      run.closed(stream);
    }
    stream.close();
  }

  @Redirect("java/nio/file/Files.walkFileTree")
  public static Path walkFileTree(Path start, FileVisitor<? super Path> visitor, Instance instance)
      throws IOException {
    return walkFileTree(start, Set.of(), Integer.MAX_VALUE, visitor, instance);
  }

  @Redirect("java/nio/file/Files.walkFileTree")
  public static Path walkFileTree(
      Path start,
      Set<FileVisitOption> options,
      int depth,
      FileVisitor<? super Path> visitor,
      Instance instance)
      throws IOException {
    Path there = requireNonNull(resolved(start, instance));
    Files.walkFileTree(there, options, depth, new Visitor(visitor, there, start));
    return start;
  }

  /** Shows a visitor each file by the path that begins as the program's own does. */
  private record Visitor(FileVisitor<? super Path> visitor, Path there, Path asked)
      implements FileVisitor<Path> {
    @Override
    public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
        throws IOException {
      return visitor.preVisitDirectory(back(path, there, asked), attributes);
    }

    @Override
    public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
      return visitor.visitFile(back(path, there, asked), attributes);
    }

    @Override
    public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
      return visitor.visitFileFailed(back(path, there, asked), e);
    }

    @Override
    public FileVisitResult postVisitDirectory(Path path, @Nullable IOException e)
        throws IOException {
      return visitor.postVisitDirectory(back(path, there, asked), e);
    }
  }

  /** What a method has returned for a path, in the form in which the program gave the path. */
  public static Path back(Path returned, Path asked, Instance instance) {
    Path there = requireNonNull(resolved(asked, instance));
    return there != asked && returned.startsWith(there) ? back(returned, there, asked) : returned;
  }

  private static Stream<Path> back(Stream<Path> found, Path there, Path asked, Instance instance) {
    SystemShim.opened(found, instance);
    Run run = instance.live();
    Stream<Path> closing = found.onClose(() -> run.closed(found));
    return there == asked ? closing : closing.map(path -> back(path, there, asked));
  }

  private static Path back(Path path, Path there, Path asked) {
    if (there == asked) {
      return path;
    }
    Path below = there.relativize(path);
    return below.toString().isEmpty() ? asked : asked.resolve(below);
  }

  // ---- locks: two processes wait for each other, but one JVM refuses the second lock ----

  @Redirect(value = "java/nio/channels/FileChannel.lock", kind = VIRTUAL)
  public static FileLock lock(FileChannel channel, Instance instance) throws IOException {
    return lock(channel, 0, Long.MAX_VALUE, false, instance);
  }

  @Redirect(value = "java/nio/channels/FileChannel.lock", kind = VIRTUAL)
  public static FileLock lock(
      FileChannel channel, long position, long size, boolean shared, Instance instance)
      throws IOException {
    while (true) {
      try {
        if (isListed(channel, shared, instance)) {
          return held(channel.lock(position, size, shared), instance);
        }
      } catch (OverlappingFileLockException e) {
        if (isOwn(channel, instance)) {
          throw e;
        }
      }
      pause(instance);
    }
  }

  @Redirect(value = "java/nio/channels/FileChannel.tryLock", kind = VIRTUAL)
  public static @Nullable FileLock tryLock(FileChannel channel, Instance instance)
      throws IOException {
    return tryLock(channel, 0, Long.MAX_VALUE, false, instance);
  }

  @Redirect(value = "java/nio/channels/FileChannel.tryLock", kind = VIRTUAL)
  public static @Nullable FileLock tryLock(
      FileChannel channel, long position, long size, boolean shared, Instance instance)
      throws IOException {
    try {
      FileLock lock =
          isListed(channel, shared, instance) ? channel.tryLock(position, size, shared) : null;
      return lock == null ? null : held(lock, instance);
    } catch (OverlappingFileLockException e) {
      if (isOwn(channel, instance)) {
        throw e;
      }
      return null;
    }
  }

  /**
   * Gives the channel an entry in the JVM's list of its file's locks that stays until the channel
   * is closed.
   *
   * <p>The JVM can forget a lock that is held ({@code FileLockTable.removeAll}, JDK 17 to 25): one
   * channel reads the list in order to remove it when it is empty. Meanwhile a second channel
   * removes this list, and a third one locks the file, which makes a new list. Then the first one
   * removes the new list. With this entry no list is empty while a channel of its file is open.
   *
   * <p>The entry is a lock of no bytes behind the last byte, so it overlaps with no other lock. It
   * is taken twice and released once. The release removes it from the system, where other processes
   * would see it, and leaves the first one in the JVM's list.
   *
   * @return false if another process holds a lock that reaches to the last byte
   */
  private static boolean isListed(FileChannel channel, boolean shared, Instance instance)
      throws IOException {
    Run run = instance.live();
    if (holds(run, channel, true)) {
      return true;
    }
    FileLock entry = channel.tryLock(Long.MAX_VALUE, 0, shared);
    if (entry == null) {
      return false;
    }
    FileLock released = channel.tryLock(Long.MAX_VALUE, 0, shared);
    if (released != null) {
      released.release();
    }
    hold(run, entry, true);
    return true;
  }

  /** Has the lock released when the program ends, as the system does for a process. */
  private static FileLock held(FileLock lock, Instance instance) {
    hold(instance.live(), lock, false);
    return lock;
  }

  private static void hold(Run run, FileLock lock, boolean isEntry) {
    run.open.removeIf(each -> each instanceof Held held && !held.lock.isValid());
    run.open.add(new Held(lock, isEntry));
  }

  private static boolean holds(Run run, FileChannel channel, boolean isEntry) {
    return run.open.stream()
        .anyMatch(
            each -> each instanceof Held held && held.isEntry == isEntry && held.isOf(channel));
  }

  private static boolean isOwn(FileChannel channel, Instance instance) {
    return holds(instance.live(), channel, false);
  }

  private static void pause(Instance instance) throws IOException {
    try {
      Thread.sleep(LOCK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      instance.live();
      throw new java.nio.channels.FileLockInterruptionException();
    }
    instance.live();
  }

  /** A lock, which is valid until it is released or its channel is closed. */
  private record Held(FileLock lock, boolean isEntry) implements java.io.Closeable {
    boolean isOf(FileChannel channel) {
      return lock.acquiredBy() == channel && lock.isValid();
    }

    /** The entry stays in the JVM's list until its channel is closed. */
    @Override
    public void close() throws IOException {
      if (!isEntry && lock.isValid()) {
        lock.release();
      }
    }
  }
}
