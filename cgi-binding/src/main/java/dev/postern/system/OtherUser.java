package dev.postern.system;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A user as whom a process of root runs programs, as the system knows this user. Immutable.
 *
 * @param name its login name
 * @param uid its number
 * @param gid the number of its first group
 * @param home its home directory
 */
public record OtherUser(String name, int uid, int gid, String home) {
  /** {@code name:password:uid:gid:gecos:home:shell} of passwd(5). */
  private static final int FIELDS = 7;

  /**
   * Looks a user up, by the system's own means ({@code getent}).
   *
   * @param lowest the lowest number that it and its first group may have
   * @throws IllegalStateException when this process is not root's, there is no such user, or it is
   *     root or below {@code lowest}
   */
  public static OtherUser of(String name, int lowest) {
    if (Owners.current() != Owners.ROOT) {
      throw new IllegalStateException(
          "only root can run programs as another user: " + name + " [user]");
    }
    if (!name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*")) {
      throw new IllegalStateException("user must be a login name: " + name + " [user]");
    }
    String[] fields = entry(name).split(":", -1);
    if (fields.length != FIELDS || !fields[0].equals(name)) {
      throw new IllegalStateException("user must be known to the system: " + name + " [user]");
    }
    OtherUser user =
        new OtherUser(name, Integer.parseInt(fields[2]), Integer.parseInt(fields[3]), fields[5]);
    int least = Math.min(user.uid, user.gid);
    if (user.uid == Owners.ROOT || user.gid == Owners.ROOT || least < lowest) {
      throw new IllegalStateException(
          "user and its group must not be root's, nor below "
              + lowest
              + ": "
              + name
              + " is "
              + user.uid
              + " of "
              + user.gid
              + " [user]");
    }
    return user;
  }

  private static String entry(String name) {
    List<String> lookUp = List.of(Helpers.find("getent"), "passwd", name);
    try {
      return Helpers.run(lookUp).strip();
    } catch (IllegalStateException e) {
      throw new IllegalStateException("user must be known to the system: " + name + " [user]", e);
    }
  }

  /** The options of {@code setpriv} that set all ids and groups, and take the capabilities away. */
  public List<String> options() {
    return List.of("--reuid=" + uid, "--regid=" + gid, "--init-groups", "--inh-caps=-all");
  }

  /**
   * Runs a command of {@code setpriv} with these options once, and checks the ids that it got.
   *
   * @param setpriv the command up to its {@code --}, which is included
   * @throws IllegalStateException when the program would not have been this user's alone
   */
  public void prove(List<String> setpriv) {
    List<String> command = new ArrayList<>(setpriv);
    command.addAll(List.of(Helpers.find("cat"), "/proc/self/status"));
    List<String> status = Arrays.asList(Helpers.run(command).split("\n"));
    String four = ("\t" + uid).repeat(4);
    String fourGroups = ("\t" + gid).repeat(4);
    boolean groups =
        status.stream()
            .filter(line -> line.startsWith("Groups:"))
            .allMatch(
                line -> Arrays.stream(line.substring(7).strip().split(" ")).noneMatch("0"::equals));
    if (!status.contains("Uid:" + four) || !status.contains("Gid:" + fourGroups) || !groups) {
      throw new IllegalStateException(
          "programs must have no rights but their user's: " + name + " [user]");
    }
  }
}
