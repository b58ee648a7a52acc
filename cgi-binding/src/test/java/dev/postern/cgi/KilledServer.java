package dev.postern.cgi;

import dev.postern.Application;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server that is to be killed: {@code one PROGRAM} for one request to a program that is tied to
 * it; {@code load DIRECTORY CLIENTS [CGROUP]} for requests to {@code good}, {@code silent} and
 * {@code spooled} in turn, without an end; the same with 0 clients for the next server, which says
 * what the good one answers.
 */
final class KilledServer {
  private static final AtomicLong NEXT = new AtomicLong();

  private KilledServer() {}

  public static void main(String[] args) throws IOException {
    if (args[0].equals("one")) {
      Isolation tied = Isolation.builder().endWithServer().build();
      Call.get("/").to(CgiApplication.builder(Path.of(args[1])).isolation(tied).build());
      return;
    }
    Isolation.Builder isolation = Isolation.builder().endWithServer();
    if (args.length > 3) {
      isolation.cgroup(Path.of(args[3]));
    }
    Application app =
        CgiDirectory.builder(Path.of(args[1]))
            .environment(Figures.MARK, args[1])
            .limit(ProcessLimit.of(16))
            .isolation(isolation.build())
            .build();
    System.out.println(Call.get("/good").to(app).body());
    for (int i = 0; i < Integer.parseInt(args[2]); i++) {
      new Thread(() -> load(app)).start();
    }
  }

  private static void load(Application app) {
    while (true) {
      switch ((int) (NEXT.getAndIncrement() % 4)) {
        case 0, 1 -> Call.get("/good").to(app);
        case 2 -> Call.get("/silent").to(app);
        default ->
            Call.of("POST", "/spooled").input(new ByteArrayInputStream(new byte[200_000])).to(app);
      }
    }
  }
}
