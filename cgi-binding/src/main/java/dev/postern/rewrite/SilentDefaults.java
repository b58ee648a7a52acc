package dev.postern.rewrite;

import java.lang.reflect.Method;
import java.text.DateFormat;
import java.util.List;
import java.util.Map;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Methods and constructors that silently use the JVM's locale, time zone, charset or common pool.
 * The rewriter calls the overload that takes it, and gives it the program's own.
 */
public final class SilentDefaults {
  /**
   * On each line: a class, its method with the types of its arguments, and what comes after these
   * arguments.
   */
  private static final Map<String, String> MORE =
      """
      java/lang/String toUpperCase() locale
      java/lang/String toLowerCase() locale
      java/text/NumberFormat getInstance() format
      java/text/NumberFormat getNumberInstance() format
      java/text/NumberFormat getIntegerInstance() format
      java/text/NumberFormat getPercentInstance() format
      java/text/NumberFormat getCurrencyInstance() format
      java/text/NumberFormat getCompactNumberInstance() format
      java/text/DecimalFormatSymbols getInstance() format
      java/text/DecimalFormat <init>(Ljava/lang/String;) symbols
      java/text/DateFormat getDateInstance() medium format zoned
      java/text/DateFormat getDateInstance(I) format zoned
      java/text/DateFormat getDateInstance(ILjava/util/Locale;) zoned
      java/text/DateFormat getTimeInstance() medium format zoned
      java/text/DateFormat getTimeInstance(I) format zoned
      java/text/DateFormat getTimeInstance(ILjava/util/Locale;) zoned
      java/text/DateFormat getDateTimeInstance() medium medium format zoned
      java/text/DateFormat getDateTimeInstance(II) format zoned
      java/text/DateFormat getDateTimeInstance(IILjava/util/Locale;) zoned
      java/text/SimpleDateFormat <init>(Ljava/lang/String;) format zoned
      java/text/SimpleDateFormat <init>(Ljava/lang/String;Ljava/util/Locale;) zoned
      java/text/MessageFormat <init>(Ljava/lang/String;) format
      java/text/Collator getInstance() locale
      java/text/BreakIterator getWordInstance() locale
      java/text/BreakIterator getSentenceInstance() locale
      java/time/format/DateTimeFormatter ofPattern(Ljava/lang/String;) format
      java/time/LocalDate now() zoneId
      java/time/LocalTime now() zoneId
      java/time/LocalDateTime now() zoneId
      java/time/ZonedDateTime now() zoneId
      java/time/OffsetDateTime now() zoneId
      java/time/OffsetTime now() zoneId
      java/time/Year now() zoneId
      java/time/YearMonth now() zoneId
      java/time/MonthDay now() zoneId
      java/util/Calendar getInstance() zone format
      java/util/GregorianCalendar <init>() zone format
      java/util/Formatter <init>() format
      java/util/Formatter <init>(Ljava/lang/Appendable;) format
      java/util/concurrent/ForkJoinPool <init>() processors workers null no
      java/util/concurrent/ForkJoinPool <init>(I) workers null no
      java/nio/channels/AsynchronousServerSocketChannel open() channels
      java/nio/channels/AsynchronousSocketChannel open() channels
      java/util/ResourceBundle getBundle(Ljava/lang/String;) locale
      java/lang/String <init>([B) charset
      java/lang/String <init>([BII) charset
      java/lang/String getBytes() charset
      java/io/InputStreamReader <init>(Ljava/io/InputStream;) charset
      java/io/OutputStreamWriter <init>(Ljava/io/OutputStream;) charset
      java/io/PrintStream <init>(Ljava/io/File;) charset
      java/io/PrintStream <init>(Ljava/io/OutputStream;) no charset
      java/io/PrintStream <init>(Ljava/io/OutputStream;Z) charset
      java/io/PrintStream <init>(Ljava/lang/String;) charset
      java/io/PrintWriter <init>(Ljava/io/File;) charset
      java/io/PrintWriter <init>(Ljava/io/OutputStream;) no charset
      java/io/PrintWriter <init>(Ljava/io/OutputStream;Z) charset
      java/io/PrintWriter <init>(Ljava/lang/String;) charset
      java/util/Scanner <init>(Ljava/io/File;) charset
      java/util/Scanner <init>(Ljava/io/InputStream;) charset
      java/util/Scanner <init>(Ljava/nio/file/Path;) charset
      """
          .lines()
          .map(line -> line.split(" ", 3))
          .collect(Collectors.toMap(word -> word[0] + "." + word[1], word -> word[2]));

