package dev.postern.inprocess;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
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
    run.open.add(this);
  }

  public ProgramFileOutput(File file, Instance instance) throws FileNotFoundException {
    this(file, false, instance);
  }

  public ProgramFileOutput(File file, boolean append, Instance instance)
      throws FileNotFoundException {
    super(FileShim.resolved(file, instance), append);
    standard = null;
    run = instance.live();
    run.open.add(this);
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
    run.open.remove(this);
    if (standard == run.pipe) {
      run.pipe.close();
    }
    super.close();
  }
}
