package dev.postern.benchmarks;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;

/** The programs and the repository that all servers serve. */
final class Fixtures {
  /** Bytes that {@code out} sends. */
  static final long OUT_BYTES = 100_000_000;

  /** Bytes that a client sends to {@code echo}. */
  static final int ECHO_BYTES = 10_000_000;

  /** Each commit makes five objects: itself, two trees and two files. */
  private static final int COMMITS = 2_000;

  private static final String C_HELLO =
      """
      #include <unistd.h>
      static const char out[] = "Content-Type: text/plain\\r\\n\\r\\nHello\\n";
      int main(void) { return write(1, out, sizeof out - 1) < 0; }
      """;

  private static final String C_OUT =
      """
      #include <string.h>
      #include <unistd.h>
      static char block[65536];
      int main(void) {
        static const char head[] = "Content-Type: application/octet-stream\\r\\n\\r\\n";
        long left = 100000000;
        if (write(1, head, sizeof head - 1) < 0) return 1;
        memset(block, 'x', sizeof block);
        while (left > 0) {
          long n = write(1, block, left < (long) sizeof block ? left : sizeof block);
          if (n < 0) return 1;
          left -= n;
        }
        return 0;
      }
      """;

  private static final String C_ECHO =
      """
      #include <unistd.h>
      static char block[65536];
      int main(void) {
        static const char head[] = "Content-Type: application/octet-stream\\r\\n\\r\\n";
        long n;
        if (write(1, head, sizeof head - 1) < 0) return 1;
        while ((n = read(0, block, sizeof block)) > 0) {
          for (long at = 0; at < n; ) {
            long m = write(1, block + at, n - at);
            if (m < 0) return 1;
            at += m;
          }
        }
        return n < 0;
      }
      """;

  /**
   * Reads the whole body before it answers, unlike {@link #C_ECHO}. Some hosts send all of a
   * request before they read a response.
   */
  private static final String C_TURN =
      """
      #include <stdlib.h>
      #include <unistd.h>
      int main(void) {
        static const char head[] = "Content-Type: application/octet-stream\\r\\n\\r\\n";
        const char *told = getenv("CONTENT_LENGTH");
        long length = told ? atol(told) : 0, n = 1, m;
        char *body = malloc(length + 1);
        if (!body) return 1;
        for (long at = 0; at < length && n > 0; at += n)
          if ((n = read(0, body + at, length - at)) <= 0) return 1;
        if (write(1, head, sizeof head - 1) < 0) return 1;
        for (long at = 0; at < length; at += m)
          if ((m = write(1, body + at, length - at)) < 0) return 1;
        return 0;
      }
      """;

  private final Path root;

  private Fixtures(Path root) {
    this.root = root;
  }

  /** Writes the programs, the repository, and the body that a client sends. */
  static Fixtures write(Path root, Tools tools, Progress progress)
      throws IOException, InterruptedException {
    Fixtures fixtures = programs(root, tools);
    if (tools.has("git")) {
      progress.line("making a repository of " + 5 * COMMITS + " objects");
      fixtures.repository(tools);
    }
    byte[] body = new byte[ECHO_BYTES];
    new Random(1).nextBytes(body);
    Files.write(fixtures.body(), body);
    return fixtures;
  }

  /** Writes the programs only. */
  static Fixtures programs(Path root, Tools tools) throws IOException, InterruptedException {
    Fixtures fixtures = new Fixtures(root);
    Files.createDirectories(fixtures.programs());
    String hello = "Content-Type: text/plain\\r\\n\\r\\nHello\\n";
    fixtures.program("hello.sh", "#!/bin/sh\nprintf '" + hello + "'\n");
    fixtures.program("hello.pl", "#!/usr/bin/perl\nprint \"" + hello + "\";\n");
    fixtures.program(
        "hello.py", "#!/usr/bin/python3\nimport sys\nsys.stdout.write(\"" + hello + "\")\n");
    fixtures.program(
        "hello.php",
        "#!/usr/bin/php-cgi\n<?php header('Content-Type: text/plain'); echo \"Hello\\n\";\n");
    fixtures.program(
        "slow.sh",
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\nfirst\\n'\nsleep 0.2\necho last\n");
    if (tools.has("gcc")) {
      fixtures.compile(tools, "hello", C_HELLO);
      fixtures.compile(tools, "out", C_OUT);
      fixtures.compile(tools, "echo", C_ECHO);
      fixtures.compile(tools, "turn", C_TURN);
    }
    return fixtures;
  }

  Path root() {
    return root;
  }

  Path programs() {
    return root.resolve("cgi");
  }

  Path repositories() {
    return root.resolve("git");
  }

  /** Returns the file that a client sends as a body. */
  Path body() {
    return root.resolve("body");
  }

  private void program(String name, String text) throws IOException {
    Path file = Files.writeString(programs().resolve(name), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void compile(Tools tools, String name, String source)
      throws IOException, InterruptedException {
    Path file = Files.writeString(root.resolve(name + ".c"), source);
    tools.run(
        root,
        List.of(
            "gcc", "-O2", "-static", "-o", programs().resolve(name).toString(), file.toString()));
  }

  private void repository(Tools tools) throws IOException, InterruptedException {
    Path repository = repositories().resolve("repository.git");
    Files.createDirectories(repository);
    tools.run(repository, List.of("git", "init", "-q", "--bare", "-b", "main", "."));
    Process git =
        new ProcessBuilder("git", "fast-import", "--quiet")
            .directory(repository.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (OutputStream stdin = new BufferedOutputStream(git.getOutputStream());
        PrintStream out = new PrintStream(stdin, false, StandardCharsets.UTF_8)) {
      Random random = new Random(2);
      for (int i = 0; i < COMMITS; i++) {
        commit(out, random, i);
      }
    }
    if (git.waitFor() != 0) {
      throw new IOException("git fast-import must succeed");
    }
    tools.run(repository, List.of("git", "repack", "-q", "-a", "-d"));
  }

  /** Writes a commit with two new files, one of them in a directory. */
  private static void commit(PrintStream out, Random random, int i) {
    out.printf("commit refs/heads/main\ncommitter B <b@example.org> %d +0000\n", 1_000_000 + i);
    out.print("data 1\nc\n");
    for (String file : List.of("file" + i % 50, "directory/file" + i % 50)) {
      StringBuilder text = new StringBuilder();
      for (int line = 0; line < 40; line++) {
        text.append(Long.toString(random.nextLong(), 36)).append('\n');
      }
      out.printf("M 100644 inline %s\ndata %d\n%s\n", file, text.length(), text);
    }
  }
}
