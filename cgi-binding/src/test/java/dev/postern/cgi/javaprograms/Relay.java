package dev.postern.cgi.javaprograms;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;

/** Runs another program, hands on all that it reads and writes, and ends as that did. */
public final class Relay {
  private static final long LEFT_MILLIS = 1_000;

  private Relay() {}

  public static void main(String[] args) throws Exception {
    Process process = new ProcessBuilder(args).start();
    Thread in =
        new Thread(
            () -> {
              try {
                copy(System.in, process.getOutputStream());
                process.getOutputStream().close();
              } catch (IOException e) {
                // A body that cannot be read has no end, or the program reads no more.
              }
            });
    in.setDaemon(true);
    in.start();
    Thread err = new Thread(() -> copyAll(process.getErrorStream(), System.err));
    err.start();
    Thread out =
        new Thread(
            () -> {
              copyAll(process.getInputStream(), System.out);
              System.out.close();
            });
    out.start();
    int status = process.waitFor();
    // What the program has left behind may hold its output for ever.
    out.join(LEFT_MILLIS);
    err.join(LEFT_MILLIS);
    System.exit(status);
  }

  private static void copyAll(InputStream from, PrintStream to) {
    try {
      copy(from, to);
    } catch (IOException e) {
      e.printStackTrace();
    }
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] block = new byte[8192];
    for (int read = from.read(block); read >= 0; read = from.read(block)) {
      to.write(block, 0, read);
      to.flush();
    }
  }
}
