package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.postern.launcher.config.ConfigFile;
import dev.postern.launcher.config.Schema;
import dev.postern.launcher.config.Vocabulary;
import dev.postern.launcher.values.LauncherException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;
import picocli.CommandLine;

/**
 * The schema of the configuration file: it is the one that ships, and says what the parser says.
 */
class SchemaTest {
  private static final Path SHIPPED = Path.of("../docs/serve.schema.json");
  private static final Vocabulary VOCABULARY =
      new Vocabulary(new CommandLine(new ServeCommand()).getCommandSpec());

  @TempDir Path directory;

  /** {@code -Dpostern.write=true} writes it. */
  @Test
  void shippedSchema_isThatOfTheOptions() throws Exception {
    String schema = Schema.of(VOCABULARY);
    if (Boolean.getBoolean("postern.write")) {
      Files.writeString(SHIPPED, schema);
    }
    assertThat(schema).isEqualTo(Files.readString(SHIPPED));
  }

  @Test
  void fileOfTheDocumentation_isRight() throws Exception {
    Matcher block =
        Pattern.compile("```yaml\n([\\s\\S]*?)```")
            .matcher(Files.readString(Path.of("../docs/configuration.md")));
    assertThat(block.find()).isTrue();
    assertThat(schemaSays(block.group(1))).isTrue();
    assertThat(parserSays(block.group(1))).isTrue();
  }

  /** Each key of each kind of mount, alone: both take it, or both refuse it. */
  @Test
  void eachKeyOfEachKindOfMount_isTakenByBothOrByNone() throws Exception {
    List<String> differ = new ArrayList<>();
    ServeCommand command = new ServeCommand();
    for (String kind : List.of("app", "cgi", "cgi-dir", "java-cgi", "files", "fcgi", "wsgi")) {
      for (var option : new CommandLine(command).getCommandSpec().options()) {
        String key = option.longestName().substring(2);
        String value = option.typeInfo().isBoolean() ? "true" : sample(option.paramLabel());
        String mount = key.equals(kind) ? key + ": a" : kind + ": a, " + key + ": " + value;
        both("mounts: {/x: {" + mount + "}}", differ);
        both(key + ": " + value, differ);
      }
    }
    assertThat(differ).isEmpty();
  }

  @Test
  void shapesThatAreWrong_areRefusedByBoth() throws Exception {
    List<String> differ = new ArrayList<>();
    for (String wrong :
        List.of(
            "[1]",
            "port: [1]",
            "port: {a: 1}",
            "timeuot: 1",
            "config: x",
            "cgi: x",
            "strict-exit: maybe",
            "mounts: 3",
            "mounts: {/x: }",
            "mounts: {/x: {}}",
            "mounts: {/x: {cgi: a, cgi-dir: b}}",
            "mounts: {/x: {cgi: a, port: 1}}",
            "mounts: {/x: {files: a, cpu-time: 1}}")) {
      both(wrong, differ);
      assertThat(parserSays(wrong)).as(wrong).isFalse();
    }
    assertThat(differ).isEmpty();
  }

  private static String sample(String label) {
    return label.contains("|") && !label.contains("-")
        ? label.substring(0, label.indexOf('|'))
        : label.equals("N") || label.equals("BYTES") || label.equals("SECONDS") ? "1" : "a";
  }

  private void both(String yaml, List<String> differ) throws Exception {
    if (schemaSays(yaml) != parserSays(yaml)) {
      differ.add(yaml + (parserSays(yaml) ? " is refused by the schema" : " is taken by it"));
    }
  }

  private static boolean schemaSays(String yaml) throws Exception {
    JsonNode node = new ObjectMapper().valueToTree(new Yaml().<Object>load(yaml));
    return Validator.SCHEMA.validate(node).isEmpty();
  }

  /** Of the file's shape; what the values are is told when they are used. */
  private boolean parserSays(String yaml) throws Exception {
    Path file = Files.writeString(directory.resolve("x.yaml"), yaml);
    try {
      ConfigFile.read(file, VOCABULARY);
      return true;
    } catch (LauncherException e) {
      return false;
    }
  }

  private static final class Validator {
    static final JsonSchema SCHEMA =
        JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(Schema.of(VOCABULARY));
  }
}
