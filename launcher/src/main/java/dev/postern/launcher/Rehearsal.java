package dev.postern.launcher;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Serves a few requests to itself, and ends. The JVM that makes the command's class-data archive
 * runs this. The archive then has the classes that were loaded here, so the command need not read
 * them from the jars when it starts.
 */
final class Rehearsal {
  private static final int REQUESTS = 20;

  private Rehearsal() {}

  /** Runs the rehearsal and ends the JVM, with 0 if each request was answered. */
  public static void main(String[] args) throws IOException {
    Path directory = Files.createTempDirectory("postern-rehearsal");
    Path program = directory.resolve("hello");
    Files.writeString(program, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nHello\\n'\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(program, directory)));
    String mount = "/hello=" + program;
    System.exit(
        PosternCommand.execute(
            new Watched(new ByteArrayOutputStream()),
            System.err,
            "serve",
            "--port",
            "0",
            "--cgi",
            mount));
  }

  /** The command's standard output. When the command prints its port, the requests begin. */
  private static final class Watched extends PrintStream {
    private final ByteArrayOutputStream bytes;
    private boolean asked;

    Watched(ByteArrayOutputStream bytes) {
      super(bytes, true, StandardCharsets.UTF_8);
      this.bytes = bytes;
    }

    @Override
    public void flush() {
      super.flush();
      String said = bytes.toString(StandardCharsets.UTF_8);
      int colon = said.lastIndexOf(':');
      if (!asked && said.endsWith("/\n") && colon > 0) {
        asked = true;
        int port = Integer.parseInt(said.substring(colon + 1, said.length() - 2));
        new Thread(() -> System.exit(ask(port)), "postern-rehearsal").start();
      }
    }
  }

  private static int ask(int port) {
    try {
      for (int i = 0; i < REQUESTS; i++) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          String request = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
          socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
          byte[] answer = socket.getInputStream().readAllBytes();
          if (!new String(answer, StandardCharsets.ISO_8859_1).startsWith("HTTP/1.1 200 ")) {
            return 1;
          }
        }
      }
      return 0;
    } catch (IOException e) {
      return 1;
    }
  }

  private static void delete(Path program, Path directory) {
    try {
      Files.deleteIfExists(program);
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      // The files lie in the system's temporary directory, so they may stay.
    }
  }
}
