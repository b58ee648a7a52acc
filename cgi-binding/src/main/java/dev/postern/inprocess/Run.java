package dev.postern.inprocess;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.postern.process.ErrorTail;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel;
import java.nio.channels.Selector;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.BaseStream;
import org.jspecify.annotations.Nullable;

/**
 * What a program can see and change of its process, for one request: streams, environment,
 * properties, exit. The first thread that ends the run decides how it ends. Any other thread is
 * ended when it next asks for something. Thread-safe.
 */
final class Run {
  private static final int ERRORS_KEPT = 64 * 1024;
  private static final long LOOK_MILLIS = 50;

  /** From this number on, what the program has closed itself is forgotten now and then. */
  private static final int OPEN_LIMIT = 1024;

  private static final AtomicLong NUMBERS = new AtomicLong();

  final Instance instance;
  final long number = NUMBERS.incrementAndGet();

  /** The environment as text: UTF-8, with U+FFFD for malformed bytes. */
  final Map<String, String> environment;

  /** The environment as bytes, one char each. */
  final Map<String, String> environmentBytes;

  final Path directory;
  final OutputPipe pipe = new OutputPipe();
  final ErrorTail errors = new ErrorTail(ERRORS_KEPT);
  final RunInput input;
  final OutputStream rawErrors;
  final Charset charset;
  volatile InputStream in;
  volatile PrintStream out;
  private final PrintStream firstOut;

  // Made when they are first asked for: a PrintStream has 24 KB of buffers.
  private volatile @Nullable PrintStream err;
  private volatile @Nullable PrintStream firstErr;

  volatile @Nullable Properties properties;
  volatile @Nullable BufferedReader lines;
  final Object lineLock = new Object();
  boolean hasDrivers;
  volatile Locale locale;

  /** The locales that were set for one category only. */
  final Map<Locale.Category, Locale> locales = new ConcurrentHashMap<>();

  volatile @Nullable TimeZone zone;
  final Set<Process> children = ConcurrentHashMap.newKeySet();

  /** What ends executors and timers, because their threads do not end by an interrupt. */
  final Set<AutoCloseable> threadMakers = ConcurrentHashMap.newKeySet();

  /** For asynchronous channels that are given none. */
  @Nullable AsynchronousChannelGroup channels;

  @Nullable ExecutorService fileThreads;

  final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();
  private volatile int openLimit = OPEN_LIMIT;

  /**
   * Things that the JDK closes by itself when the program has forgotten them. They are held weakly,
   * so that the JDK still can.
   */
  private final Set<Object> opened =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  final Deque<File> deletes = new ArrayDeque<>();
  private final Set<Thread> hooks = new LinkedHashSet<>();

  /** Whether exit was called, or main and the threads that it waits for have ended. */
  private volatile boolean ended;

  /** Whether the hooks have ended, too. No thread may go on then. */
  private volatile boolean poisoned;

  /** Whether a thread of the program has made another thread. */
  volatile boolean madeThreads;

  /** Whether main has returned, or has called exit itself. */
  volatile boolean mainDone;

  /** Why the instance must not be used again, or null. */
  volatile @Nullable String spoiled;

  /** Whether main has returned and everything is done that the program does at its end. */
  private volatile boolean returned;

  private int status;
  private final CountDownLatch over = new CountDownLatch(1);

  Run(
      Instance instance,
      Map<String, String> bytes,
      Path directory,
      @Nullable InputStream body,
      Charset charset) {
    this.instance = instance;
    this.environmentBytes = bytes;
    this.directory = directory;
    this.charset = charset;
    environment = text(bytes);
    input = new RunInput(body == null ? InputStream.nullInputStream() : body, pipe::wake);
    rawErrors = new ErrorOutput(errors);
    in = new BufferedInputStream(input);
    firstOut = new PrintStream(pipe, false, charset);
    out = firstOut;
    locale = LocaleShim.of(environment);
    String named = environment.get("TZ");
    zone = named == null || named.isEmpty() ? null : TimeZone.getTimeZone(named);
  }

  /** The program's standard error, or what it has set in its place. */
  PrintStream err() {
    PrintStream now = err;
    if (now == null) {
      synchronized (rawErrors) {
        now = err;
        if (now == null) {
          now = new PrintStream(rawErrors, false, charset);
          firstErr = now;
          err = now;
        }
      }
    }
    return now;
  }

  void setErr(PrintStream stream) {
    synchronized (rawErrors) {
      err = stream;
    }
  }

  private static Map<String, String> text(Map<String, String> bytes) {
    Map<String, String> text = new LinkedHashMap<>(bytes.size() * 2);
    bytes.forEach((name, value) -> text.put(name, text(value)));
    return Collections.unmodifiableMap(text);
  }

