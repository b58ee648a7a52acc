package dev.postern.spring;

import dev.postern.cgi.FollowLinks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What the properties below {@code postern} say. An unknown property of a file or the command line
 * stops the start. Boot ignores unknown system properties and environment variables.
 *
 * @param cgi CGI programs, by names of your own
 */
@ConfigurationProperties(prefix = "postern", ignoreUnknownFields = false)
public record PosternProperties(@DefaultValue Map<String, Cgi> cgi) {
  /** Takes what was bound; called by Spring. */
  public PosternProperties {
    cgi = new LinkedHashMap<>(cgi);
  }

  /**
   * A directory of programs, or one program. A property that is not given has the default of {@code
   * CgiDirectory} and {@code CgiApplication}.
   *
   * @param path where they are served, such as {@code /cgi-bin/*}
   * @param directory the directory of programs; an absolute path
   * @param program the one program, in place of a directory; an absolute path
   * @param interpreter commands by extensions: {@code interpreter.pl=/usr/bin/perl -T}
   * @param index the program that answers for a directory
   * @param environment variables for programs
   * @param workingDirectory where programs start
   * @param documentRoot DOCUMENT_ROOT
   * @param headerTimeout the time until a program has written its blank line
   * @param idleTimeout the time between two reads of a program's output
   * @param afterOutput how long a program may work on after its answer
   * @param totalTimeout the time from a program's start to the end of its response
   * @param deadline the time for a whole request
   * @param maxBody the largest request body
   * @param maxProcesses how many programs run at once
   * @param queue how long a request waits when {@code maxProcesses} programs run
   * @param programLimit how many runs of one program there may be at once
   * @param methods the methods that are served
   * @param passVariable variables of the request that programs get
   * @param passAuthorization whether programs get the client's Authorization
   * @param strictExit whether a response is cut when its program ends with another status than 0,
   *     unless all bytes of a Content-Length above 0 have come
   * @param allowEncodedSlash whether {@code %2F} may be in a path
   * @param warm whether a group of workers runs the scripts of Perl, Python and Ruby
   * @param followLinks which symbolic links are followed
   * @param watch whether clients that have reset their connection are looked for
   */
  public record Cgi(
      @Nullable String path,
      @Nullable Path directory,
      @Nullable Path program,
      @DefaultValue Map<String, String> interpreter,
      @Nullable String index,
      @DefaultValue Map<String, String> environment,
      @Nullable Path workingDirectory,
      @Nullable Path documentRoot,
      @Nullable Duration headerTimeout,
      @Nullable Duration idleTimeout,
      @Nullable Duration afterOutput,
      @Nullable Duration totalTimeout,
      @Nullable Duration deadline,
      @Nullable DataSize maxBody,
      @Nullable Integer maxProcesses,
      @Nullable Duration queue,
      @Nullable Integer programLimit,
      @Nullable List<String> methods,
      @Nullable List<String> passVariable,
      @DefaultValue("false") boolean passAuthorization,
      @DefaultValue("false") boolean strictExit,
      @DefaultValue("false") boolean allowEncodedSlash,
      @DefaultValue("false") boolean warm,
      @Nullable FollowLinks followLinks,
      @DefaultValue("true") boolean watch) {}
}
