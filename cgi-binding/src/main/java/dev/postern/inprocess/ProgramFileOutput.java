package dev.postern.inprocess;

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

/** Replaces FileOutputStream in rewritten code. Descriptors 1 and 2 are the program's own. */
public class ProgramFileOutput extends FileOutputStream {
  private final @Nullable OutputStream standard;
  private final Run run;
  private volatile boolean closed;

  public ProgramFileOutput(FileDescriptor descriptor, Instance instance) {
    super(isStandard(descriptor) ? new FileDescriptor() : descriptor);
    run = instance.live();
    standard =
        descriptor == StreamShim.OUT
            ? run.pipe
            : descriptor == StreamShim.ERR ? run.rawErrors : null;
  }

  public ProgramFileOutput(String name, Instance instance) throws FileNotFoundException {
    this(name, false, instance);
  }

  public ProgramFileOutput(String name, boolean append, Instance instance)
      throws FileNotFoundException {
    super(FileShim.resolved(name, instance), append);
    standard = null;
    run = instance.live();
    run.opened(this);
  }

  public ProgramFileOutput(File file, Instance instance) throws FileNotFoundException {
    this(file, false, instance);
  }

  public ProgramFileOutput(File file, boolean append, Instance instance)
      throws FileNotFoundException {
    super(FileShim.resolved(file, instance), append);
    standard = null;
    run = instance.live();
    run.opened(this);
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
    if (standard == run.pipe) {
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
      super(FileShim.resolved(name, instance), charset, append);
      standard = null;
      SystemShim.opened(this, instance);
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
      super(FileShim.resolved(file, instance), charset, append);
      standard = null;
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
