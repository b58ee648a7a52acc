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
 * A program that {@link ProcessBuilder} started. Three pumps work at once, so that no full pipe can
 * hold up another: one reads its output, one its errors, one writes the request's body.
 */
final class PortableProcess extends HostedProcess {
  private final BlockExchange output = new BlockExchange();
  private final InputGate input = new InputGate();
  private final CountDownLatch errorsDone = new CountDownLatch(1);

  private final Process process;
  private final PortableSession session;
  private BlockExchange.@Nullable Block current;

  /**
   * The program had ended before the reader had its output, and had left others behind: what they
   * write may go into a pipe that the JDK has closed.
   */
  private volatile boolean lost;

  private PortableProcess(
      List<String> command, Map<String, String> environment, Path directory, boolean tied)
      throws IOException {
    Map<String, String> variables = new LinkedHashMap<>();
    Map<String, String> byShell = new LinkedHashMap<>();
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      String text = ProgramText.toText(variable.getValue());
      if (text == null && ShellEnvironment.isExact(variable.getValue())) {
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

  /** A child of a fork server, in the place of a process of our own. */
  private PortableProcess(PipedProcess child) {
    process = child;
    session = new PortableSession(child);
  }

  /** What a shell has to do is what the JDK cannot: it encodes text. */
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
    if (ProgramText.toText(bytes) == null && !ShellEnvironment.isExact(bytes)) {
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
      started.session.kill();
      throw e;
    }
    return started;
  }

  /** As {@link HostedProcess#adopt}. Its body is read from when it has its request, not before. */
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
    // The JDK has let go of the rest with the program.
    if (process instanceof PipedProcess child) {
      child.forget();
    }
    input.close();
  }

  // ---- the pumps ----

  /**
   * Starts the program on the thread that reads its output, and holds the stream's monitor from the
   * first read to the end. The JDK's reaper takes that monitor when the program exits, to save what
   * is in the pipe and close it; what a grandchild writes later would be lost, with a clean end.
   * Exit and end of output are two events. A program that has ended before the monitor is held is
   * remembered.
   */
  private Process startDraining(Headroom.Start start) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      // Below, a start that is quicker than the wait for it would pass this over.
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

  /** The pipes of a forked child are ours alone to close. */
  private void pumpOutput() {
    Pumps.run(() -> drain(process, process.getInputStream()));
  }

  private void drain(Process starting, InputStream stdout) {
    IOException failed = null;
    try (stdout) {
      // Before anything else: those who write into a closed pipe do not live long.
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
      // Such as no memory: what was read is not all of it.
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
            // The pipe was closed with the program.
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
   * A program that does not read its input is no failure. A body that cannot be read is: the
   * program must not take half of it for all, so its input stays open until it is ended.
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
      if (!input.isClosed()) {
        return;
      }
    } catch (IOException e) {
      // The program has not read all of its input, and need not.
    } catch (RuntimeException | Error e) {
      // Such as no memory.
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
