package dev.postern.cgi;

import dev.postern.process.HostedProcess;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Starts processes: {@link HostedProcess#start}, but in tests of what happens when that fails. */
@FunctionalInterface
interface Starter {
  HostedProcess start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException;
}
