package dev.postern.launcher.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The JSON schema of the configuration file (draft 2020-12), made from the same options as the
 * parser of the file. Editors use it to complete and check a file.
 */
public final class Schema {
  private static final String DRAFT = "https://json-schema.org/draft/2020-12/schema";

  private final Vocabulary vocabulary;

  private Schema(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** Returns the schema as text, with a line end. */
  public static String of(Vocabulary vocabulary) {
    StringBuilder text = new StringBuilder();
    write(text, "", new Schema(vocabulary).root());
    return text.append('\n').toString();
  }

  private Map<String, Object> root() {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (OptionSpec option : vocabulary.options()) {
      if (!vocabulary.isMount(option)) {
        keys(option).forEach(key -> properties.put(key, value(option)));
      }
    }
    Map<String, Object> mounts = new LinkedHashMap<>();
    mounts.put("description", "What is served, by prefix.");
    mounts.put("type", "object");
    mounts.put("propertyNames", Map.of("pattern", "^/"));
    mounts.put("additionalProperties", Map.of("oneOf", kinds()));
    properties.put("mounts", mounts);
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("$schema", DRAFT);
    root.put("title", "The configuration file of postern serve");
    root.put("type", "object");
    root.put("additionalProperties", false);
    root.put("properties", properties);
    return root;
  }

  /** Returns the schema of each kind of mount, with the options that it can have. */
  private List<Object> kinds() {
    List<Object> kinds = new ArrayList<>();
    for (String kind : vocabulary.mounts()) {
      Map<String, Object> properties = new LinkedHashMap<>();
      for (OptionSpec option : vocabulary.options()) {
        if (vocabulary.holds("--" + kind, option)) {
          keys(option).forEach(key -> properties.put(key, value(option)));
        }
      }
      Map<String, Object> mount = new LinkedHashMap<>();
      mount.put("type", "object");
      mount.put("required", List.of(kind));
      mount.put("additionalProperties", false);
      mount.put("properties", properties);
      kinds.add(mount);
    }
    return kinds;
  }

  /** Returns the option's own key, and the aliases of it. */
  private List<String> keys(OptionSpec option) {
    String own = option.longestName().substring(2);
    List<String> keys = new ArrayList<>(List.of(own));
    vocabulary
        .aliases()
        .forEach(
            (alias, key) -> {
              if (key.equals(own)) {
                keys.add(alias);
              }
            });
    return keys;
  }

  private Map<String, Object> value(OptionSpec option) {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("description", String.join(" ", option.description()).replace("%%", "%"));
    Map<String, Object> scalar = scalar(option);
    if (!option.isMultiValue() || vocabulary.isMount(option)) {
      value.putAll(scalar);
      return value;
    }
    List<Object> forms = new ArrayList<>();
    forms.add(scalar);
    forms.add(Map.of("type", "array", "items", scalar));
    if (vocabulary.isPair(option)) {
      forms.add(Map.of("type", "object", "additionalProperties", scalar));
    }
    value.put("anyOf", forms);
    return value;
  }

  private Map<String, Object> scalar(OptionSpec option) {
    String label = option.paramLabel();
    Map<String, Object> scalar = new LinkedHashMap<>();
    if (vocabulary.isFlag(option)) {
      scalar.put("type", "boolean");
    } else if (label.equals("SECONDS")) {
      scalar.put("type", "number");
      scalar.put("exclusiveMinimum", 0);
    } else if (label.equals("N") || label.equals("BYTES")) {
      scalar.put("type", "integer");
      scalar.put("minimum", 0);
    } else if (label.matches("[a-zL0-9]+(\\|[a-zL0-9]+)+")) {
      scalar.put("enum", List.of(label.split("\\|")));
    } else {
      scalar.put("type", List.of("string", "number", "boolean"));
    }
    return scalar;
  }

  // ---- JSON ----

  private static void write(StringBuilder text, String indent, Object value) {
    String inner = indent + "  ";
    if (value instanceof Map<?, ?> map) {
      String separator = "{\n";
      for (Map.Entry<?, ?> entry : sorted(map)) {
        text.append(separator).append(inner);
        write(text, inner, entry.getKey());
        text.append(": ");
        write(text, inner, entry.getValue());
        separator = ",\n";
      }
      text.append('\n').append(indent).append('}');
    } else if (value instanceof List<?> list) {
      String separator = "[";
      for (Object item : list) {
        text.append(separator);
        write(text, inner, item);
        separator = ", ";
      }
      text.append(']');
    } else if (value instanceof String string) {
      text.append('"').append(string.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
    } else {
      text.append(value);
    }
  }

  /** Sorts a map that has no order of its own, so that the text is always the same. */
  private static List<Map.Entry<?, ?>> sorted(Map<?, ?> map) {
    List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
    if (!(map instanceof LinkedHashMap<?, ?>)) {
      entries.sort((a, b) -> a.getKey().toString().compareTo(b.getKey().toString()));
    }
    return entries;
  }
}
