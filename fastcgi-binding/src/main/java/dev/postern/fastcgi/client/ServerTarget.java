package dev.postern.fastcgi.client;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.hosting.HostOptions;
import dev.postern.hosting.Hosted;
import dev.postern.hosting.Permits;
import dev.postern.hosting.ProgramEnvironment;
import dev.postern.hosting.RefusalCounters;
import dev.postern.process.RunningProgram;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is needed to run a request at a server.
 *
 * @param program the name of the program in logs
 * @param file SCRIPT_FILENAME as bytes, or null for none
 */
public record ServerTarget(
    Upstreams upstreams,
    Dialect dialect,
    HostOptions options,
    List<Permits> places,
    Path program,
    @Nullable String file)
    implements Hosted {
  @Override
  public List<String> command() {
    return List.of();
  }

  @Override
  public Map<String, String> environment(
      Environ environ, long contentLength, RefusalCounters counters) throws GatewayException {
    ProgramEnvironment.Own own =
        new ProgramEnvironment.Own(Map.of(), options.environment(), file, file != null, false);
    return ProgramEnvironment.of(environ, options, own, contentLength, counters);
  }

  @Override
  public RunningProgram start(Map<String, String> environment, @Nullable InputStream body)
      throws IOException {
    return new ServerRun(upstreams, dialect, environment, body);
  }
}
