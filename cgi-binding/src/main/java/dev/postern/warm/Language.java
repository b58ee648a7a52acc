package dev.postern.warm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The interpreters that can load a script once and fork. */
enum Language {
  /** Compiles the script once, and forks where its main program would begin. */
  PERL("perl", "fork.pl") {
    /**
     * The match untaints what was read, for {@code -T}; a handle of its own has no layers of {@code
     * -C}.
     */
    @Override
    List<String> words(String script) {
      return List.of(
          "-M5.006;BEGIN{open my$f,'<&0';binmode$f;my$s='';"
              + "1 while$s!~/\\0\\z/&&sysread($f,$s,65536,length$s);"
              + "$s=~/(.*)\\0/s;eval\"$1;1\"or die$@}",
          script);
    }

    @Override
    boolean allows(String option) {
      return option.matches("-(?:[wWTtXU]|l[0-7]*|C[0-9A-Za-z]*)+|-[MmI][\\w:/.,=+-]+");
    }

    @Override
    String settings(Settings settings) {
      StringBuilder text =
          new StringBuilder("package Postern::Warm; no strict; no warnings; our $mode = ");
      text.append(settings.libraries() ? "'libraries'" : "'script'").append("; our @preload = (");
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
          .append(";\n")
          .toString();
    }
  },

  /** Imports modules and compiles the script once; each child runs it from its first line. */
  PYTHON("python", "fork.py") {
    @Override
    List<String> words(String script) {
      return List.of(
          "-c",
          """
          import os
          s=b''
          while s[-1:]!=b'\\0':
           d=os.read(0,65536)
           if not d:os._exit(0)
           s+=d
          exec(compile(s[:-1],'<postern>','exec'))""",
          script);
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
          .append('\n')
          .toString();
    }
  };

  /**
   * What a server is told before it loads.
   *
   * @param libraries whether children compile the script
   * @param preload modules by their names, with their files
   * @param requestNames variables that differ from request to request, beyond those that always do
   * @param reset whether signals that an ancestor ignores are set to their defaults, as a process
   *     of our own would have them
   * @param learning whether children tell what they have loaded
   */
  record Settings(
      boolean libraries,
      Map<String, String> preload,
      Collection<String> requestNames,
      boolean reset,
      boolean learning) {}

  private final String name;
  private final String resource;

  Language(String name, String resource) {
    this.name = name;
    this.resource = resource;
  }

  /** What the names of its interpreters begin with. */
  String program() {
    return name;
  }

  /** What stands after the interpreter and its options. */
  abstract List<String> words(String script);

  /** Whether a server can do as an interpreter with that option. */
  abstract boolean allows(String option);

  abstract String settings(Settings settings);

  /** Whether a server can load libraries alone where it must not load the script. */
  boolean hasLibrariesRung() {
    return this == PERL;
  }

  /** What the interpreter reads first, up to a NUL. */
  byte[] text(Settings settings) {
    return (settings(settings) + Texts.of(resource) + '\0').getBytes(StandardCharsets.UTF_8);
  }

  private static String quote(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  private static final class Texts {
    private static final Map<String, String> READ =
        Map.of("fork.pl", read("fork.pl"), "fork.py", read("fork.py"));

    static String of(String resource) {
      return READ.getOrDefault(resource, "");
    }

    private static String read(String resource) {
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
}
