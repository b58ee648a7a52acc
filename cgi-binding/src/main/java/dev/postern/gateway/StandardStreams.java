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
 * The descriptors 0, 1 and 2 that a server gave to this process, if it gave them. Where a server
 * starts a program with one of them closed, the JVM's next file takes its number: the JDK's {@code
 * lib/modules} is standard input then, and a request with a CONTENT_LENGTH would read its body from
 * there. On a CGI executable's start path.
 */
public final class StandardStreams {
  private static final String DESCRIPTORS = "/proc/self/fd";

  private StandardStreams() {}

  /** Standard input; an empty one where it was closed, so that a body is too short. */
  public static InputStream input() {
    return isOpen(0) ? new FileInputStream(FileDescriptor.in) : InputStream.nullInputStream();
  }

  /** Standard output; one that refuses all bytes where it was closed. */
  public static OutputStream output() {
    return new FileOutputStream(isOpen(1) ? FileDescriptor.out : new FileDescriptor());
  }

  /**
   * Makes {@code System.err} one that drops everything where standard error was closed. Called by a
   * {@code main} before anything else can write there.
   */
  public static void dropErrorsWithoutAFile() {
    if (!isOpen(2)) {
      System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    }
  }

  /** Whether it is open and none of the JVM's own files; true where the kernel does not tell. */
  private static boolean isOpen(int descriptor) {
    File link = new File(DESCRIPTORS, Integer.toString(descriptor));
    if (!link.exists()) {
      return !new File(DESCRIPTORS).exists();
    }
    // A pipe or a socket is no regular file, and no file of the JVM's.
    return !link.isFile() || !isOfTheJvm(link);
  }

  /** A JVM that has just started has files open of its own image and of its class path. */
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
      // It has no name, and so is no file that the JVM found by its name.
      return false;
    }
  }
}
