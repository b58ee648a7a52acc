package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.system.Spool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A server whose {@code java.io.tmpdir} has room for some bodies only: {@code PROGRAM}, which tells
 * how long a body is. Prints what came of each request, and what is open and on that disk then.
 */
final class FullDisk {
  private static final int TOO_LARGE = 3 << 20;
  private static final int SPOOLED = 500_000;
  private static final int SMALL = 9;

  private FullDisk() {}

  public static void main(String[] args) throws IOException {
    Application app = CgiApplication.of(Path.of(args[0]));
    // What is opened once is open now.
    System.out.println(post(app, SPOOLED));
    String before = left();
    Call full = Call.of("POST", "/").input(body(TOO_LARGE)).to(app);
    System.out.println(full.status + " " + full.rule() + " " + full.headers.get("Retry-After"));
    String after = left();
    System.out.println(before.equals(after) ? "nothing is left" : before + " became " + after);
    System.out.println(post(app, SMALL));
    System.out.println(post(app, SPOOLED));
  }

  private static String post(Application app, int length) {
    Call call = Call.of("POST", "/").input(body(length)).to(app);
    return call.status + " " + call.body().trim();
  }

  private static InputStream body(int length) {
    return new ByteArrayInputStream(new byte[length]);
  }

  private static String left() throws IOException {
    Path disk = Spool.directory();
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"));
        Stream<Path> names = Files.list(disk)) {
      return "descriptors %d, names %d, room %d"
          .formatted(open.count(), names.count(), Files.getFileStore(disk).getUsableSpace());
    }
  }
}
