package dev.postern.fastcgi.client;

import dev.postern.fastcgi.FastCgiApplication;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A JVM that asks a FastCGI server for paths, whose bytes are chars of ASCII or escaped: {@code
 * AskMain ADDRESS ROOT PATH...}. It prints a status for each.
 */
final class AskMain {
  private AskMain() {}

  public static void main(String[] args) {
    try (FastCgiApplication application =
        FastCgiApplication.builder(args[0])
            .root(Path.of(args[1]))
            .connectTimeout(Duration.ofMinutes(10))
            .build()) {
      for (int i = 2; i < args.length; i++) {
        System.out.println(Ask.get(args[i].translateEscapes()).to(application).status);
      }
    }
  }
}
