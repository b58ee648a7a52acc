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
 * Unix the JDK removes the name as soon as the file is open, so nothing is left of the file,
 * however this process ends. If the process is killed in between, an empty file stays. Its name
 * says which process made it. When a host of programs starts, it removes such files of processes
 * that have ended.
 */
public final class UnnamedFile {
  /** The beginning of all names. */
  public static final String PREFIX = "postern-spool-";

  private UnnamedFile() {}

  /**
   * Opens a file for this process, named by its pid with a start of 0. It does not read the start
   * of the process from the kernel.
   */
  static FileChannel open() throws IOException {
    return open(
        Path.of(System.getProperty("java.io.tmpdir", "/tmp")),
        ProcessHandle.current().pid() + "-0");
  }

  /**
   * Opens a file for reading and writing. Closing it frees its room.
   *
   * @param process {@code PID-START}, with a start of 0 if it is not known
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
