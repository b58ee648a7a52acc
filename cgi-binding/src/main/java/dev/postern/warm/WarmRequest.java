package dev.postern.warm;

import dev.postern.process.ProgramText;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A request for a script of a group.
 *
 * @param program the script's file
 * @param command what a process of its own would run, without the helpers that isolate it
 * @param environment the whole environment, bytes as chars
 * @param configured names of variables that are the same for each request, unless they are passed
 * @param passed names of variables that are those of the request, if it has them
 * @param directory where the script runs
 * @param body null for none
 * @param isolated puts a server's command behind the helpers that isolate the server
 * @param group the file by which a child enters its control group; null for none
 */
public record WarmRequest(
    Path program,
    List<String> command,
    Map<String, String> environment,
    Set<String> configured,
    Set<String> passed,
    Path directory,
    @Nullable InputStream body,
    UnaryOperator<List<String>> isolated,
    @Nullable Path group) {
  /** The netstring that a child reads: whether there is a body, the group, and the variables. */
  byte[] encoded() {
    StringBuilder text = new StringBuilder(2048);
    text.append(body == null ? 'n' : 'p')
        .append(group == null ? "" : ProgramText.toBytes(group))
        .append('\0');
    environment.forEach((name, value) -> text.append(name).append('=').append(value).append('\0'));
    text.insert(0, text.length() + ":");
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
