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
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The init parameters of a servlet, each of which is taken once: what is left at the end is
 * unknown. A value is text, trimmed. Confined to the thread that starts the servlet.
 */
public final class InitParameters {
  /** {@code 1*DIGIT [ "ms" / "s" / "m" / "h" ]}; seconds where there is no unit. */
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|)");

  /** {@code 1*DIGIT [ "K" / "M" / "G" ]}; bytes where there is no unit. */
  private static final Pattern BYTES = Pattern.compile("(\\d{1,12})\\s*([KMG]?)");

  /** Where commands are looked for that are no absolute path. */
  private static final String SEARCH = "/usr/local/bin:/usr/bin:/bin";

  private final Map<String, String> left = new TreeMap<>();
  private final Set<String> known = new LinkedHashSet<>();

  private InitParameters() {}

  /** Those of a servlet. */
  public static InitParameters of(ServletConfig config) {
    return of(config.getInitParameterNames(), config::getInitParameter);
  }

  /** Those of a filter, or of whatever has some. */
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

  /** Whether it is given, and not taken yet. */
  public boolean has(String name) {
    return left.containsKey(name);
  }

  /** Null where it is not given. It is not taken by that. */
  public @Nullable String peek(String name) {
    return left.get(name);
  }

  /** Null where it is not given. */
  public @Nullable String text(String name) {
    known.add(name);
    return left.remove(name);
  }

  /** Those whose names start so, by the rest of their names. */
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

  /** False where it is not given. */
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

  /** Null where it is not given. */
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

  /** -1 where it is not given. */
  public long bytes(String name) throws ServletException {
    String value = text(name);
    if (value == null) {
      return -1;
    }
    Matcher matcher = BYTES.matcher(value.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw refused(name, "must be a number of bytes, or one with K, M or G", value);
    }
    int shift = "KMG".indexOf(matcher.group(2)) * 10 + 10;
    return Long.parseLong(matcher.group(1)) << (matcher.group(2).isEmpty() ? 0 : shift);
  }

  /** -1 where it is not given. */
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
      // As a number that is too small.
    }
    throw refused(name, "must be a number, at least " + least, value);
  }

  /** Words between commas or spaces; null where it is not given. */
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

  /** An absolute path; null where it is not given. */
  public @Nullable Path path(String name) throws ServletException {
    String value = text(name);
    return value == null ? null : path(name, value);
  }

  /** The absolute path that a parameter's value, or a part of it, is. */
  public static Path path(String name, String value) throws ServletException {
    try {
      Path path = Path.of(value);
      if (path.isAbsolute()) {
        return path;
      }
    } catch (InvalidPathException e) {
      // As one that is not absolute.
    }
    throw refused(name, "must be an absolute path", value);
  }

  /** One of an enum's constants, in any case and with hyphens; null where it is not given. */
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

  /** An object of the class that is named; null where it is not given. */
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
      // Not as its cause: containers show the innermost cause, and then nothing of this text.
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

  /** A command: its first word is looked for in the system's directories of programs. */
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
   * Refuses what nobody has asked for.
   *
   * @param others names that are not ours but are allowed
   */
  public void refuseOthers(Predicate<String> others) throws ServletException {
    for (String name : left.keySet()) {
      if (!others.test(name)) {
        throw new ServletException(
            "init parameter must be one that there is: \""
                + name
                + "\"; there are "
                + String.join(", ", known));
      }
    }
  }

  /** All that {@link #refuseOthers} would let pass. */
  public Set<String> known() {
    return Collections.unmodifiableSet(known);
  }

  /** What stops the start: the parameter's name, what is allowed, and its value. */
  public static ServletException refused(String name, String rule, @Nullable String value) {
    return new ServletException(
        "init parameter " + name + " " + rule + (value == null ? "" : ": \"" + value + "\""));
  }
}
