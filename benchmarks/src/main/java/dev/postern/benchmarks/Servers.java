package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/** The running servers. All of them run until the end, as an idle one costs the others nothing. */
final class Servers implements AutoCloseable {
  private final Peer.Setting setting;
  private final Path root;
  private final Progress progress;
  private final Map<Peer, RunningPeer> running =
      new ConcurrentSkipListMap<>(Comparator.comparing(Peer::name));
  private boolean closed;

  Servers(Peer.Setting setting, Path root, Progress progress) {
    this.setting = setting;
    this.root = root;
    this.progress = progress;
  }

  /** Starts the servers for which everything is installed. */
  void start(Collection<Peer> peers) throws IOException, InterruptedException {
    for (Peer peer : peers) {
      List<String> missing =
          peer.needs().stream().filter(name -> !setting.tools().has(name)).toList();
      if (!missing.isEmpty()) {
        progress.line("skipped " + peer.name() + ": not installed: " + missing);
        continue;
      }
      progress.line("starting " + peer.title());
      run(peer);
    }
  }

  Set<Peer> peers() {
    return running.keySet();
  }

  RunningPeer get(Peer peer) {
    RunningPeer server = running.get(peer);
    if (server == null) {
      throw new IllegalArgumentException("server must run: " + peer.name());
    }
    return server;
  }

  /**
   * Restarts a server after a fault. A server that hangs in one request may have one process less
   * from then on.
   */
  void restart(Peer peer) throws IOException, InterruptedException {
    get(peer).close();
    run(peer);
  }

  private synchronized void run(Peer peer) throws IOException, InterruptedException {
    if (closed) {
      throw new IOException("the run is broken off");
    }
    running.put(peer, RunningPeer.start(peer, setting, root.resolve(peer.name())));
  }

  /** Returns what a server on a JVM has allocated and started so far. */
  JvmCosts.Count costs(Peer peer) throws IOException, InterruptedException {
    Path home = peer.jdk(setting);
    if (home == null) {
      throw new IllegalArgumentException("server must be on a JVM: " + peer.name());
    }
    return JvmCosts.of(setting.tools(), home, get(peer).pid(), root.resolve(peer.name()));
  }

  /** Ends all servers. After that, none can be started. */
  @Override
  public synchronized void close() {
    closed = true;
    running.values().forEach(RunningPeer::close);
  }
}
