package dev.postern.fastcgi.front;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Addresses that stand for machines: each a network namespace of its own where this user may make
 * them, else one of the loopback. A namespace's address is reached from here alone.
 */
final class Hosts implements Closeable {
  private static final List<Path> IP = List.of(Path.of("/usr/sbin/ip"), Path.of("/sbin/ip"));

  private final String ip;
  private final long number;
  private final int count;
  private final boolean namespaces;

  private Hosts(String ip, long number, int count, boolean namespaces) {
    this.ip = ip;
    this.number = number;
    this.count = count;
    this.namespaces = namespaces;
  }

  /** So many machines; by their place from 0 on. */
  static Hosts open(int count) throws IOException {
    long number = ProcessHandle.current().pid() % 8_000;
    String ip = IP.stream().filter(Files::isExecutable).map(Path::toString).findFirst().orElse("");
    if (ip.isEmpty()) {
      return new Hosts(ip, number, count, false);
    }
    Hosts hosts = new Hosts(ip, number, count, true);
    for (int i = 0; i < count; i++) {
      if (!hosts.make(i)) {
        hosts.close();
        return new Hosts(ip, number, count, false);
      }
    }
    return hosts;
  }

  private boolean make(int i) throws IOException {
    String name = name(i);
    String link = link(i);
    return run("netns", "add", name)
        && run("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        && run("addr", "add", address(i, 1) + "/30", "dev", link)
        && run("link", "set", link, "up")
        && run("-n", name, "addr", "add", address(i, 2) + "/30", "dev", "eth0")
        && run("-n", name, "link", "set", "eth0", "up");
  }

  private String name(int i) {
    return "postern-" + ProcessHandle.current().pid() + "-" + i;
  }

  private String link(int i) {
    return "pstn" + number + "-" + i;
  }

  /**
   * In 198.18.0.0/15, which is for tests of networks (RFC 2544): four for each of at most four
   * machines.
   */
  private String address(int i, int host) {
    long at = number * 16 + 4L * i;
    return "198." + (18 + (at >> 16)) + "." + (at >> 8 & 0xFF) + "." + ((at & 0xFF) + host);
  }

  /** The address of a machine. */
  String address(int i) {
    return namespaces
        ? address(i, 2)
        : "127." + (1 + (number >> 8)) + "." + (number & 0xFF) + "." + (11 + i);
  }

  /** The command as it runs on that machine. */
  List<String> on(int i, List<String> command) {
    List<String> whole = new ArrayList<>();
    if (namespaces) {
      whole.addAll(List.of(ip, "netns", "exec", name(i)));
    }
    whole.addAll(command);
    return whole;
  }

  private boolean run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(ip));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      return process.waitFor() == 0;
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The link goes with its namespace. */
  @Override
  public void close() throws IOException {
    for (int i = 0; namespaces && i < count; i++) {
      run("netns", "del", name(i));
    }
  }
}
