package dev.postern.hosting;

import dev.postern.process.RunningProgram;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one run was given and what it wrote, up to a bound of bytes for each stream. The threads
 * that run the program write it, one after the other. It is read when the run has ended.
 */
public final class RunTape {
  private final int bound;
  private final ByteArrayOutputStream input = new ByteArrayOutputStream();
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private byte[] errors = new byte[0];
  private List<String> command = List.of();
  private @Nullable Path directory;
  private Map<String, String> environment = Map.of();

  /** Keeps so many bytes of each stream. */
  RunTape(long bound) {
    this.bound = (int) Math.min(bound, Integer.MAX_VALUE - 8);
  }

  void begin(Hosted hosted, Map<String, String> given) {
    command = List.copyOf(hosted.command());
    directory = hosted.directory();
    environment = new LinkedHashMap<>(given);
  }

  /**
   * The same body. The tape keeps what is read of it. A body in memory stays a {@link
   * ByteArrayInputStream}.
   */
  InputStream input(InputStream body) {
    if (body instanceof ByteArrayInputStream memory) {
      byte[] all = memory.readAllBytes();
      memory.reset();
      add(input, all, all.length);
      return memory;
    }
    return new Copied(body);
  }

  void output(RunningProgram program) {
    if (output.size() < bound) {
      add(output, program.bytes(), program.length());
    }
  }

  void ended(RunningProgram program) {
    errors = program.errors().bytes();
  }

  private void add(ByteArrayOutputStream to, byte[] bytes, int length) {
    to.write(bytes, 0, Math.max(0, Math.min(length, bound - to.size())));
  }

  /** The command of the program itself; empty for a server of programs. */
  public List<String> command() {
    return command;
  }

  /** Where the command was started; null where nothing was started. */
  public @Nullable Path directory() {
    return directory;
  }

  /** The program's variables, bytes as chars; empty when the request was refused before. */
  public Map<String, String> environment() {
    return environment;
  }

  /** The first bytes of the request's body that the program was given. */
  public byte[] input() {
    return input.toByteArray();
  }

  /** The first bytes that the program wrote. */
  public byte[] output() {
    return output.toByteArray();
  }

  /** The last bytes of the program's standard error. */
  public byte[] errors() {
    return errors.clone();
  }

  /**
   * A body that is read by the thread that feeds the program. This thread ends before the run does.
   */
  private final class Copied extends FilterInputStream {
    Copied(InputStream body) {
      super(body);
    }

    @Override
    public int read() throws IOException {
      int one = in.read();
      if (one >= 0) {
        add(input, new byte[] {(byte) one}, 1);
      }
      return one;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = in.read(bytes, offset, length);
      if (read > 0) {
        input.write(bytes, offset, Math.max(0, Math.min(read, bound - input.size())));
      }
      return read;
    }
  }
}
