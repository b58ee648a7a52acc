package dev.postern.gateway;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.StringTokenizer;

/**
 * The descriptors 0, 1 and 2 that a server gave to this process, if it gave them. A server may
 * start a program with one of them closed. Then the next file that the JVM opens takes its number.
 * For example the JDK's {@code lib/modules} becomes standard input, and a request with a
 * CONTENT_LENGTH would read its body from there. A CGI executable runs this code at each start.
 */
public final class StandardStreams {
  private static final String DESCRIPTORS = "/proc/self/fd";

  private StandardStreams() {}

  /** Standard input; an empty stream if it was closed, so that a body is too short. */
  public static InputStream input() {
    return isOpen(0) ? new FileInputStream(FileDescriptor.in) : InputStream.nullInputStream();
  }

  /** Standard output; a stream that refuses all bytes if it was closed. */
  public static OutputStream output() {
    return new FileOutputStream(isOpen(1) ? FileDescriptor.out : new FileDescriptor());
  }

  /**
   * If standard error was closed, replaces {@code System.err} by a stream that drops everything. A
   * {@code main} calls this before anything else can write there.
   */
  public static void dropErrorsWithoutAFile() {
    if (!isOpen(2)) {
      System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    }
  }

  /**
   * Whether the descriptor is open and not one of the JVM's own files; true if the kernel does not
   * tell.
   */
  private static boolean isOpen(int descriptor) {
    File link = new File(DESCRIPTORS, Integer.toString(descriptor));
    if (!link.exists()) {
      return !new File(DESCRIPTORS).exists();
    }
    // A pipe or a socket is no regular file, so it is no file of the JVM's either.
    return !link.isFile() || !isOfTheJvm(link);
  }

  /**
   * Whether the file is of the JVM's own image or class path. A JVM that has just started has only
   * such files open.
   */
  private static boolean isOfTheJvm(File link) {
    try {
      String file = link.getCanonicalPath();
      String home = new File(System.getProperty("java.home")).getCanonicalPath();
      if (file.startsWith(home.concat(File.separator))) {
        return true;
      }
      StringTokenizer classPath =
          new StringTokenizer(System.getProperty("java.class.path", ""), File.pathSeparator);
      while (classPath.hasMoreTokens()) {
        if (new File(classPath.nextToken()).getCanonicalPath().equals(file)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      // The file has no name, so the JVM cannot have opened it by its name.
      return false;
    }
  }
}