  private static final Set<String> NAMES =
      MORE.keySet().stream()
          .map(member -> member.substring(member.indexOf('.') + 1, member.indexOf('(')))
          .collect(Collectors.toUnmodifiableSet());

  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry("channels", "Ljava/nio/channels/AsynchronousChannelGroup;"),
          Map.entry("charset", "Ljava/nio/charset/Charset;"),
          Map.entry("format", "Ljava/util/Locale;"),
          Map.entry("locale", "Ljava/util/Locale;"),
          Map.entry("zone", "Ljava/util/TimeZone;"),
          Map.entry("zoneId", "Ljava/time/ZoneId;"),
          Map.entry("pool", "Ljava/util/concurrent/Executor;"),
          Map.entry("processors", "I"),
          Map.entry("workers", "Ljava/util/concurrent/ForkJoinPool$ForkJoinWorkerThreadFactory;"),
          Map.entry("symbols", "Ljava/text/DecimalFormatSymbols;"));

  private static final String FORMAT = "Ljava/text/DateFormat;";

  private static final Set<String> FUTURES =
      Set.of("java/util/concurrent/CompletableFuture", "java/util/concurrent/CompletionStage");

  private SilentDefaults() {}

  /** What comes after the arguments of a method; null for nothing. */
  private static @Nullable String more(String owner, String name, String arguments) {
    if (name.endsWith("Async")) {
      return FUTURES.contains(owner) && !arguments.endsWith("Executor;)") ? "pool" : null;
    }
    if (!NAMES.contains(name)) {
      return null;
    }
    return name.equals("<init>")
        ? MORE.get(owner + ".<init>" + arguments)
        : CallTable.inherited(MORE::get, CallTable.ofJdk(owner), name + arguments);
  }

  /**
   * What comes after the arguments of a method that is called by reflection, in the words of the
   * table. Nothing for bundles, because the JDK looks for a bundle where its caller is.
   */
  public static List<String> of(Method method) {
    Class<?> owner = method.getDeclaringClass();
    String more =
        owner == ResourceBundle.class || CallTable.isOfProgram(owner)
            ? null
            : more(
                Type.getInternalName(owner),
                method.getName(),
                arguments(Type.getMethodDescriptor(method)));
    return more == null ? List.of() : List.of(more.split(" ", -1));
  }

  private static String arguments(String descriptor) {
    return descriptor.substring(0, descriptor.indexOf(')') + 1);
  }

  /** Adds the defaults to the call; false when it needs none. */
  static boolean apply(
      ClassNode type, MethodNode method, MethodInsnNode call, ProgramClasses code) {
    String arguments = arguments(call.desc);
    if (!NAMES.contains(call.name) && !call.name.endsWith("Async")) {
      return false;
    }
    String owner =
        call.name.equals("<init>")
            ? call.owner
            : CallTable.declarer(code, call.owner, call.name, arguments);
    String more = owner == null ? null : more(owner, call.name, arguments);
    if (more == null) {
      return false;
    }
    code.findings().add("redirected", call.owner.replace('/', '.') + "." + call.name);
    InsnList given = new InsnList();
    boolean zoned = false;
    for (String each : more.split(" ", -1)) {
      if (each.equals("zoned")) {
        zoned = true;
      } else if (each.equals("medium")) {
        given.add(new InsnNode(Opcodes.ICONST_0 + DateFormat.MEDIUM));
        call.desc = call.desc.replace(")", "I)");
      } else if (each.equals("no")) {
        given.add(new InsnNode(Opcodes.ICONST_0));
        call.desc = call.desc.replace(")", "Z)");
      } else if (each.equals("null")) {
        given.add(new InsnNode(Opcodes.ACONST_NULL));
        call.desc = call.desc.replace(")", "Ljava/lang/Thread$UncaughtExceptionHandler;)");
      } else {
        String added = TYPES.get(each);
        String shims =
            switch (each) {
              case "pool" -> Names.WIDE;
              case "channels", "processors", "workers" -> Names.THREADS;
              default -> Names.LOCALES;
            };
        given.add(Code.shim(shims, each, "()" + added));
        call.desc = call.desc.replace(")", added + ")");
      }
    }
    method.instructions.insertBefore(call, given);
    if (zoned) {
      method.instructions.insert(call, zoned(type, method, call));
    }
    return true;
  }

  /** Sets the zone of a DateFormat after it was made, because no overload takes it. */
  private static InsnList zoned(ClassNode type, MethodNode method, MethodInsnNode call) {
    InsnList after = new InsnList();
    boolean made = call.name.equals("<init>");
    if (made) {
      after.add(Code.made(type, method, call));
    }
    after.add(Code.shim(Names.LOCALES, "zoned", "(" + FORMAT + ")" + FORMAT));
    if (made) {
      after.add(new InsnNode(Opcodes.POP));
    }
    return after;
  }
}
