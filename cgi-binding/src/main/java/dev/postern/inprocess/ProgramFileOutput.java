package dev.postern.inprocess;

import static java.util.Objects.requireNonNull;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.FileWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/**
 * Replaces FileOutputStream in rewritten code. Descriptors 1 and 2 are the program's own, also by
 * their names such as {@code /dev/stdout}.
 */
public class ProgramFileOutput extends FileOutputStream {
  private final @Nullable OutputStream standard;
  private final boolean isDescriptor;
  private final Run run;
  private volatile boolean closed;

  public ProgramFileOutput(FileDescriptor descriptor, Instance instance) {
    super(isStandard(descriptor) ? new FileDescriptor() : descriptor);
    run = instance.live();
    standard = PathShim.output(descriptor, run);
    isDescriptor = true;
  }

  public ProgramFileOutput(String name, Instance instance) throws FileNotFoundException {
    this(name, false, instance);
  }

  public ProgramFileOutput(String name, boolean append, Instance instance)
      throws FileNotFoundException {
    super(PathShim.opened(name, instance), append);
    standard = PathShim.output(name, instance);
    isDescriptor = false;
    run = instance.live();
    run.opened(this);
  }

  public ProgramFileOutput(File file, Instance instance) throws FileNotFoundException {
    this(file, false, instance);
  }

  public ProgramFileOutput(File file, boolean append, Instance instance)
      throws FileNotFoundException {
    this(file.getPath(), append, instance);
  }

  private static boolean isStandard(FileDescriptor descriptor) {
    return descriptor == StreamShim.OUT || descriptor == StreamShim.ERR;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes) throws IOException {
    write(bytes, 0, bytes.length);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (standard == null) {
      super.write(bytes, offset, length);
    } else if (closed) {
      throw new IOException("Stream Closed");
    } else {
      standard.write(bytes, offset, length);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    run.closed(this);
    // Another descriptor of the same file does not close the program's output.
    if (isDescriptor && standard == run.pipe) {
      run.pipe.close();
    }
    super.close();
  }

  /** Replaces FileWriter in rewritten code, in the same way. */
  public static class Text extends FileWriter {
    private final @Nullable OutputStreamWriter standard;

    public Text(FileDescriptor descriptor, Instance instance) {
      super(isStandard(descriptor) ? new FileDescriptor() : descriptor);
      standard =
          new OutputStreamWriter(
              new ProgramFileOutput(descriptor, instance), LocaleShim.charset(instance));
    }

    public Text(String name, Instance instance) throws IOException {
      this(name, LocaleShim.charset(instance), false, instance);
    }

    public Text(String name, boolean append, Instance instance) throws IOException {
      this(name, LocaleShim.charset(instance), append, instance);
    }

    public Text(String name, Charset charset, Instance instance) throws IOException {
      this(name, charset, false, instance);
    }

    public Text(String name, Charset charset, boolean append, Instance instance)
        throws IOException {
      this(new File(name), charset, append, instance);
    }

    public Text(File file, Instance instance) throws IOException {
      this(file, LocaleShim.charset(instance), false, instance);
    }

    public Text(File file, boolean append, Instance instance) throws IOException {
      this(file, LocaleShim.charset(instance), append, instance);
    }

    public Text(File file, Charset charset, Instance instance) throws IOException {
      this(file, charset, false, instance);
    }

    public Text(File file, Charset charset, boolean append, Instance instance) throws IOException {
      super(requireNonNull(PathShim.opened(file.getPath(), instance)), charset, append);
      standard =
          PathShim.output(file.getPath(), instance) == null
              ? null
              : new OutputStreamWriter(new ProgramFileOutput(file, append, instance), charset);
      SystemShim.opened(this, instance);
    }

    @Override
    public @Nullable String getEncoding() {
      return standard == null ? super.getEncoding() : standard.getEncoding();
    }

    @Override
    public void write(int c) throws IOException {
      if (standard == null) {
        super.write(c);
      } else {
        standard.write(c);
      }
    }

    @Override
    public void write(char[] text, int offset, int length) throws IOException {
      if (standard == null) {
        super.write(text, offset, length);
      } else {
        standard.write(text, offset, length);
      }
    }

    @Override
    public void write(String text, int offset, int length) throws IOException {
      if (standard == null) {
        super.write(text, offset, length);
      } else {
        standard.write(text, offset, length);
      }
    }

    @Override
    public Writer append(@Nullable CharSequence text) throws IOException {
      write(String.valueOf(text));
      return this;
    }

    @Override
    public void flush() throws IOException {
      if (standard == null) {
        super.flush();
      } else {
        standard.flush();
      }
    }

    @Override
    public void close() throws IOException {
      if (standard != null) {
        standard.close();
      }
      super.close();
    }
  }
}
