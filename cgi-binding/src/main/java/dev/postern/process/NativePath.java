package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stands for the native start path, which this JDK cannot use. From JDK 22 on, the class of that
 * name in the jar's {@code META-INF/versions/22} takes the place of this class.
 */
final class NativePath {
  private NativePath() {}

  /** Why programs cannot be started this way, or null when they can. */
  static @Nullable String refusal() {
    int feature = Runtime.version().feature();
    return feature < 22
        ? "JDK " + feature + " has no foreign function API, which came with 22"
        : "this Java, "
            + feature
            + ", could start programs faster, but Postern's jar was built by a JDK before 22 and has"
            + " no code for that (or its classes are not in a jar); a jar that JDK 22 or newer has"
            + " built does";
  }

  /** Why this process cannot be hidden, or null when it is hidden now. */
  static @Nullable String hideServer() {
    return refusal();
  }

  /** Keeps a process that ProcessBuilder has started from leaving a core file, where it can. */
  static void forbidCores(long process) {}

  @SuppressWarnings("DoNotCallSuggester") // The class that takes its place does launch.
  static HostedProcess launch(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    throw new IllegalStateException(refusal());
  }

  @SuppressWarnings("DoNotCallSuggester") // The class that takes its place does adopt.
  static HostedProcess adopt(ForkedChild child, byte[] request, @Nullable InputStream body)
      throws IOException {
    throw new IllegalStateException(refusal());
  }
}
