package dev.postern.warm;

import dev.postern.process.StartPath;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The interpreters that can load a script once and fork. */
enum Language {
  /** Compiles the script once, and forks where its main program would begin. */
  PERL("perl", ".pl") {
    // Under -T, the match in the reader untaints what the reader has read.
    @Override
    List<String> words(Mode mode, String script) {
      String load = "-M5.006;" + "BEGIN{" + PERL_READER + "}";
      // A reused script is called by the main program, after all INIT blocks.
      return mode == Mode.REUSE
          ? List.of(load, "-e", "Postern::Warm::reuse()", script)
          : List.of(load, script);
    }

    @Override
    boolean allows(String option) {
      return option.matches("-(?:[wWTtXU]|l[0-7]*|C[0-9A-Za-z]*)+|-[MmI][\\w:/.,=+-]+");
    }

    @Override
    String settings(Settings settings) {
      StringBuilder text =
          // This sub stands first, so that the script it compiles sees no variable and no pragma of
          // ours.
          new StringBuilder("sub Postern::Warm::compile{package main;eval$_[0]} ");
      text.append("package Postern::Warm; no strict; no warnings; our $mode = ")
          .append(quote(settings.mode().name().toLowerCase(Locale.ROOT)))
          .append("; our @preload = (");
      settings
          .preload()
          .forEach(
              (name, file) ->
                  text.append('[')
                      .append(quote(name))
                      .append(',')
                      .append(quote(file))
                      .append("],"));
      text.append("); our @request = (");
      settings.requestNames().forEach(name -> text.append(quote(name)).append(','));
      return text.append("); our $reset = ")
          .append(settings.reset() ? 1 : 0)
          .append("; our $learning = ")
          .append(settings.learning() ? 1 : 0)
          .append("; our $graceful = ")
          .append(settings.graceful())
          .append(";\n")
          .toString();
    }
  },

  /** Imports modules and compiles the script once; each child runs it from its first line. */
  PYTHON("python", ".py") {
    @Override
    List<String> words(Mode mode, String script) {
      return List.of("-c", PYTHON_READER, script);
    }

    @Override
    boolean allows(String option) {
      return option.matches("-[bBdEIOPqsSu]+|-X[\\w=]+|-W[\\w:.]+");
    }

    @Override
    String settings(Settings settings) {
      StringBuilder text = new StringBuilder("preload = [");
      settings
          .preload()
          .forEach(
              (name, file) ->
                  text.append('(')
                      .append(quote(name))
                      .append(',')
                      .append(quote(file))
                      .append("),"));
      text.append("]\nrequest_names = {''");
      settings.requestNames().forEach(name -> text.append(',').append(quote(name)));
      return text.append("}\nreset = ")
          .append(settings.reset() ? "True" : "False")
          .append("\nlearning = ")
          .append(settings.learning() ? "True" : "False")
          .append("\ngraceful = ")
          .append(settings.graceful())
          .append('\n')
          .toString();
    }
  },

  /** Loads what Ruby loads by itself; each child compiles its script. */
  RUBY("ruby", ".rb") {
    // Ruby takes code that runs before a script only from a file.
    @Override
    List<String> words(Mode mode, String script) throws IOException {
      return List.of("-r", RubyFile.path(), script);
    }

    @Override
    boolean allows(String option) {
      return option.matches("-[wU]+|-W[0-2]?|-W:[\\w-]+|-E[\\w:-]+|--(?:en|dis)able=[\\w,-]+");
    }

    @Override
    String settings(Settings settings) {
      return settings.reset() ? "reset=1" : "reset=0";
    }

    @Override
    byte[] text(Settings settings) {
      return (settings(settings) + '\0').getBytes(StandardCharsets.UTF_8);
    }
  };

  /**
   * Reads the text of a server on a handle of its own, to which the layers of {@code -C} do not
   * apply. Ends the interpreter when the text ends early, as with the JVM: it would go on to the
   * script.
   */
  static final String PERL_READER =
      "open$Postern::f,'<&0';binmode$Postern::f;$Postern::s='';"
          + "1 while$Postern::s!~/\\0\\z/&&sysread$Postern::f,$Postern::s,65536,length$Postern::s;"
          + "close$Postern::f;$Postern::s=~/(.*)\\0/s or exit;eval\"$1;1\"or die$@";

