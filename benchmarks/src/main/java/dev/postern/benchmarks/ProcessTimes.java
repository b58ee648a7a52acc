package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The processor time of a process, in the kernel's clock ticks.
 *
 * @param user the process's own time outside the kernel
 * @param system the process's own time in the kernel
 * @param children all the time of the children that the process has waited for
 */
record ProcessTimes(long user, long system, long children) {
  static ProcessTimes of(long pid) throws IOException {
    return parse(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
  }

  /**
   * Reads fields 14 to 17 of proc(5). Field 2, in brackets, may hold blanks, so parsing starts
   * behind the last bracket.
   */
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
