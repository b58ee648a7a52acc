package dev.postern.process;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program that {@link ProcessBuilder} started, or that runs in a process which is not our child.
 * Three pumps work at once: one reads the program's output, one reads its errors, one writes the
 * request's body. So a full pipe never holds up another pipe.
 */
final class PortableProcess extends HostedProcess {
  private final BlockExchange output = new BlockExchange();
  private final InputGate input = new InputGate();
  private final CountDownLatch errorsDone = new CountDownLatch(1);

  private final Process process;
  private final PortableSession session;
  private BlockExchange.@Nullable Block current;

  /**
   * Whether the program had ended before the reader had its output, and had left other processes
   * behind. What these write may then go into a pipe that the JDK has closed.
   */
  private volatile boolean lost;

  private PortableProcess(
      List<String> command, Map<String, String> environment, Path directory, boolean tied)
      throws IOException {
    Map<String, String> variables = new LinkedHashMap<>();
    Map<String, String> byShell = new LinkedHashMap<>();
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      String text = ProgramText.toText(variable.getValue());
      if (text == null && ShellEnvironment.isExact()) {
        byShell.put(variable.getKey(), variable.getValue());
      } else {
        variables.put(variable.getKey(), carried(variable.getValue(), variable.getKey()));
      }
    }
    ProcessBuilder builder = builder(command, byShell, directory);
    builder.environment().clear();
    builder.environment().putAll(variables);
    process =
        startDraining(
            tied
                ? () -> Spawner.call(() -> Headroom.unowned(builder))
                : () -> Headroom.unowned(builder));
    session = new PortableSession(process);
  }

  /** Takes a process that is not our own child: a child of a fork server, or a worker. */
  private PortableProcess(PipedProcess child) {
    process = child;
    session = new PortableSession(child);
  }

  /** The JDK encodes text with one charset. Bytes that this charset lacks go through a shell. */
  private static ProcessBuilder builder(
      List<String> command, Map<String, String> byShell, Path directory) throws IOException {
    List<String> bytes = new ArrayList<>(command.size());
    List<String> words = new ArrayList<>(command.size());
    for (String word : command) {
      String raw = ProgramText.toBytes(word);
      if (raw == null) {
        throw new IOException("command must be text that the locale has: " + word);
      }
      bytes.add(raw);
      String text = ProgramText.toText(raw);
      if (text != null) {
        words.add(text);
      }
    }
    String start = ProgramText.toBytes(directory);
    String startText = ProgramText.toText(start);
    if (startText != null && words.size() == bytes.size()) {
      List<String> whole = byShell.isEmpty() ? words : ShellEnvironment.command(byShell, words);
      return new ProcessBuilder(PortableSession.command(whole)).directory(new File(startText));
    }
    for (String each : bytes) {
      check(each, "command");
    }
    check(start, "working directory");
    return new ProcessBuilder(
            PortableSession.command(ShellEnvironment.command(byShell, start, bytes)))
        .directory(new File("/"));
  }

  private static void check(String bytes, String what) throws IOException {
    if (ProgramText.toText(bytes) == null && !ShellEnvironment.isExact()) {
      throw new IOException(what + " must be bytes that " + ProgramText.charset() + " can carry");
    }
  }

  private static String carried(String bytes, String what) throws IOException {
    String text = ProgramText.toText(bytes);
    if (text == null) {
      throw new IOException(what + " must be bytes that " + ProgramText.charset() + " can carry");
    }
    return text;
  }

  /** As {@link HostedProcess#start}. */
  static HostedProcess launch(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException {
    PortableProcess started = new PortableProcess(command, environment, directory, tied);
    try {
      started.pumpErrors();
      started.pumpInput(body);
    } catch (Throwable e) {
      started.output.stop();
      started.session.kill();
      throw e;
    }
    return started;
  }

  /** As {@link HostedProcess#adopt}. The body is read only after the process has its request. */
  static HostedProcess adopt(ForkedChild child, byte[] request, @Nullable InputStream body)
      throws IOException {
    PipedProcess process = PipedProcess.of(child);
    PortableProcess adopted = null;
    try {
      process.open(body != null);
      adopted = new PortableProcess(process);
      adopted.pumpOutput();
      adopted.pumpErrors();
      process.begin(request);
      adopted.pumpInput(body);
      return adopted;
    } catch (Throwable e) {
      if (adopted != null) {
        adopted.output.stop();
      }
      process.close();
      throw e;
    }
  }

  /**
   * Takes a program that has begun. If that fails, the program is killed.
   *
   * @param body its body, or null
   */
  static HostedProcess take(ForkedProcess begun, @Nullable InputStream body) {
    PortableProcess taken = new PortableProcess(begun);
    try {
      taken.pumpOutput();
      taken.pumpErrors();
      taken.pumpInput(body);
      return taken;
    } catch (Throwable e) {
      taken.output.stop();
      taken.session.kill();
      begun.forget();
      throw e;
    }
  }

  // ---- output ----

  @Override
  public byte[] bytes() {
    return current().bytes;
  }

  @Override
  public int length() {
    return current().length;
  }

  @Override
  public boolean keepBlock() {
    if (current != null) {
      output.forget();
      current = null;
    }
    return true;
  }

  @Override
  public boolean hasMore() {
    return output.hasNext();
  }

  private BlockExchange.Block current() {
    if (current == null) {
      throw new IllegalStateException("there must be a block");
    }
    return current;
  }

  @Override
  void releaseBlock() {
    if (current != null) {
      output.release(current);
      current = null;
    }
  }

  @Override
  boolean nextBlock(long nanos) throws IOException, InterruptedException {
    current = output.poll(nanos);
    return current != null;
  }

  @Override
  boolean isOutputEnded() {
    return output.isEnded();
  }

  @Override
  boolean mayHaveLostOutput() {
    return lost;
  }

  @Override
  void wakeReader() {
    output.wake();
  }

  // ---- the end ----

  @Override
  Session session() {
    return session;
  }

  @Override
  List<String> executed(List<String> plain) {
    return process instanceof PipedProcess ? plain : PortableSession.command(plain);
  }

  @Override
  boolean awaitExit(long nanos) throws InterruptedException {
    return process.waitFor(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  int exitCode() {
    return process.exitValue();
  }

  @Override
  public List<String> left() {
    return process instanceof WorkerTurn turn ? turn.left() : List.of();
  }

  @Override
  void stopReading() {
    output.stop();
    if (process instanceof PipedProcess child) {
      child.stopReading();
    }
  }

  @Override
  void awaitErrors() throws InterruptedException {
    errorsDone.await(LOOK_NANOS, TimeUnit.NANOSECONDS);
  }

  @Override
  boolean isBodyAwaited() {
    return input.isReading();
  }

  @Override
  void stopInput() {
    input.close();
  }

  @Override
  void release() {
    // For a program of our own, the JDK released everything else when the program ended.
    if (process instanceof PipedProcess child) {
      child.forget();
    }
    input.close();
  }

  // ---- the pumps ----

  /**
   * Starts the program on the thread that reads its output. The program's exit is not the end of
   * its output, because a grandchild may still write. But when the program exits, the JDK's reaper
   * takes the monitor of the output stream, saves what is in the pipe and closes the pipe. What the
   * grandchild writes later would be lost, and the output would seem to end normally. So the
   * reading thread holds that monitor from the first read to the end of the output. If the program
   * ended before this thread held the monitor, {@link #lost} records that.
   */
  private Process startDraining(Headroom.Start<Process> start) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      // started.get() ignores an interrupt if the program has started by then, so check here.
      throw new InterruptedIOException("interrupted before the program was started");
    }
    CompletableFuture<Process> started = new CompletableFuture<>();
    Pumps.run(
        () -> {
          Process starting;
          try {
            starting = Headroom.start(start);
          } catch (Throwable e) {
            started.completeExceptionally(e);
            return;
          }
          InputStream stdout = starting.getInputStream();
          synchronized (stdout) {
            started.complete(starting);
            drain(starting, stdout);
          }
        });
    try {
      return started.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IOException("program must be started", e.getCause());
    } catch (InterruptedException e) {
      var unused =
          started.whenComplete(
              (late, failed) -> {
                if (late != null) {
                  new PortableSession(late).kill();
                }
              });
      output.stop();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the program was started");
    }
  }

  /**
   * Reads without the stream's monitor, because only this class closes the pipes of a process that
   * is not our own child.
   */
  private void pumpOutput() {
    Pumps.run(() -> drain(process, process.getInputStream()));
  }

  private void drain(Process starting, InputStream stdout) {
    IOException failed = null;
    try (stdout) {
      // Checked first: a process that writes into a closed pipe soon ends and is not seen later.
      lost = !(starting instanceof PipedProcess) && PortableSession.hasLeftOthers(starting);
      BlockExchange.Block block = output.take();
      while (block != null) {
        block.length = stdout.read(block.bytes);
        if (block.length < 0) {
          break;
        }
        output.put(block);
        block = output.take();
      }
    } catch (IOException e) {
      failed = e;
    } catch (InterruptedException e) {
      failed = new InterruptedIOException("interrupted while the program's output was read");
    } catch (RuntimeException | Error e) {
      // For example, memory has run out. What was read is not the whole output.
      failed = new IOException("program's output must be readable", e);
    } finally {
      output.end(failed);
    }
  }

  private void pumpErrors() {
    Pumps.run(
        () -> {
          byte[] bytes = new byte[8 * 1024];
          try (InputStream stderr = process.getErrorStream()) {
            for (int n = stderr.read(bytes); n >= 0; n = stderr.read(bytes)) {
              errors.add(bytes, n);
            }
          } catch (IOException e) {
            // The pipe was closed when the program ended.
          } finally {
            errorsDone.countDown();
          }
        });
  }

  private void pumpInput(@Nullable InputStream body) {
    if (body == null) {
      closeQuietly(process.getOutputStream());
    } else {
      Pumps.run(() -> copyInput(body));
    }
  }

  /**
   * A program that does not read its input is no failure. A body that cannot be read is a failure.
   * The program must not take half a body for the whole body, so its input stays open until the
   * program is ended.
   */
  private void copyInput(InputStream body) {
    OutputStream stdin = process.getOutputStream();
    try {
      byte[] bytes = new byte[32 * 1024];
      for (int n = input.read(body, bytes); n >= 0; n = input.read(body, bytes)) {
        stdin.write(bytes, 0, n);
        stdin.flush();
      }
      if (isDetached() && input.wasCut()) {
        return;
      }
    } catch (BodyException e) {
      failInput(e);
      if (!input.isClosed() || isDetached()) {
        return;
      }
    } catch (IOException e) {
      // The program has not read all of its input, and need not.
    } catch (RuntimeException | Error e) {
      // For example, memory has run out.
      failInput(new PipeException(new IOException("request body must be passed on", e)));
      return;
    }
    closeQuietly(stdin);
  }

  private static void closeQuietly(OutputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      // The program has not read all of its input, and need not.
    }
  }
}
