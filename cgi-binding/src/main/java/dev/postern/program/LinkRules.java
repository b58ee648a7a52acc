package dev.postern.program;

import dev.postern.system.Owners;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which symbolic links below a directory of programs are followed. Immutable.
 *
 * @param follow whether any link is followed
 * @param ownerMatches whether links may lead out of the directory if the owner of each link on the
 *     way also owns the link's target
 * @param roots real paths of further directories into which links may lead
 */
public record LinkRules(boolean follow, boolean ownerMatches, List<Path> roots) {
  /** Links that lead to a place inside the directory. */
  public static final LinkRules INSIDE = new LinkRules(true, false, List.of());

  /**
   * Why the file that a path names must not be used, for the log; null if it may be used.
   *
   * @param root the real path of the directory
   * @param file below {@code root} by its name
   * @param real the real path of {@code file}
   */
  @Nullable String problem(Path root, Path file, Path real) {
    if (real.equals(file)) {
      return null;
    }
    if (!follow) {
      return "no link is followed";
    }
    if (real.startsWith(root) || roots.stream().anyMatch(real::startsWith)) {
      return null;
    }
    if (!ownerMatches) {
      return "it leads out of the directory, to " + real;
    }
    return haveTheirTargetsOwner(root, file)
        ? null
        : "it leads out of the directory, to what another than the link's owner owns: " + real;
  }

  private static boolean haveTheirTargetsOwner(Path root, Path file) {
    for (Path at = file; at != null && !at.equals(root); at = at.getParent()) {
      if (Files.isSymbolicLink(at)) {
        int owner = Owners.ownerOfLink(at);
        if (owner == Owners.UNKNOWN || owner != Owners.owner(at)) {
          return false;
        }
      }
    }
    return true;
  }
}
