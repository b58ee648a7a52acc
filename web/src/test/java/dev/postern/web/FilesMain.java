package dev.postern.web;

import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.nio.file.Path;

/**
 * A JVM with a locale of its own that asks for files: {@code FilesMain DIRECTORY TARGET...}. It
 * prints the status, the type, the coding and the text of each answer.
 */
final class FilesMain {
  private FilesMain() {}

  public static void main(String[] args) {
    Files files = Files.under(Path.of(args[0]));
    for (int i = 1; i < args.length; i++) {
      TestResponse response =
          Web.run(files, TestRequest.get(args[i]).withHeader("Accept-Encoding", "gzip"));
      System.out.println(
          String.join(
              " ",
              "" + response.status(),
              response.header("Content-Type"),
              response.header("Content-Encoding"),
              response.text().strip()));
    }
  }
}
