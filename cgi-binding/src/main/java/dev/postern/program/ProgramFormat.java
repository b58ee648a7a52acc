package dev.postern.program;

import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.system.FileNames;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks whether the kernel will run a file. The kernel runs only a file that is ELF or starts with
 * {@code #!}. The C library hands any other file to /bin/sh, and takes an empty file for a program
 * that succeeds. The same holds for an interpreter.
 */
final class ProgramFormat {
  /** How many bytes of a script the kernel reads to find its interpreter. */
  private static final int FIRST_LINE = 256;

  /** How many scripts in a row the kernel follows when a script's interpreter is a script again. */
  private static final int MAX_NESTED = 4;

  private static final int MAX_KNOWN = 1024;
  private static final boolean LINUX = System.getProperty("os.name", "").startsWith("Linux");

  /**
   * Files that were found good, with the attributes that they had then. Most requests use a few
   * files only.
   */
  private static final Map<Path, Known> KNOWN = new ConcurrentHashMap<>();

  /**
   * A file that can run. After a change or a replacement it counts as another file.
   *
   * @param interpreter the interpreter that its first line names, bytes as chars; null for none
   */
  private record Known(
      FileTime modified, long size, @Nullable Object key, @Nullable String interpreter) {
    boolean isStill(BasicFileAttributes now) {
      return size == now.size()
          && modified.equals(now.lastModifiedTime())
          && Objects.equals(key, now.fileKey());
    }
  }

  private ProgramFormat() {}

  /**
   * Refuses a program that would not run, or that a shell would run.
   *
   * @throws GatewayException with status 500: {@code bad-interpreter} if the interpreter is at
   *     fault, otherwise {@code not-a-program}
   */
  static void check(Path program) throws GatewayException {
    check(program, program, 0);
  }

  /**
   * Refuses an interpreter that would not run.
   *
   * @param name the interpreter as the program or the configuration names it, bytes as chars
   * @throws GatewayException with status 500
   */
  static void checkInterpreter(Path program, String name) throws GatewayException {
    checkInterpreter(program, name, 1);
  }

  private static void check(Path file, Path program, int nested) throws GatewayException {
    Known known;
    try {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      known = KNOWN.get(file);
      if (known == null || !known.isStill(now)) {
        String interpreter = read(file, program, nested);
        known = new Known(now.lastModifiedTime(), now.size(), now.fileKey(), interpreter);
        if (KNOWN.size() >= MAX_KNOWN) {
          KNOWN.clear();
        }
        KNOWN.put(file, known);
      }
    } catch (GatewayException e) {
      throw e;
    } catch (IOException e) {
      // The file cannot be read. A binary may have execute permission without read permission.
      return;
    }
    if (known.interpreter() != null) {
      checkInterpreter(program, known.interpreter(), nested + 1);
    }
  }

  /** The interpreter that a good file names, or null for none. */
  private static @Nullable String read(Path file, Path program, int nested) throws IOException {
    byte[] start = new byte[FIRST_LINE];
    try (InputStream in = Files.newInputStream(file)) {
      start = Arrays.copyOf(start, in.readNBytes(start, 0, start.length));
    }
    if (ElfFile.isElf(start)) {
      String wrong = LINUX ? ElfFile.problem(file) : null;
      if (wrong != null) {
        throw noProgram(file, program, nested, wrong);
      }
    } else if (start.length >= 3 && start[0] == '#' && start[1] == '!') {
      checkLookedUp(program, start);
      return interpreter(start);
    } else if (LINUX) {
      throw noProgram(file, program, nested, "it must be ELF or start with #!" + mark(start));
    }
    return null;
  }

  private static void checkInterpreter(Path program, String name, int nested)
      throws GatewayException {
    String text = FileNames.ofBytes(name);
    Path file =
        text != null && text.startsWith("/") && text.indexOf('\0') < 0 ? Path.of(text) : null;
    if (file == null || !Files.isRegularFile(file) || !Files.isExecutable(file)) {
      throw badInterpreter(
          program,
          Escapes.quote(name)
              + (name.endsWith("\r") ? ": line ends are CR LF" : "")
              + (name.isEmpty() ? ": none is named" : ""));
    }
    if (nested > MAX_NESTED) {
      throw badInterpreter(program, Escapes.quote(name) + ": scripts run each other too often");
    }
    check(file, program, nested);
  }

  private static GatewayException noProgram(Path file, Path program, int nested, String wrong) {
    if (nested > 0) {
      return badInterpreter(program, Escapes.quote(file.toString()) + ": " + wrong);
    }
    return Refusal.of(
        500, "not-a-program", "program must be one that can run: " + file + ": " + wrong);
  }

  private static GatewayException badInterpreter(Path program, String what) {
    return Refusal.of(
        500,
        "bad-interpreter",
        "interpreter must be an executable file: " + what + ", named by " + program);
  }

  /**
   * Refuses a first line for {@code env} that ends in CR LF, because {@code env} would look for a
   * program whose name ends in the CR.
   */
  private static void checkLookedUp(Path program, byte[] start) throws GatewayException {
    String text = new String(start, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n");
    if (end > 0 && end == text.indexOf('\n') - 1 && interpreter(start).endsWith("/env")) {
      String name = text.substring(text.lastIndexOf(' ', end) + 1, end + 1);
      throw badInterpreter(program, Escapes.quote(name) + ": line ends are CR LF");
    }
  }

  /**
   * A hint for the log if the file starts with the three bytes that editors of other systems write
   * before the first line.
   */
  private static String mark(byte[] start) {
    return start.length >= 3
            && start[0] == (byte) 0xEF
            && start[1] == (byte) 0xBB
            && start[2] == (byte) 0xBF
        ? ", and starts with a byte order mark"
        : "";
  }

  /**
   * The interpreter as the kernel reads it: up to a space, a tab or the line's end. A CR is part of
   * the name.
   */
  private static String interpreter(byte[] start) {
    int from = 2;
    while (from < start.length && (start[from] == ' ' || start[from] == '\t')) {
      from++;
    }
    int to = from;
    while (to < start.length && start[to] != ' ' && start[to] != '\t' && start[to] != '\n') {
      to++;
    }
    return new String(start, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
