package dev.postern.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** Records where the time of the shortest request goes, and prints it as Markdown. */
public final class Profile {
  private static final double SECONDS = 20;

  /**
   * After so many requests the JVM has compiled the code that matters. A slow machine gets more
   * time for them, up to {@link #WARM_SLICES} slices.
   */
  private static final long WARM_REQUESTS = 20_000;

  private static final int WARM_SLICES = 5;
  private static final String NAME = "profile";

  private final Progress progress = new Progress(NAME, System.err);
  private final Tools tools = new Tools();
  private final Case hello = Case.named("c").orElseThrow();
  private final Peer peer = Peers.named(Peers.OURS).orElseThrow();

  private Profile() {}

  /**
   * Runs the profile. The script passes the same properties as for {@link Compare}.
   *
   * @throws Exception when there is no JDK 25, no wrk, or no C compiler
   */
  public static void main(String[] args) throws Exception {
    for (String needed : List.of("wrk", "curl", "gcc")) {
      if (!new Tools().has(needed)) {
        System.err.println(needed + " must be installed");
        System.exit(2);
      }
    }
    Path root = Files.createTempDirectory(Path.of("/var/tmp"), "postern-profile");
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    try {
      System.out.print(new Profile().run(root));
    } finally {
      Client.delete(root);
    }
  }

  private String run(Path root) throws IOException, InterruptedException {
    Fixtures fixtures = Fixtures.programs(root, tools);
    Peer.Setting setting = Peer.Setting.ofProperties(tools, fixtures);
    Path home = peer.jdk(setting);
    if (home == null) {
      throw new IOException("JDK 25 is needed: others do not sample the time in native code");
    }
    Path recording = root.resolve("profile.jfr");
    Path events = root.resolve("profile.jfc");
    try (InputStream in = Profile.class.getResourceAsStream("profile.jfc")) {
      Files.write(events, in.readAllBytes());
    }
    Client client = new Client(tools, fixtures);
    try (RunningPeer server = RunningPeer.start(peer, setting, root.resolve(peer.name()))) {
      Runtime.getRuntime().addShutdownHook(new Thread(server::close));
      client.check(server, hello);
      progress.line("warming up");
      long warm = warm(client, server);
      String jcmd = home.resolve("bin/jcmd").toString();
      String pid = Long.toString(server.pid());
      tools.run(
          root,
          List.of(
              jcmd,
              pid,
              "JFR.start",
              "name=" + NAME,
              "settings=" + events,
              "filename=" + recording));
      progress.line("recording");
      ProcessTimes before = ProcessTimes.of(server.pid());
      Sample sample = client.measure(server, hello, SECONDS);
      ProcessTimes times = ProcessTimes.of(server.pid()).since(before);
      tools.run(root, List.of(jcmd, pid, "JFR.stop", "name=" + NAME));
      return ProfileReport.of(
          HotPath.read(recording), times, warm, sample.requests(), sample.threads());
    }
  }

  private long warm(Client client, RunningPeer server) throws IOException, InterruptedException {
    long requests = 0;
    for (int i = 0; i < WARM_SLICES && requests < WARM_REQUESTS; i++) {
      requests += client.measure(server, hello, SECONDS).requests();
    }
    return requests;
  }
}
