package dev.postern.launcher;

import dev.postern.cgi.CgiGateway;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code postern cgi}, for arguments that {@link CgiArguments} does not take: help and mistakes.
 */
@Command(
    name = "cgi",
    description = {
      "Answer one CGI request from the environment and standard input of this process.",
      "Without REQUEST_METHOD in the environment it answers GET /."
    })
final class CgiCommand implements Callable<Integer> {
  @Option(
      names = "--classpath",
      paramLabel = "CP",
      description =
          "Where CLASS is, in the form of java -cp. Default: the class path of the command.")
  @Nullable String classpath;

  @Parameters(
      paramLabel = "CLASS",
      description =
          "A class with a public constructor without arguments that is an Application or a "
              + "Responder, or CLASS::FIELD, a public static field.")
  String className = "";

  @Override
  public Integer call() {
    CgiGateway.main(new CgiArguments(classpath, className).load());
    return 0;
  }
}
