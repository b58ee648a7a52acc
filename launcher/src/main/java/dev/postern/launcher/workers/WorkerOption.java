package dev.postern.launcher.workers;

import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WorkerMode;
import dev.postern.launcher.values.Values;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * One {@code OPTION:VALUE} of {@code --worker}. The options are those of the builder, with times in
 * seconds.
 */
final class WorkerOption {
  private WorkerOption() {}

  /**
   * Sets an option.
   *
   * @param name as the builder has it, or in lower case with hyphens
   * @throws IllegalArgumentException when there is no such option, or it cannot have the value
   */
  static void set(WorkerGroup.Builder group, String name, String value) {
    switch (name.replace("-", "").toLowerCase(Locale.ROOT)) {
      case "mode" -> group.mode(mode(value));
      case "processes" -> group.processes(number(name, value));
      case "spares" -> group.spares(number(name, value));
      case "servers" -> group.servers(number(name, value));
      case "maximumrequests" -> group.maximumRequests(number(name, value));
      case "maximumage" -> group.maximumAge(time(name, value));
      case "maximummemory" -> group.maximumMemory(bytes(name, value));
      case "maximumcpu" -> group.maximumCpu(time(name, value));
      case "inactivitytimeout" -> group.inactivityTimeout(time(name, value));
      case "startuptimeout" -> group.startupTimeout(time(name, value));
      case "gracefultimeout" -> group.gracefulTimeout(time(name, value));
      case "reloadevery" -> group.reloadEvery(time(name, value));
      case "strictreuse" -> {
        if (truth(name, value)) {
          group.strictReuse();
        }
      }
      case "librariesonly" -> {
        if (truth(name, value)) {
          group.librariesOnly();
        }
      }
      case "eager" -> {
        if (truth(name, value)) {
          group.eager();
        }
      }
      case "umask" -> group.umask(value);
      // A plus sign stands between modules, as a comma stands between options.
      case "modules" -> group.modules(value.split("\\+", -1));
      case "learn" -> group.learn(truth(name, value));
      case "workingdirectory" -> group.workingDirectory(Path.of(value));
      default -> throw new IllegalArgumentException("OPTION must be one of a group: " + name);
    }
  }

  private static WorkerMode mode(String value) {
    for (WorkerMode mode : WorkerMode.values()) {
      if (mode.name().equalsIgnoreCase(value)) {
        return mode;
      }
    }
    List<WorkerMode> modes = List.of(WorkerMode.values());
    throw new IllegalArgumentException(
        "mode must be one of " + modes.toString().toLowerCase(Locale.ROOT) + ": " + value);
  }

  private static int number(String name, String value) {
    return (int) bounded(name, value, Integer.MAX_VALUE);
  }

  private static long bytes(String name, String value) {
    return bounded(name, value, Long.MAX_VALUE);
  }

  private static long bounded(String name, String value, long most) {
    if (value.matches("[0-9]{1,18}")) {
      long number = Long.parseLong(value);
      if (number <= most) {
        return number;
      }
    }
    throw new IllegalArgumentException(name + " must be a number");
  }

  private static Duration time(String name, String value) {
    Duration time = Values.parseSeconds(value);
    if (time == null) {
      throw new IllegalArgumentException(name + " must be a number of seconds above 0");
    }
    return time;
  }

  private static boolean truth(String name, String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(name + " must be true or false");
    };
  }
}
