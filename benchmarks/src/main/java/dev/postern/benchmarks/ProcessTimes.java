package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the kernel says of a process, in its own unit.
 *
 * @param user its own time outside the kernel
 * @param system its own time in the kernel
 * @param children all the time of the children that it has waited for
 */
record ProcessTimes(long user, long system, long children) {
  static ProcessTimes of(long pid) throws IOException {
    return parse(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
  }

  /** By proc(5): fields 14 to 17; the second, in brackets, may hold blanks. */
  static ProcessTimes parse(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ", -1);
    return new ProcessTimes(
        Long.parseLong(fields[11]),
        Long.parseLong(fields[12]),
        Long.parseLong(fields[13]) + Long.parseLong(fields[14]));
  }

  ProcessTimes since(ProcessTimes before) {
    return new ProcessTimes(user - before.user, system - before.system, children - before.children);
  }
}
