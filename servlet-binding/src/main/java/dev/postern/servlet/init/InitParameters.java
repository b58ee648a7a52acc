package dev.postern.servlet.init;

import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletException;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The init parameters of a servlet. Each parameter is taken once. A parameter that is left at the
 * end is unknown. A value is text, trimmed. Confined to the thread that starts the servlet.
 */
public final class InitParameters {
  /** {@code 1*DIGIT [ "ms" / "s" / "m" / "h" ]}; seconds if there is no unit. */
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|)");

  /** {@code 1*DIGIT [ "K" / "M" / "G" ]}; bytes if there is no unit. */
  private static final Pattern BYTES = Pattern.compile("(\\d{1,12})\\s*([KMG]?)");

  /** The directories where a command is looked for that is no absolute path. */
  private static final String SEARCH = "/usr/local/bin:/usr/bin:/bin";

  private final Map<String, String> left = new TreeMap<>();
  private final Set<String> known = new LinkedHashSet<>();

  private InitParameters() {}

  /** The parameters of a servlet. */
  public static InitParameters of(ServletConfig config) {
    return of(config.getInitParameterNames(), config::getInitParameter);
  }

  /** The parameters of a filter, or of anything else that has parameters. */
  public static InitParameters of(
      Enumeration<String> names, Function<String, @Nullable String> values) {
    InitParameters parameters = new InitParameters();
    for (String name : Collections.list(names)) {
      String value = values.apply(name);
      if (value != null) {
        parameters.left.put(name, value.trim());
      }
    }
    return parameters;
  }

  /** Whether the parameter is given, and not taken yet. */
  public boolean has(String name) {
    return left.containsKey(name);
  }

  /** The value; null if the parameter is not given. This does not take the parameter. */
  public @Nullable String peek(String name) {
    return left.get(name);
  }

  /** Takes a text; null if it is not given. */
  public @Nullable String text(String name) {
    known.add(name);
    return left.remove(name);
  }

  /**
   * Takes all parameters whose names start with {@code prefix}. The keys are the rests of their
   * names.
   */
  public Map<String, String> startingWith(String prefix) {
    known.add(prefix + "*");
    Map<String, String> found = new LinkedHashMap<>();
    for (String name : List.copyOf(left.keySet())) {
      if (name.startsWith(prefix)) {
        found.put(name.substring(prefix.length()), String.valueOf(left.remove(name)));
      }
    }
    return found;
  }

  /** Takes true or false; false if it is not given. */
  public boolean flag(String name) throws ServletException {
    String value = text(name);
    if (value == null || value.equals("false")) {
      return false;
    }
    if (value.equals("true")) {
      return true;
    }
    throw refused(name, "must be true or false", value);
  }

  /** Takes a time; null if it is not given. */
  public @Nullable Duration duration(String name) throws ServletException {
    String value = text(name);
    if (value == null) {
      return null;
    }
    Matcher matcher = DURATION.matcher(value);
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      Duration duration =
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofSeconds(number);
          };
      if (!duration.isZero()) {
        return duration;
      }
    }
    throw refused(name, "must be a time above 0, in seconds or with ms, s, m or h", value);
  }

  /** Takes a number of bytes; -1 if it is not given. */
  public long bytes(String name) throws ServletException {
    String value = text(name);
    if (value == null) {
      return -1;
    }
    Matcher matcher = BYTES.matcher(value.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw refused(name, "must be a number of bytes, or one with K, M or G", value);
    }
    int shift = matcher.group(2).isEmpty() ? 0 : "KMG".indexOf(matcher.group(2)) * 10 + 10;
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    } catch (ArithmeticException e) {
      throw refused(name, "must be less than 8 EiB", value);
    }
  }

  /** Takes a number of at least {@code least}; -1 if it is not given. */
  public int number(String name, int least) throws ServletException {
    String value = text(name);
    if (value == null) {
      return -1;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Refused below, like a number that is too small.
    }
    throw refused(name, "must be a number, at least " + least, value);
  }

  /** Takes words between commas or spaces; null if they are not given. */
  public @Nullable List<String> words(String name) throws ServletException {
    String value = text(name);
    if (value == null) {
      return null;
    }
    List<String> words = split(value, "[,\\s]+");
    if (words.isEmpty()) {
      throw refused(name, "must be a list, with commas between", value);
    }
    return words;
  }

  /** Takes an absolute path; null if it is not given. */
  public @Nullable Path path(String name) throws ServletException {
    String value = text(name);
    return value == null ? null : path(name, value);
  }

  /** The absolute path in a parameter's value, or in a part of the value. */
  public static Path path(String name, String value) throws ServletException {
    try {
      Path path = Path.of(value);
      if (path.isAbsolute()) {
        return path;
      }
    } catch (InvalidPathException e) {
      // Refused below, like a path that is not absolute.
    }
    throw refused(name, "must be an absolute path", value);
  }

  /** Takes an enum's constant, in any case and with hyphens; null if it is not given. */
  public <E extends Enum<E>> @Nullable E constant(String name, Class<E> type)
      throws ServletException {
    String value = text(name);
    if (value == null) {
      return null;
    }
    String wanted = value.replace('-', '_');
    List<String> all = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(wanted)) {
        return constant;
      }
      all.add(constant.name());
    }
    throw refused(name, "must be one of " + String.join(", ", all), value);
  }

  /** Takes the name of a class and makes an object of it; null if it is not given. */
  public <T> @Nullable T instance(String name, Class<T> type, String what) throws ServletException {
    String value = text(name);
    if (value == null) {
      return null;
    }
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    try {
      return Class.forName(
              value, true, context == null ? InitParameters.class.getClassLoader() : context)
          .asSubclass(type)
          .getConstructor()
          .newInstance();
    } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
      // Containers show only the innermost cause. With e as the cause, this text would be lost.
      ServletException refused =
          new ServletException(
              "init parameter "
                  + name
                  + " must name "
                  + what
                  + " that has a public constructor without arguments: \""
                  + value
                  + "\": "
                  + (e instanceof InvocationTargetException ? e.getCause() : e));
      refused.addSuppressed(e);
      throw refused;
    }
  }

  /**
   * A command. If its first word is only a name, it is looked for in the system's directories of
   * programs.
   */
  public static List<String> command(String name, List<String> words) throws ServletException {
    String program = words.isEmpty() ? "" : words.get(0);
    List<String> command = new ArrayList<>(words);
    if (program.startsWith("/")) {
      return command;
    }
    if (!program.isEmpty() && program.indexOf('/') < 0) {
      for (String directory : SEARCH.split(":", -1)) {
        File file = new File(directory, program);
        if (Files.isExecutable(file.toPath())) {
          command.set(0, file.getPath());
          return command;
        }
      }
    }
    throw refused(name, "must be an absolute path, or the name of a program in " + SEARCH, program);
  }

  /** The parts of a text that are not empty. */
  public static List<String> split(String value, String separator) {
    List<String> words = new ArrayList<>(List.of(value.split(separator, -1)));
    words.removeIf(String::isEmpty);
    return words;
  }

  /**
   * Takes parameters whose values somebody else reads.
   *
   * @param names the names; one with a star at its end is a prefix
   */
  public void leave(Set<String> names) {
    for (String name : names) {
      if (name.endsWith("*")) {
        startingWith(name.substring(0, name.length() - 1));
      } else {
        text(name);
      }
    }
  }

  /** Refuses parameters that nobody has asked for. */
  public void refuseOthers() throws ServletException {
    for (String name : left.keySet()) {
      throw new ServletException(
          "init parameter must be one that there is: \""
              + name
              + "\"; there are "
              + String.join(", ", known));
    }
  }

  /** The names that somebody has asked for. A name with a star at its end is a prefix. */
  public Set<String> known() {
    return Collections.unmodifiableSet(known);
  }

  /**
   * The exception that stops the start. It says the parameter's name, what is allowed, and the
   * value.
   */
  public static ServletException refused(String name, String rule, @Nullable String value) {
    return new ServletException(
        "init parameter " + name + " " + rule + (value == null ? "" : ": \"" + value + "\""));
  }
}
