package dev.postern.gateway;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Set;

/**
 * Makes files for bytes that do not fit into memory. Only our user can read them. On systems like
 * Unix the JDK removes the name as soon as the file is open, so that nothing is left of it whatever
 * ends this process. A kill in between leaves an empty file, whose name says which process made it:
 * a host of programs sweeps those of processes that have ended when it starts.
 */
public final class UnnamedFile {
  /** How all names begin. */
  public static final String PREFIX = "postern-spool-";

  private UnnamedFile() {}

  /**
   * One of a process whose start only its pid tells; without reading what the kernel says of it.
   */
  static FileChannel open() throws IOException {
    return open(
        Path.of(System.getProperty("java.io.tmpdir", "/tmp")),
        ProcessHandle.current().pid() + "-0");
  }

  /**
   * Opens one for reading and writing. Closing it frees its room.
   *
   * @param process {@code PID-START}, with a start of 0 where it is not known
   */
  public static FileChannel open(Path directory, String process) throws IOException {
    long random = new SecureRandom().nextLong();
    FileAttribute<?>[] owner =
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    return FileChannel.open(
        directory.resolve(PREFIX + process + "-" + Long.toHexString(random)),
        Set.of(
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE),
        owner);
  }
}