  /**
   * By -c, Python would look for modules in the working directory first. It does not for a script.
   */
  static final String PYTHON_READER =
      """
      import sys
      if sys.path[:1]==['']:del sys.path[0]
      import os
      s=b''
      while s[-1:]!=b'\\0':
       d=os.read(0,65536)
       if not d:os._exit(0)
       s+=d
      exec(compile(s[:-1],'<postern>','exec'))\
      """;

  /**
   * What a server is told before it loads.
   *
   * @param mode how much is loaded once
   * @param preload modules by their names, with their files
   * @param requestNames variables that differ from request to request, beyond those of headers
   * @param reset whether signals that an ancestor ignores are set to their defaults, as a process
   *     of our own would have them
   * @param learning whether children tell what they have loaded
   * @param graceful how many seconds a worker has for its end, when it gets no more requests
   */
  record Settings(
      Mode mode,
      Map<String, String> preload,
      Collection<String> requestNames,
      boolean reset,
      boolean learning,
      int graceful) {}

  /** What a process that has loaded a script does with it. */
  enum Mode {
    /** Compiles it, and forks children that run it. */
    SCRIPT,
    /** Loads its libraries, and forks children that compile and run it. */
    LIBRARIES,
    /** Runs it again and again. */
    REUSE
  }

  private final String name;
  private final String suffix;

  Language(String name, String suffix) {
    this.name = name;
    this.suffix = suffix;
  }

  /** How the names of its interpreters begin. */
  String program() {
    return name;
  }

  /** The words after the interpreter and its options. */
  abstract List<String> words(Mode mode, String script) throws IOException;

  /** Whether a server can behave like an interpreter with that option. */
  abstract boolean allows(String option);

  abstract String settings(Settings settings);

  /** Whether a server can load libraries alone where it must not load the script. */
  boolean hasLibrariesRung() {
    return this == PERL;
  }

  /** What the interpreter reads first, up to a NUL. */
  byte[] text(Settings settings) {
    String main = settings.mode() == Mode.REUSE ? "reuse" : "fork";
    return text(settings(settings), "pipes" + suffix, "load" + suffix, main + suffix);
  }

  /**
   * Those modules of a group that can be of this language, by the names that this language has for
   * them.
   */
  Map<String, String> modules(List<String> names) {
    Map<String, String> files = new LinkedHashMap<>();
    for (String name : names) {
      if (this == PERL && !name.contains(".")) {
        files.put(name.replace("::", "/") + ".pm", "");
      } else if (this == PYTHON && !name.contains("::")) {
        files.put(name, "");
      }
    }
    return files;
  }

  /** Whether one process can run a script of it again and again. */
  boolean isReusable() {
    return this != RUBY;
  }

  /** The settings and then resources of this package, with a NUL at the end. */
  static byte[] text(String settings, String... resources) {
    StringBuilder text = new StringBuilder(settings);
    for (String resource : resources) {
      text.append(Texts.read(resource));
    }
    return text.append('\0').toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Whether signals that an ancestor ignores are set to their defaults, as posix_spawn does. */
  static boolean resets() {
    return StartPath.inForce() == StartPath.NATIVE;
  }

  /** The bytes, one char each, as a literal of both Perl and Python. */
  static String quote(String bytes) {
    StringBuilder literal = new StringBuilder(bytes.length() + 16).append('"');
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (c < 0x80 && Character.isLetterOrDigit(c) || "_/:.".indexOf(c) >= 0) {
        literal.append(c);
      } else {
        literal.append("\\x").append(HexFormat.of().toHexDigits((byte) c));
      }
    }
    return literal.append('"').toString();
  }

  private static final class Texts {
    private static final Map<String, String> READ = new ConcurrentHashMap<>();

    static String read(String resource) {
      return READ.computeIfAbsent(resource, Texts::readOnce);
    }

    private static String readOnce(String resource) {
      try (InputStream in = Language.class.getResourceAsStream(resource)) {
        if (in == null) {
          throw new IllegalStateException("resource must be there: " + resource);
        }
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * The file that Ruby loads, in a directory that nobody else can write to. Ruby may run as another
   * user.
   */
  private static final class RubyFile {
    private static @Nullable Path file;

    static synchronized String path() throws IOException {
      if (file == null || !Files.exists(file)) {
        // The JDK makes the directory for its owner alone.
        Path directory = Files.createTempDirectory("postern-ruby");
        Path made = directory.resolve("fork.rb");
        directory.toFile().deleteOnExit();
        made.toFile().deleteOnExit();
        Files.writeString(made, Texts.read("fork.rb"));
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-r--r--"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        file = made;
      }
      return file.toString();
    }
  }
}
