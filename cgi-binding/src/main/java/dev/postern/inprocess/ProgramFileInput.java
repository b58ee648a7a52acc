package dev.postern.inprocess;

import static java.util.Objects.requireNonNull;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/**
 * Replaces FileInputStream in rewritten code. Descriptor 0 is the request's body, also by its names
 * such as {@code /dev/stdin}, and {@code /proc/self/environ} shows the program's environment.
 */
public class ProgramFileInput extends FileInputStream {
  private final @Nullable InputStream standard;
  private final Run run;

  public ProgramFileInput(FileDescriptor descriptor, Instance instance) {
    super(descriptor == StreamShim.IN ? new FileDescriptor() : descriptor);
    run = instance.asked();
    standard = descriptor == StreamShim.IN ? run.input : null;
  }

  public ProgramFileInput(String name, Instance instance) throws FileNotFoundException {
    super(PathShim.opened(name, instance));
    run = instance.live();
    standard = PathShim.input(name, instance);
    run.opened(this);
  }

  public ProgramFileInput(File file, Instance instance) throws FileNotFoundException {
    this(file.getPath(), instance);
  }

  @Override
  public int read() throws IOException {
    return standard == null ? super.read() : standard.read();
  }

  @Override
  public int read(byte[] bytes) throws IOException {
    return read(bytes, 0, bytes.length);
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    return standard == null
        ? super.read(bytes, offset, length)
        : standard.read(bytes, offset, length);
  }

  @Override
  public byte[] readAllBytes() throws IOException {
    return standard == null ? super.readAllBytes() : standard.readAllBytes();
  }

  @Override
  public byte[] readNBytes(int length) throws IOException {
    return standard == null ? super.readNBytes(length) : standard.readNBytes(length);
  }

  @Override
  public long transferTo(OutputStream out) throws IOException {
    return standard == null ? super.transferTo(out) : standard.transferTo(out);
  }

  @Override
  public long skip(long count) throws IOException {
    return standard == null ? super.skip(count) : standard.skip(count);
  }

  @Override
  public int available() throws IOException {
    return standard == null ? super.available() : standard.available();
  }

  @Override
  public void close() throws IOException {
    run.closed(this);
    super.close();
  }

  /** Replaces FileReader in rewritten code, in the same way. */
  public static class Text extends FileReader {
    private final @Nullable InputStreamReader standard;

    public Text(FileDescriptor descriptor, Instance instance) {
      super(descriptor == StreamShim.IN ? new FileDescriptor() : descriptor);
      standard =
          new InputStreamReader(
              new ProgramFileInput(descriptor, instance), LocaleShim.charset(instance));
    }

    public Text(String name, Instance instance) throws IOException {
      this(name, LocaleShim.charset(instance), instance);
    }

    public Text(String name, Charset charset, Instance instance) throws IOException {
      this(new File(name), charset, instance);
    }

    public Text(File file, Instance instance) throws IOException {
      this(file, LocaleShim.charset(instance), instance);
    }

    public Text(File file, Charset charset, Instance instance) throws IOException {
      super(requireNonNull(PathShim.opened(file.getPath(), instance)), charset);
      InputStream own = PathShim.input(file.getPath(), instance);
      standard = own == null ? null : new InputStreamReader(own, charset);
      SystemShim.opened(this, instance);
    }

    @Override
    public @Nullable String getEncoding() {
      return standard == null ? super.getEncoding() : standard.getEncoding();
    }

    @Override
    public int read() throws IOException {
      return standard == null ? super.read() : standard.read();
    }

    @Override
    public int read(char[] text, int offset, int length) throws IOException {
      return standard == null
          ? super.read(text, offset, length)
          : standard.read(text, offset, length);
    }

    @Override
    public int read(CharBuffer text) throws IOException {
      return standard == null ? super.read(text) : standard.read(text);
    }

    @Override
    public boolean ready() throws IOException {
      return standard == null ? super.ready() : standard.ready();
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
