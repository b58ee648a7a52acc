package dev.postern.cgi;

import dev.postern.Application;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A server that is to be killed: {@code one PROGRAM} for one request to a program that is tied to
 * it; {@code load DIRECTORY CLIENTS [CGROUP]} for requests to {@code good}, {@code silent} and
 * {@code spooled} in turn, without an end; the same with 0 clients for the next server, which says
 * what the good one answers. {@code warm DIRECTORY NAME…} has each script served by a worker, those
 * in {@code reuse} again and again, then says so, and asks for {@code slow.pl}.
 */
final class KilledServer {
  private static final AtomicLong NEXT = new AtomicLong();

  private KilledServer() {}

  public static void main(String[] args) throws IOException {
    if (args[0].equals("warm")) {
      warm(Path.of(args[1]), List.of(args).subList(2, args.length));
      return;
    }
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

  private static void warm(Path directory, List<String> names) throws IOException {
    List<String> starts = new ArrayList<>();
    Application app =
        CgiDirectory.builder(directory)
            .delegate("/reuse/**", WorkerGroup.builder("reuse").mode(WorkerMode.REUSE).build())
            .delegate("/**", WorkerGroup.builder("fork").learn(false).build())
            .onRun(run -> starts.add(run.start()))
            .build();
    for (String name : names) {
      do {
        LockSupport.parkNanos(5_000_000);
        starts.clear();
        Call.get(name).to(app);
      } while (starts.contains("spawn"));
    }
    System.out.println("ready");
    Call.get("/slow.pl").with("QUERY_STRING", "wait").to(app);
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
