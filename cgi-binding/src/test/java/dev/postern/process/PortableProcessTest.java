package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class PortableProcessTest extends HostedProcessContract {
  @Override
  HostedProcess start(
      List<String> command, Map<String, String> environment, Path directory, InputStream body)
      throws IOException {
    return PortableProcess.launch(command, environment, directory, body, false);
  }

  @Override
  int repeats() {
    return 1_000;
  }
}
