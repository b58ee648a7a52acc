package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.FIELD;
import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import dev.postern.rewrite.Redirect;
import java.io.BufferedReader;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.channels.Channel;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The three standard streams of a program, in all the ways in which Java code can reach them. */
public final class StreamShim {
  private static final String OURS = StreamShim.class.getPackageName() + ".";

  static final FileDescriptor IN = new FileDescriptor();
  static final FileDescriptor OUT = new FileDescriptor();
  static final FileDescriptor ERR = new FileDescriptor();

  private StreamShim() {}

  @Redirect(value = "java/lang/System.out", kind = FIELD)
  public static PrintStream out(Instance instance) {
    return instance.live().out;
  }

  @Redirect(value = "java/lang/System.err", kind = FIELD)
  public static PrintStream err(Instance instance) {
    return instance.live().err();
  }

  @Redirect(value = "java/lang/System.in", kind = FIELD)
  public static InputStream in(Instance instance) {
    return instance.asked().in;
  }

  @Redirect("java/lang/System.setOut")
  public static void setOut(PrintStream stream, Instance instance) {
    instance.live().out = stream;
  }

  @Redirect("java/lang/System.setErr")
  public static void setErr(PrintStream stream, Instance instance) {
    instance.live().setErr(stream);
  }

  @Redirect("java/lang/System.setIn")
  public static void setIn(InputStream stream, Instance instance) {
    instance.live().in = stream;
  }

  @Redirect("java/lang/System.console")
  public static @Nullable Console console(Instance instance) {
    return null;
  }

  @Redirect("java/lang/System.inheritedChannel")
  public static @Nullable Channel inheritedChannel(Instance instance) {
    return null;
  }

  @Redirect(value = "java/io/FileDescriptor.in", kind = FIELD)
  public static FileDescriptor inDescriptor(Instance instance) {
    return IN;
  }

  @Redirect(value = "java/io/FileDescriptor.out", kind = FIELD)
  public static FileDescriptor outDescriptor(Instance instance) {
    return OUT;
  }

  @Redirect(value = "java/io/FileDescriptor.err", kind = FIELD)
  public static FileDescriptor errDescriptor(Instance instance) {
    return ERR;
  }

  @Redirect(value = "java/io/FileDescriptor.valid", kind = VIRTUAL)
  public static boolean isValid(FileDescriptor descriptor, Instance instance) {
    return descriptor == IN || descriptor == OUT || descriptor == ERR || descriptor.valid();
  }

  // ---- java.lang.IO, from JDK 25 on ----

  @Redirect("java/lang/IO.println")
  public static void println(@Nullable Object value, Instance instance) {
    instance.live().out.println(value);
  }

  @Redirect("java/lang/IO.println")
  public static void println(Instance instance) {
    instance.live().out.println();
  }

  @Redirect("java/lang/IO.print")
  public static void print(@Nullable Object value, Instance instance) {
    PrintStream out = instance.live().out;
    out.print(value);
    out.flush();
  }

  @Redirect("java/lang/IO.readln")
  public static @Nullable String readln(Instance instance) throws IOException {
    Run run = instance.asked();
    // Not the run's own lock, which its end needs, as a line may come late.
    synchronized (run.lineLock) {
      BufferedReader lines = run.lines;
      if (lines == null) {
        lines = new BufferedReader(new InputStreamReader(run.in, run.charset));
        run.lines = lines;
      }
      return lines.readLine();
    }
  }

  @Redirect("java/lang/IO.readln")
  public static @Nullable String readln(String prompt, Instance instance) throws IOException {
    print(prompt, instance);
    return readln(instance);
  }

  // ---- what prints on its own ----

  @Redirect(value = "java/lang/Throwable.printStackTrace", kind = VIRTUAL)
  public static void printStackTrace(Throwable e, Instance instance) {
    instance.live();
    if (ReflectionShim.isOverridden(e, "printStackTrace")) {
      e.printStackTrace();
    } else {
      printInherited(e, instance);
    }
  }

  /** What the method of the JDK does. */
  @Redirect(value = "super java/lang/Throwable.printStackTrace", kind = VIRTUAL)
  public static void printInherited(Throwable e, Instance instance) {
    printStackTrace(e, instance.live().err(), instance);
  }

  @Redirect(value = "java/lang/Throwable.printStackTrace", kind = VIRTUAL)
  public static void printStackTrace(Throwable e, PrintStream to, Instance instance) {
    clean(e);
    e.printStackTrace(to);
  }

  @Redirect(value = "java/lang/Throwable.printStackTrace", kind = VIRTUAL)
  public static void printStackTrace(Throwable e, PrintWriter to, Instance instance) {
    clean(e);
    e.printStackTrace(to);
  }

  @Redirect("java/lang/Thread.dumpStack")
  public static void dumpStack(Instance instance) {
    printStackTrace(new Exception("Stack trace"), instance);
  }

  /** Removes the frames that this package adds around a program's own. */
  static void clean(Throwable e) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable at = e; at != null && seen.add(at); at = at.getCause()) {
      StackTraceElement[] trace = at.getStackTrace();
      int end = trace.length;
      for (int i = 0; i < trace.length; i++) {
        if (trace[i].getClassName().equals(Own.class.getName())) {
          end = i;
          break;
        }
      }
      StackTraceElement[] kept =
          Arrays.stream(trace, 0, end)
              .filter(frame -> !frame.getClassName().startsWith(OURS))
              .filter(frame -> !frame.getMethodName().startsWith("postern$"))
              .toArray(StackTraceElement[]::new);
      if (kept.length < trace.length) {
        at.setStackTrace(kept);
      }
    }
  }

  // ---- the environment ----

  @Redirect("java/lang/System.getenv")
  public static Map<String, String> getenv(Instance instance) {
    return instance.asked().environment;
  }

  @Redirect("java/lang/System.getenv")
  public static @Nullable String getenv(String name, Instance instance) {
    return instance.asked().environment.get(requireNonNull(name));
  }
}
