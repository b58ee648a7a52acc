package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A real process, of which one thing fails that the system can refuse. */
public final class FaultyProcess extends HostedProcess {
  /** What fails. */
  public enum Fault {
    START,
    START_ERROR,
    READ,
    READ_ERROR,
    TERMINATE,
    AWAIT_EXIT,
    ERRORS,
    CLOSE
  }

  private final HostedProcess real;
  private final Fault fault;

  private FaultyProcess(HostedProcess real, Fault fault) {
    this.real = real;
    this.fault = fault;
  }

  public static HostedProcess start(
      Fault fault,
      List<String> command,
      Map<String, String> environment,
      Path directory,
      InputStream body)
      throws IOException {
    switch (fault) {
      case START -> throw new IOException("error=11, Resource temporarily unavailable");
      case START_ERROR -> throw new OutOfMemoryError("unable to create native thread");
      default -> {
        return new FaultyProcess(
            PortableProcess.launch(command, environment, directory, body, false), fault);
      }
    }
  }

  @Override
  public byte[] bytes() {
    return real.bytes();
  }

  @Override
  public int length() {
    return real.length();
  }

  @Override
  public boolean hasMore() {
    return real.hasMore();
  }

  @Override
  Session session() {
    return new FaultySession(real.session());
  }

  @Override
  void releaseBlock() {
    real.releaseBlock();
  }

  @Override
  boolean nextBlock(long nanos) throws IOException, InterruptedException {
    if (fault == Fault.READ) {
      throw new IOException("Input/output error");
    }
    if (fault == Fault.READ_ERROR) {
      throw new IllegalStateException("read must not fail like this");
    }
    return real.nextBlock(nanos);
  }

  @Override
  boolean isOutputEnded() {
    return real.isOutputEnded();
  }

  @Override
  void wakeReader() {
    real.wakeReader();
  }

  @Override
  boolean isBodyAwaited() {
    return real.isBodyAwaited();
  }

  @Override
  void stopInput() {
    real.stopInput();
  }

  @Override
  boolean awaitExit(long nanos) throws InterruptedException {
    if (fault == Fault.AWAIT_EXIT) {
      throw new InterruptedException();
    }
    return real.awaitExit(nanos);
  }

  @Override
  int exitCode() {
    return real.exitCode();
  }

  @Override
  void stopReading() {
    real.stopReading();
  }

  @Override
  void awaitErrors() throws InterruptedException {
    if (fault == Fault.ERRORS) {
      throw new InterruptedException();
    }
    real.awaitErrors();
  }

  @Override
  void release() {
    real.release();
    if (fault == Fault.CLOSE) {
      throw new IllegalStateException("close must not fail like this");
    }
  }

  /** Whose TERM is lost. */
  private final class FaultySession extends Session {
    private final Session real;

    private FaultySession(Session real) {
      super(real.leader());
      this.real = real;
    }

    @Override
    boolean isLeaderAlive() {
      return real.isLeaderAlive();
    }

    @Override
    boolean isAlive() {
      return real.isAlive();
    }

    @Override
    void terminate() {
      if (fault != Fault.TERMINATE) {
        real.terminate();
      }
    }

    @Override
    void kill() {
      real.kill();
    }
  }
}
