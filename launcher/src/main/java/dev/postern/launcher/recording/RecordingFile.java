package dev.postern.launcher.recording;

import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;

/**
 * Reads and writes the files. They are YAML, so that people can read them and change what they want
 * to try. Bytes that are UTF-8 stand as text; other bytes stand as {@code !!binary}.
 */
public final class RecordingFile {
  /** The key that marks these files, so that no other kind of file is run by mistake. */
  private static final String KIND = "postern-run";

  /** The largest file: two streams in Base64, an environment, and room. */
  private static final int LARGEST = 16 << 20;

  private RecordingFile() {}

  /**
   * Writes a file that only its owner can read, as it holds what the request held.
   *
   * @throws IOException when the file exists, or cannot be written
   */
  public static void write(Path file, Recording run) throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put(KIND, 1);
    all.put("time", run.time().toString());
    all.put("program", run.program().toString());
    if (run.server().isEmpty()) {
      all.put("command", run.command());
    } else {
      all.put("server", run.server());
    }
    if (run.directory() != null) {
      all.put("directory", run.directory().toString());
    }
    all.put("start", run.start());
    all.put("status", run.status());
    all.put("rule", run.rule());
    all.put("failure", run.failure());
    all.put("exit", run.exit());
    Map<String, Object> environment = new LinkedHashMap<>();
    run.environment()
        .forEach(
            (name, value) ->
                environment.put(name, shown(value.getBytes(StandardCharsets.ISO_8859_1))));
    all.put("environment", environment);
    all.put("input-bytes", run.bytesIn());
    all.put("input", shown(run.input()));
    all.put("output-bytes", run.bytesOut());
    all.put("output", shown(run.output()));
    all.put("errors", shown(run.errors()));
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(FlowStyle.BLOCK);
    options.setSplitLines(false);
    StringWriter text = new StringWriter();
    new Yaml(new Lines(options), options).dump(all, text);
    try (FileChannel channel =
            FileChannel.open(
                file,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------")));
        Writer out = Channels.newWriter(channel, StandardCharsets.UTF_8)) {
      out.write(text.toString());
    }
  }

  /** Returns the bytes as text if they are UTF-8, or else as bytes. */
  private static Object shown(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return bytes;
    }
  }

  /**
   * Reads a file.
   *
   * @throws LauncherException when it is no such file
   */
  public static Recording read(Path file) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(LARGEST);
    options.setAllowDuplicateKeys(false);
    try (Reader in = Files.newBufferedReader(file)) {
      Object read = new Yaml(new SafeConstructor(options)).load(in);
      if (!(read instanceof Map<?, ?> all) || !Integer.valueOf(1).equals(all.get(KIND))) {
        throw wrong(file, "must be a run that --record has kept");
      }
      return recording(file, all);
    } catch (IOException e) {
      throw LauncherException.badArgument("FILE must be readable: \"" + file + "\"");
    } catch (YAMLException e) {
      throw wrong(file, String.valueOf(e.getMessage()).lines().findFirst().orElse("must be YAML"));
    }
  }

  private static Recording recording(Path file, Map<?, ?> all) {
    String server = text(all, "server");
    List<String> command = server.isEmpty() ? command(file, all) : List.of();
    if (!server.isEmpty() && !server.matches("(fcgi|scgi) .+")) {
      throw wrong(file, "server must be fcgi or scgi and an address");
    }
    Map<String, String> environment = new LinkedHashMap<>();
    if (!(all.get("environment") instanceof Map<?, ?> variables)) {
      throw wrong(file, "environment must have names and values");
    }
    variables.forEach(
        (name, value) ->
            environment.put(
                String.valueOf(name), new String(bytes(value), StandardCharsets.ISO_8859_1)));
    byte[] input = bytes(all.get("input"));
    byte[] output = bytes(all.get("output"));
    return new Recording(
        time(file, text(all, "time")),
        Path.of(text(all, "program")),
        command,
        server,
        all.get("directory") == null ? null : Path.of(text(all, "directory")),
        text(all, "start"),
        environment,
        input,
        number(file, all, "input-bytes", input.length),
        output,
        number(file, all, "output-bytes", output.length),
        bytes(all.get("errors")),
        text(all, "exit"),
        (int) number(file, all, "status", 0),
        text(all, "rule"),
        text(all, "failure"));
  }

  private static List<String> command(Path file, Map<?, ?> all) {
    List<String> command = new ArrayList<>();
    for (Object word : list(file, all, "command")) {
      command.add(String.valueOf(word));
    }
    if (command.isEmpty() || !command.get(0).startsWith("/")) {
      throw wrong(file, "command must start with an absolute path");
    }
    return List.copyOf(command);
  }

  private static Instant time(Path file, String text) {
    try {
      return text.isEmpty() ? Instant.EPOCH : Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw wrong(file, "time must be of ISO 8601");
    }
  }

  private static List<?> list(Path file, Map<?, ?> all, String key) {
    if (all.get(key) instanceof List<?> list) {
      return list;
    }
    throw wrong(file, key + " must be a list");
  }

  private static long number(Path file, Map<?, ?> all, String key, long none) {
    Object value = all.get(key);
    if (value == null) {
      return none;
    }
    if (value instanceof Number number) {
      return number.longValue();
    }
    throw wrong(file, key + " must be a number");
  }

  private static String text(Map<?, ?> all, String key) {
    Object value = all.get(key);
    return value == null ? "" : String.valueOf(value);
  }

  private static byte[] bytes(@org.jspecify.annotations.Nullable Object value) {
    return value instanceof byte[] binary
        ? binary
        : (value == null ? "" : String.valueOf(value)).getBytes(StandardCharsets.UTF_8);
  }

  private static LauncherException wrong(Path file, String what) {
    return LauncherException.badArgument(file + ": " + what);
  }

  /** Writes a text of several lines on several lines, if YAML reads the same text from them. */
  private static final class Lines extends Representer {
    Lines(DumperOptions options) {
      super(options);
      representers.put(String.class, this::text);
    }

    private Node text(Object data) {
      String text = (String) data;
      boolean lines = text.indexOf('\n') >= 0 && text.matches("[\\x20-\\x7e\\n\\t]*");
      return representScalar(
          Tag.STR, text, lines ? ScalarStyle.LITERAL : ScalarStyle.DOUBLE_QUOTED);
    }
  }
}
