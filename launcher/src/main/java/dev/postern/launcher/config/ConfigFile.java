package dev.postern.launcher.config;

import dev.postern.launcher.values.Alike;
import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A configuration file in YAML, as the words of a command line. Its keys are the options of {@code
 * serve} without their dashes. At the top stand the options of the server, and those that hold for
 * each mount. Below {@code mounts}, each prefix has the options of one mount. So each option has
 * one name, one check and one text, wherever it is written.
 *
 * <p>Paths are relative to the file's directory.
 */
public final class ConfigFile {
  private static final String MOUNTS = "mounts";

  private final Path file;
  private final Vocabulary vocabulary;
  private final Section top;
  private final List<Section> mounts = new ArrayList<>();

  private ConfigFile(Path file, Vocabulary vocabulary) {
    this.file = file;
    this.vocabulary = vocabulary;
    this.top = new Section("", 1);
  }

  /**
   * Reads the file.
   *
   * @throws LauncherException that names file, line and key of the first thing that is wrong
   */
  public static ConfigFile read(Path file, Vocabulary vocabulary) {
    ConfigFile read = new ConfigFile(file, vocabulary);
    // Files.newBufferedReader refuses bytes that are no UTF-8.
    try (Reader in = Files.newBufferedReader(file)) {
      Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(in);
      if (root != null) {
        read.top(root);
      }
      return read;
    } catch (IOException e) {
      throw LauncherException.badArgument("FILE of --config must be readable: \"" + file + "\"");
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
      throw read.wrong(mark == null ? 1 : mark.getLine() + 1, String.valueOf(e.getProblem()));
    } catch (YAMLException e) {
      throw read.wrong(
          1,
          e.getCause() instanceof CharacterCodingException
              ? "must be UTF-8"
              : "must be YAML: " + e.getMessage());
    }
  }

  /** Returns the part at the top. */
  public Section top() {
    return top;
  }

  /** Returns the parts below {@code mounts}, in the file's order. */
  public List<Section> mounts() {
    return mounts;
  }

  private void top(Node root) {
    for (NodeTuple entry : mapping(root, "the file")) {
      String key = key(entry);
      if (key.equals(MOUNTS)) {
        mounts(entry.getValueNode());
      } else {
        OptionSpec option = option(entry, key);
        if (vocabulary.isMount(option)) {
          throw wrong(line(entry.getKeyNode()), key + ": must stand in a mount");
        }
        add(top, entry, key, option);
      }
    }
  }

  private void mounts(Node node) {
    for (NodeTuple entry : mapping(node, MOUNTS)) {
      String prefix = key(entry);
      Section mount = new Section(prefix, line(entry.getKeyNode()));
      for (NodeTuple inner : mapping(entry.getValueNode(), prefix)) {
        String key = key(inner);
        OptionSpec option = option(inner, key);
        if (vocabulary.isServer(option)) {
          throw wrong(line(inner.getKeyNode()), key + ": must stand at the top of the file");
        }
        add(mount, inner, key, option);
        if (vocabulary.isMount(option)) {
          mount.kinds++;
          mount.kind = option.longestName();
        }
      }
      if (mount.kinds != 1) {
        throw wrong(
            mount.line,
            "\"" + prefix + "\" must have one of " + String.join(", ", vocabulary.mounts()));
      }
      checkHolds(mount, entry.getValueNode());
      mounts.add(mount);
    }
  }

  /** Refuses an option that this kind of mount does not have. Ignoring it would hide a mistake. */
  private void checkHolds(Section mount, Node node) {
    for (NodeTuple inner : mapping(node, mount.prefix)) {
      String key = key(inner);
      if (!vocabulary.holds(mount.kind, option(inner, key))) {
        throw wrong(
            line(inner.getKeyNode()),
            key + ": is nothing for a mount of " + mount.kind.substring(2));
      }
    }
  }

  private OptionSpec option(NodeTuple entry, String key) {
    OptionSpec option = vocabulary.option(key);
    if (option == null) {
      throw wrong(
          line(entry.getKeyNode()),
          key + ": unknown key" + Alike.suggestion(key, vocabulary.keys()));
    }
    return option;
  }

