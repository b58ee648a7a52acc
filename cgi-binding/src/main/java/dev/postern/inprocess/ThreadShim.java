package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;

import dev.postern.rewrite.Redirect;
import java.util.Timer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;

/** The threads of a program, and what becomes of their exceptions. */
public final class ThreadShim {
  private ThreadShim() {}

  // ---- uncaught exceptions ----

  @Redirect("java/lang/Thread.setDefaultUncaughtExceptionHandler")
  public static void setUncaughtHandler(
      Thread.@Nullable UncaughtExceptionHandler handler, Instance instance) {
    instance.uncaughtHandler = handler;
  }

  @Redirect("java/lang/Thread.getDefaultUncaughtExceptionHandler")
  public static Thread.@Nullable UncaughtExceptionHandler getUncaughtHandler(Instance instance) {
    return instance.uncaughtHandler;
  }

  @Redirect(value = "java/lang/Thread.setUncaughtExceptionHandler", kind = VIRTUAL)
  public static void setUncaughtHandler(
      Thread thread, Thread.@Nullable UncaughtExceptionHandler handler, Instance instance) {
    thread.setUncaughtExceptionHandler(handler == null ? null : new Handling(handler));
  }

  @Redirect(value = "java/lang/Thread.getUncaughtExceptionHandler", kind = VIRTUAL)
  public static Thread.@Nullable UncaughtExceptionHandler getUncaughtHandler(
      Thread thread, Instance instance) {
    Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
    return handler instanceof Handling handling ? handling.handler : handler;
  }

  /**
   * Wraps a handler of the program. The handler does not see a ProgramExit, and the JVM does not
   * get one from it.
   */
  private record Handling(Thread.UncaughtExceptionHandler handler)
      implements Thread.UncaughtExceptionHandler {
    @Override
    public void uncaughtException(Thread thread, Throwable e) {
      try {
        if (!(e instanceof ProgramExit)) {
          handler.uncaughtException(thread, e);
        }
      } catch (ProgramExit again) {
        // The handler has ended the program.
      }
    }
  }

  // ---- the end ----

  /** Called after an executor or a timer was made. Ends it with the request. */
  public static void made(Object made, Instance instance) {
    Run run = instance.run;
    if (run != null) {
      run.threadMakers.add(
          made instanceof ExecutorService service ? service::shutdownNow : ((Timer) made)::cancel);
      if (run.isPoisoned()) {
        // The server may have closed all before.
        instance.close(run.takeOpen());
      }
    }
    instance.live();
  }
}