  private static String text(String bytes) {
    for (int i = 0; i < bytes.length(); i++) {
      if (bytes.charAt(i) > 0x7F) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
      }
    }
    return bytes;
  }

  // ---- what its threads may do ----

  /** Ends the calling thread if the program and its hooks have ended. */
  void check() {
    if (poisoned) {
      throw new ProgramExit();
    }
  }

  boolean isPoisoned() {
    return poisoned;
  }

  void addHook(Thread hook) {
    synchronized (hooks) {
      if (hook.getState() != Thread.State.NEW) {
        throw new IllegalArgumentException("Hook already running");
      }
      if (!hooks.add(hook)) {
        throw new IllegalArgumentException("Hook previously registered");
      }
    }
  }

  boolean removeHook(Thread hook) {
    synchronized (hooks) {
      return hooks.remove(hook);
    }
  }

  // ---- the end ----

  /** Does what System.exit or halt does. Never returns. */
  ProgramExit exit(int code, boolean halt) {
    boolean first;
    synchronized (this) {
      first = !ended;
      if (first) {
        status = code & 0xFF;
        ended = true;
      } else if (halt) {
        status = code & 0xFF;
        poisoned = true;
      }
    }
    if (first) {
      if (instance.isMain(Thread.currentThread())) {
        mainDone = true;
      }
      if (instance.isInitializing()) {
        spoil("exit in an initializer");
      }
      finish(halt);
      tellOfEnd();
    }
    while (!poisoned) {
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        // As in a JVM, nothing ends this wait but the end of the hooks.
      }
    }
    throw new ProgramExit();
  }

  /** Ends the run after main has returned and all threads but daemons have ended. */
  void returned(int code) {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      status = code;
    }
    finish(false);
    returned = true;
  }

  /**
   * Tells the host that main has returned. The program's thread calls this when it is idle, so that
   * the host need not wait for it. If the program has ended in another way, the host knows already.
   */
  void tellOfReturn() {
    if (returned) {
      tellOfEnd();
    }
  }

  private void tellOfEnd() {
    over.countDown();
    pipe.close();
  }

  /** Never throws, because the host waits for what follows. */
  private void finish(boolean halt) {
    try {
      if (!halt) {
        runHooks();
      }
      poisoned = true;
      firstOut.flush();
      PrintStream toFlush = firstErr;
      if (toFlush != null) {
        toFlush.flush();
      }
      if (halt) {
        synchronized (deletes) {
          deletes.clear();
        }
      }
      deleteAll();
      Children.await(this);
    } catch (Throwable e) {
      poisoned = true;
      spoil("error");
    }
  }

  /** Deletes what the program wants to be deleted at its end. */
  void deleteAll() {
    synchronized (deletes) {
      while (!deletes.isEmpty()) {
        deletes.removeLast().delete();
      }
    }
  }

  private void runHooks() {
    Set<Thread> all;
    synchronized (hooks) {
      all = new LinkedHashSet<>(hooks);
      hooks.clear();
    }
    if (!instance.code.isKept() && instance.log().hasHandlers()) {
      // As in a JVM, a hook of its own closes the log.
      all.add(new Thread(instance.log()::reset));
    }
    for (Thread hook : all) {
      try {
        hook.start();
      } catch (Throwable e) {
        // The program has started it already, or there is no thread for it.
      }
    }
    for (Thread hook : all) {
      while (hook.isAlive() && !poisoned) {
        // A main that was interrupted waits for its hooks, too.
        Uninterruptibles.joinUninterruptibly(hook, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
    }
  }

  /** Ends the run from outside, as a signal would. */
  void stop(int signal) {
    synchronized (this) {
      if (!ended) {
        status = signal;
      }
      ended = true;
      poisoned = true;
    }
    over.countDown();
  }

  boolean isOver() {
    return over.getCount() == 0;
  }

  boolean awaitOver(long nanos) throws InterruptedException {
    return over.await(nanos, TimeUnit.NANOSECONDS);
  }

  int status() {
    return status;
  }

  void spoil(@Nullable String why) {
    if (spoiled == null) {
      spoiled = why;
    }
  }

  /** Waits until only daemon threads of the program are left. */
  void awaitOthers() {
    while (!ended) {
      Thread other = instance.other();
      if (other == null) {
        return;
      }
      try {
        other.join(LOOK_MILLIS);
      } catch (InterruptedException e) {
        // Only the end of the run stops this wait.
      }
    }
  }

  /** Notes something that was opened, to be closed when the run ends. */
  void opened(Object what) {
    if (!isHeld(what)) {
      opened.add(what);
      return;
    }
    open.add((AutoCloseable) what);
    if (open.size() > openLimit) {
      open.removeIf(Run::isClosed);
      openLimit = Math.max(OPEN_LIMIT, 2 * open.size());
    }
  }

  /** Whether the JDK does not close such a thing by itself when the program has forgotten it. */
  private static boolean isHeld(Object what) {
    return what instanceof BaseStream
        || what instanceof DirectoryStream
        || what instanceof Selector
        || what instanceof Channel && !(what instanceof FileChannel);
  }

  private static boolean isClosed(AutoCloseable what) {
    return what instanceof Channel channel && !channel.isOpen()
        || what instanceof Selector selector && !selector.isOpen();
  }

  void closed(AutoCloseable what) {
    open.remove(what);
    opened.remove(what);
  }

  /**
   * Takes what is to be closed now: first what makes threads, then what was left open. A connection
   * comes last, because its close may wait for the thread that reads from it.
   */
  List<AutoCloseable> takeOpen() {
    List<AutoCloseable> all = new ArrayList<>();
    List<AutoCloseable> last = new ArrayList<>();
    threadMakers.removeIf(all::add);
    open.removeIf(all::add);
    opened.removeIf(
        what ->
            what instanceof HttpURLConnection connection
                ? last.add(connection::disconnect)
                : all.add((AutoCloseable) what));
    all.addAll(last);
    return all;
  }

  /** The program's standard error. Only its end is kept. */
  private static final class ErrorOutput extends OutputStream {
    private final ErrorTail errors;

    ErrorOutput(ErrorTail errors) {
      this.errors = errors;
    }

    @Override
    public void write(int b) {
      errors.add(new byte[] {(byte) b}, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      errors.add(
          offset == 0 ? bytes : java.util.Arrays.copyOfRange(bytes, offset, offset + length),
          length);
    }
  }
}
