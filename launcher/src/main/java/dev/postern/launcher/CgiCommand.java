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
      "Answer one CGI request from this process's environment and standard input.",
      "Without REQUEST_METHOD it answers GET /."
    })
final class CgiCommand implements Callable<Integer> {
  @Option(
      names = "--classpath",
      paramLabel = "CP",
      description = "Where CLASS is found, as java -cp takes it.")
  @Nullable String classpath;

  @Parameters(
      paramLabel = "CLASS",
      description =
          "The class of an Application or a Responder, or CLASS::FIELD, a static field that is"
              + " one.")
  String className = "";

  @Override
  public Integer call() {
    CgiGateway.main(new CgiArguments(classpath, className).load());
    return 0;
  }
}
