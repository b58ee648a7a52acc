package dev.postern.gateway;

import dev.postern.Application;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The listening socket that a FastCGI application finds as its descriptor 0 (FastCGI 2.2). A
 * process loads this class only if its environment has no request. This class finds the FastCGI
 * binding by its name, because that module depends on this one.
 */
public final class ListeningSocket {
  private static final String GATEWAY = "dev.postern.fastcgi.FastCgiGateway";

  private ListeningSocket() {}

  /**
   * Serves the application over FastCGI until this process is told to end.
   *
   * @return false at once if descriptor 0 is no listening socket
   * @throws IllegalStateException when there is one, and {@code postern-fastcgi} is missing
   */
  public static boolean serve(Application application) {
    try {
      if (!isSocket() || !(System.inheritedChannel() instanceof ServerSocketChannel)) {
        return false;
      }
      Class.forName(GATEWAY).getMethod("main", Application.class).invoke(null, application);
      return true;
    } catch (InvocationTargetException e) {
      throw new IllegalStateException("FastCGI must be served on descriptor 0", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "postern-fastcgi must be on the class path: descriptor 0 is a listening socket", e);
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether descriptor 0 is a socket. A pipe or a file needs no further check. */
  private static boolean isSocket() throws IOException {
    Path link = Path.of("/proc/self/fd/0");
    return Files.isSymbolicLink(link)
        && Files.readSymbolicLink(link).toString().startsWith("socket:");
  }
}