  private void add(Section section, NodeTuple entry, String key, OptionSpec option) {
    Node value = entry.getValueNode();
    int line = line(entry.getKeyNode());
    if (section.places.putIfAbsent(option.longestName(), new Place(key, line)) != null) {
      throw wrong(line, key + ": must be given once");
    }
    if (vocabulary.isFlag(option)) {
      String text = scalar(value, key);
      if (!text.equals("true") && !text.equals("false")) {
        throw wrong(line(value), key + ": must be true or false: \"" + text + "\"");
      }
      section.words.add(Vocabulary.word(option, text));
      return;
    }
    List<String> texts = new ArrayList<>();
    if (value instanceof MappingNode map && vocabulary.isPair(option)) {
      for (NodeTuple pair : mapping(map, key)) {
        texts.add(key(pair) + "=" + scalar(pair.getValueNode(), key));
      }
    } else if (value instanceof SequenceNode list && option.isMultiValue()) {
      for (Node item : list.getValue()) {
        texts.add(scalar(item, key));
      }
    } else {
      texts.add(scalar(value, key));
    }
    if (texts.isEmpty() && vocabulary.isMount(option)) {
      throw wrong(line, key + ": must be one value");
    }
    if (texts.isEmpty() && !vocabulary.isPair(option)) {
      section.emptied.add(option.longestName());
    }
    for (String text : texts) {
      String resolved = RelativePaths.of(file).resolved(option, text);
      section.words.add(
          Vocabulary.word(
              option, vocabulary.isMount(option) ? section.prefix + "=" + resolved : resolved));
    }
  }

  private List<NodeTuple> mapping(Node node, String what) {
    if (node instanceof MappingNode map) {
      Map<String, Node> seen = new LinkedHashMap<>();
      for (NodeTuple entry : map.getValue()) {
        if (seen.putIfAbsent(key(entry), entry.getKeyNode()) != null) {
          throw wrong(line(entry.getKeyNode()), key(entry) + ": must be given once");
        }
      }
      return map.getValue();
    }
    throw wrong(line(node), what + ": must have keys and values");
  }

  private String key(NodeTuple entry) {
    return scalar(entry.getKeyNode(), "a key");
  }

  private String scalar(Node node, String what) {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw wrong(line(node), what + ": must be one value");
  }

  private static int line(Node node) {
    return node.getStartMark().getLine() + 1;
  }

  private LauncherException wrong(int line, String message) {
    return LauncherException.badArgument(file + ":" + line + ": " + message);
  }

  /** The key and the line of an option in the file. */
  private record Place(String key, int line) {}

  /** The words of one part of the file, and where they stand in it. */
  public final class Section {
    private final String prefix;
    private final int line;
    private final List<String> words = new ArrayList<>();
    private final Map<String, Place> places = new LinkedHashMap<>();

    /** Options with an empty list, which has no word. */
    private final Set<String> emptied = new HashSet<>();

    private String kind = "";
    private int kinds;

    Section(String prefix, int line) {
      this.prefix = prefix;
      this.line = line;
    }

    /** Returns the prefix of the mount; "" at the top. */
    public String prefix() {
      return prefix;
    }

    /** Returns the words as on a command line. */
    public List<String> words() {
      return words;
    }

    /** Returns defaults with these words in the place of those that they override. */
    public List<String> over(List<String> defaults) {
      List<String> left = new ArrayList<>(defaults);
      left.removeIf(word -> emptied.contains(word.substring(0, word.indexOf('='))));
      return vocabulary.merged(left, words);
    }

    /** Returns whether the section has the option. */
    public boolean has(String option) {
      return places.containsKey(option);
    }

    /**
     * Adds a line and a key to a failure. They are those of the option that the message names, or
     * else of the option that says what is mounted.
     */
    public LauncherException told(LauncherException e) {
      return told(spokenOf(e), e);
    }

    /**
     * Adds a line and a key to a failure if its message names an option that stands here. If that
     * option stands elsewhere, too, it has precedence there, and the failure stays as it is.
     */
    public LauncherException toldUnless(Set<String> elsewhere, LauncherException e) {
      String option = spokenOf(e);
      return option.isEmpty() || elsewhere.contains(option) ? e : told(option, e);
    }

    private LauncherException told(String option, LauncherException e) {
      Place place = places.getOrDefault(option, places.get(kind));
      return place == null
          ? wrong(line, String.valueOf(e.getMessage()))
          : wrong(place.line, place.key + ": " + e.getMessage());
    }

    /** Returns the option that the message names first, of those that stand here; "" for none. */
    private String spokenOf(LauncherException e) {
      String message = String.valueOf(e.getMessage());
      String found = "";
      int first = Integer.MAX_VALUE;
      for (String option : places.keySet()) {
        int at = message.indexOf(option);
        if (at >= 0 && (at < first || at == first && option.length() > found.length())) {
          found = option;
          first = at;
        }
      }
      return found;
    }
  }
}
