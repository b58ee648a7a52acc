package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.JavaProgram.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Programs whose classes are hard to rewrite answer inside the server as in a process of their own.
 */
class JavaProgramClassesTest extends CompiledPrograms {
  // ---- which class's check is called ----

  private static final String HIDDEN =
      """
      package lib;
      abstract class Hidden {
        public static final java.util.List<String> LOG = new java.util.ArrayList<>();
        protected static int count;
        Hidden() { count++; }
      }
      """;

  private static final String THING = "package lib; public class Thing extends Hidden {}";

  private static final String NOISY =
      """
      package lib;
      public class Noisy extends Hidden {
        public static int own = 7;
        static { System.out.println("noisy"); }
      }
      """;

  private static final String WORDS =
      "package lib; interface Words { StringBuilder TEXT = new StringBuilder(); }";

  private static final String SPEAKS = "package lib; public class Speaks implements Words {}";

  @Test
  void ancestorThatAnotherPackageMayNotName_isInitialized() throws IOException {
    Path classes =
        compiled(
            "classes",
            HIDDEN,
            THING,
            NOISY,
            WORDS,
            SPEAKS,
            """
            package app;
            public class Mine extends lib.Noisy {
              static int made;
              public Mine() { made++; }
              public static String state() { return made + " " + count + " " + LOG; }
            }
            """,
            """
            package app;
            public class Main {
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                lib.Noisy.LOG.add("a");
                lib.Thing.LOG.add("b");
                System.out.println(lib.Thing.LOG);
                new lib.Thing();
                System.out.println(lib.Speaks.TEXT.append("t"));
                System.out.println(new Mine().hashCode() != 0);
                System.out.println(Mine.state() + " " + lib.Noisy.own++);
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  // ---- classes that are made at run time ----

  private static final String REGISTRY =
      """
      package app;
      public class Registry {
        public static final java.util.List<String> ITEMS = new java.util.ArrayList<>();
      }
      """;

  private static final String API =
      """
      package app;
      public interface Api {
        StringBuilder LOG = new StringBuilder("log");
        int SIZE = LOG.length();
      }
      """;

  @Test
  void pluginThatReadsStaticsOfTheClassPath_findsThemInitialized() throws IOException {
    Path classes =
        compiled(
            "classes",
            REGISTRY,
            API,
            """
            package app;
            public abstract class Action implements Runnable {
              protected static final java.util.List<String> DONE = new java.util.ArrayList<>();
              static { System.out.println("action"); }
            }
            """,
            """
            package app;
            public class Main {
              public static void main(String[] args) throws Exception {
                System.out.print("Content-Type: text/plain\\n\\n");
                java.net.URL plugin = new java.io.File("plugin").toURI().toURL();
                try (var loader = new java.net.URLClassLoader(
                    new java.net.URL[] {plugin}, Main.class.getClassLoader())) {
                  for (String name : new String[] {"plug.Reader", "plug.In"}) {
                    Class<?> type = loader.loadClass(name);
                    ((Runnable) type.getDeclaredConstructor().newInstance()).run();
                  }
                }
              }
            }
            """);
    compiled(
        "plugin",
        """
        package plug;
        public class Reader implements Runnable {
          public void run() {
            app.Registry.ITEMS.add("reader");
            System.out.println(app.Registry.ITEMS + " " + app.Api.SIZE);
          }
        }
        """,
        """
        package plug;
        public class In extends app.Action implements app.Api {
          static final int BEFORE = begin();
          private static int begin() {
            System.out.println("begins");
            return DONE.size();
          }
          public void run() {
            DONE.add("x");
            System.out.println(BEFORE + " " + DONE + " " + LOG.append("z") + " " + app.Api.LOG);
          }
        }
        """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  // ---- what cannot be initialized again ----

  @Test
  void finalizer_makesAProgramFresh() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              static class Session {
                final String user = System.getenv("QUERY_STRING");
                @Override protected void finalize() { System.out.println("closed " + user); }
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(new Session().user);
              }
            }
            """);

    assertThat(assertAnswersAsSpawned(classes, State.FRESH).reason())
        .isEqualTo("app.Main$Session has a finalizer");
  }

  @Test
  void emptyFinalizer_doesNot() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              @Override protected final void finalize() {}
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(new Main() != null);
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  @Test
  void classThatIsTooLarge_isStillInitialized_andSoAreThoseThatItUses() throws IOException {
    // With a poll in each of these loops, the method has no room.
    String huge =
        "static int huge(int x) { Registry.ITEMS.add(TEXT + \"!\" + Api.LOG); "
            + "while (x > 5) x--; ".repeat(5800)
            + "return x; }";
    Path classes =
        compiled(
            "classes",
            REGISTRY,
            API,
            """
            package app;
            public class Tables {
              static final StringBuilder TEXT = new StringBuilder(Main.say("tables"));
              %s
            }
            """
                .formatted(huge),
            """
            package app;
            public interface Wide {
              StringBuilder TEXT = new StringBuilder(Main.say("wide"));
              %s
            }
            """
                .formatted(huge),
            """
            package app;
            public class Main {
              static String say(String what) {
                System.out.println(what);
                return what;
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                new Tables();
                System.out.println(Tables.TEXT.append(Tables.huge(9)));
                System.out.println(Wide.TEXT.append(Wide.huge(3)));
                System.out.println(Registry.ITEMS);
              }
            }
            """);

    assertThat(assertAnswersAsSpawned(classes, State.FRESH).reason()).endsWith(" is too large");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "System.getenv(\"QUERY_STRING\")",
        "System.getenv().get(\"QUERY_STRING\")",
        "Main.user",
        "Main.Context.USER",
        "Main.Context.user()",
        "System.getProperty(\"user\")",
        "Main.read()",
        "\"\" + java.util.UUID.randomUUID()",
        "\"\" + System.nanoTime()",
        "\"\" + java.time.Instant.now()",
        "\"\" + new java.util.Random().nextLong()"
      })
  void enumConstantThatDependsOnTheRequest_makesAProgramFresh(String value) throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              static String user;
              static class Context {
                static final String USER = System.getenv("QUERY_STRING");
                static String user() { return USER; }
              }
              enum Request {
                INSTANCE;
                final String kept = %s;
              }
              static String read() throws RuntimeException {
                try {
                  return new String(System.in.readAllBytes());
                } catch (java.io.IOException e) {
                  throw new IllegalStateException(e);
                }
              }
              public static void main(String[] args) {
                user = System.getenv("QUERY_STRING");
                System.setProperty("user", Context.user());
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.print(Request.INSTANCE.kept);
              }
            }
            """
                .formatted(value));

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = CgiApplication.of(program);
      List<String> answers = new ArrayList<>();
      for (String user : List.of("one", "two")) {
        answers.add(Call.post("/", user.getBytes()).with("QUERY_STRING", user).to(app).body());
      }
      if (value.startsWith("\"\"")) {
        assertThat(answers).doesNotContain("").doesNotHaveDuplicates();
      } else {
        assertThat(answers).containsExactly("one", "two");
      }
      assertThat(program.report().reason())
          .isEqualTo("app.Main$Request depends on the request, and cannot be initialized again");
    }
  }

  @Test
  void enumConstantThatIsTheSameInEachRequest_isKept() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              static class Names {
                static final String PREFIX = "a".repeat(2);
                static String of(Enum<?> value) { return PREFIX + value.name().toLowerCase(); }
              }
              enum Kind {
                ONE;
                final String name = Names.of(this) + System.getProperty("os.name");
                static final StringBuilder SEEN = new StringBuilder("" + (System.nanoTime() != 0));
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(Kind.ONE.name + Kind.SEEN.append("x"));
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  @Test
  void enumConstantOfALocaleThatTheProgramSets_makesItFresh() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              enum Kind {
                TITLE;
                final String label = name().toLowerCase();
              }
              public static void main(String[] args) {
                java.util.Locale.setDefault(new java.util.Locale(System.getenv("QUERY_STRING")));
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.print((int) Kind.TITLE.label.charAt(1));
              }
            }
            """);

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      CgiApplication app = CgiApplication.of(program);
      assertThat(Call.get("/").with("QUERY_STRING", "en").to(app).body()).isEqualTo("" + (int) 'i');
      assertThat(Call.get("/").with("QUERY_STRING", "tr").to(app).body())
          .isEqualTo("" + (int) '\u0131');
      assertThat(program.report().state()).isEqualTo(State.FRESH);
    }
  }

  @Test
  void interfaceConstant_mayUseWhatIsPrivateInItsNest() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.util.function.Supplier;
            public class Main {
              private static int made;
              private static String say(String what) { return what + ++made; }
              interface Registry {
                Registry DEFAULT = new Default();
                Registry OTHER = Default.other();
                Supplier<Registry> THIRD = () -> new Default();
                Supplier<Registry> FOURTH = Default::new;
                String NAME = say("name") + hidden();
                String name();
                private static String hidden() { return "hidden" + made; }
                final class Default implements Registry {
                  private Default() {}
                  private static Registry other() { return new Default(); }
                  public String name() { return say("default"); }
                }
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(Registry.DEFAULT.name() + Registry.OTHER.name());
                System.out.println(Registry.THIRD.get().name() + Registry.FOURTH.get().name());
                System.out.println(Registry.NAME + Alone.DEFAULT.get());
              }
            }
            """,
            """
            package app;
            public interface Alone {
              Alone DEFAULT = new Made();
              String get();
              class Made implements Alone {
                private Made() {}
                public String get() { return "made"; }
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  // ---- constructors ----

  @Test
  void constructorThatMakesAnObjectOfItsSuperclass_makesBoth() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.io.PrintStream;
            public class Tee extends PrintStream {
              Tee(String file) throws java.io.IOException {
                super(new PrintStream(file));
              }
            }
            """,
            """
            package app;
            import java.text.SimpleDateFormat;
            public class Hours extends SimpleDateFormat {
              final SimpleDateFormat other;
              Hours() {
                super("HH mm");
                other = new SimpleDateFormat("mm HH");
              }
              Hours(int n) {
                this();
                System.out.println(new SimpleDateFormat("HH").format(new java.util.Date(0)));
              }
            }
            """,
            """
            package app;
            import java.util.TimeZone;
            public class Main {
              public static void main(String[] args) throws Exception {
                System.out.print("Content-Type: text/plain\\n\\n");
                TimeZone.setDefault(TimeZone.getTimeZone("Asia/Tokyo"));
                Hours hours = new Hours(1);
                java.util.Date date = new java.util.Date(0);
                System.out.println(hours.format(date) + " " + hours.other.format(date));
                try (Tee tee = new Tee("tee")) {
                  tee.print("written");
                }
                System.out.println(java.nio.file.Files.readString(java.nio.file.Path.of("tee")));
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  /** As the compiler of Eclipse writes it: NEW without DUP. */
  @Test
  void objectThatIsNotUsed_isMade() throws IOException {
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_FRAMES);
    writer.visit(Opcodes.V17, Opcodes.ACC_PUBLIC, "app/Main", null, "java/lang/Object", null);
    MethodVisitor code =
        writer.visitMethod(
            Opcodes.ACC_PUBLIC | Opcodes.ACC_STATIC, "main", "([Ljava/lang/String;)V", null, null);
    code.visitTypeInsn(Opcodes.NEW, "java/text/SimpleDateFormat");
    Label other = new Label();
    Label end = new Label();
    code.visitVarInsn(Opcodes.ALOAD, 0);
    code.visitJumpInsn(Opcodes.IFNULL, other);
    code.visitLdcInsn("HH");
    code.visitJumpInsn(Opcodes.GOTO, end);
    code.visitLabel(other);
    code.visitLdcInsn("mm");
    code.visitLabel(end);
    init(code, "java/text/SimpleDateFormat", "(Ljava/lang/String;)V");
    code.visitTypeInsn(Opcodes.NEW, "java/util/Timer");
    code.visitInsn(Opcodes.ICONST_1);
    init(code, "java/util/Timer", "(Z)V");
    code.visitTypeInsn(Opcodes.NEW, "java/io/PrintWriter");
    code.visitLdcInsn("made");
    init(code, "java/io/PrintWriter", "(Ljava/lang/String;)V");
    code.visitFieldInsn(Opcodes.GETSTATIC, "java/lang/System", "out", "Ljava/io/PrintStream;");
    code.visitLdcInsn("Content-Type: text/plain\n\nok");
    code.visitMethodInsn(
        Opcodes.INVOKEVIRTUAL, "java/io/PrintStream", "print", "(Ljava/lang/String;)V", false);
    code.visitInsn(Opcodes.RETURN);
    code.visitMaxs(0, 0);
    Path classes = directory.resolve("classes");
    Files.createDirectories(classes.resolve("app"));
    Files.write(classes.resolve("app/Main.class"), writer.toByteArray());

    assertAnswersAsSpawned(classes, State.RESET);
  }

  private static void init(MethodVisitor code, String type, String descriptor) {
    code.visitMethodInsn(Opcodes.INVOKESPECIAL, type, "<init>", descriptor, false);
  }

  // ---- statics by reflection and handles ----

  @Test
  void staticsByReflectionAndHandles_areInitializedFirst() throws IOException {
    Path classes =
        compiled(
            "classes",
            API,
            HIDDEN,
            THING,
            WORDS,
            SPEAKS,
            """
            package app;
            public class Config {
              static int port = 80;
              static int other = 1;
              static String name = "none";
              static class One { static int n = 1; }
              static class Two { static int n = 2; }
              static class Three { static int n = 3; }
              static class Four { static int n = 4; }
              static class Five {
                static { System.out.println("five"); }
              }
              static class Six implements Api {}
            }
            """,
            """
            package app;
            import java.lang.invoke.MethodHandles;
            import java.lang.invoke.VarHandle;
            import java.lang.reflect.Field;
            public class Main {
              public static void main(String[] args) throws Throwable {
                System.out.print("Content-Type: text/plain\\n\\n");
                Field port = Config.class.getDeclaredField("port");
                port.set(null, 8080);
                Config.class.getDeclaredField("other").setInt(null, 2);
                System.out.println(Config.port + " " + Config.other + " " + Config.name);

                MethodHandles.Lookup lookup = MethodHandles.lookup();
                VarHandle one = lookup.findStaticVarHandle(Config.One.class, "n", int.class);
                System.out.println((int) one.getAndAdd(10) + " " + Config.One.n);
                lookup.findStaticSetter(Config.Two.class, "n", int.class).invoke(20);
                System.out.println(Config.Two.n);
                lookup.unreflectSetter(Config.Three.class.getDeclaredField("n")).invoke(30);
                System.out.println(Config.Three.n);
                VarHandle four =
                    lookup.unreflectVarHandle(Config.Four.class.getDeclaredField("n"));
                System.out.println((int) four.getAndAdd(10) + " " + Config.Four.n);
                lookup.ensureInitialized(Config.Five.class);

                Field size = Api.class.getField("SIZE");
                System.out.println(size.getInt(null) + " " + Api.class.getField("LOG").get(null));
                System.out.println((int) lookup.unreflectGetter(size).invoke());
                System.out.println(
                    lookup.findStaticGetter(Api.class, "SIZE", int.class).invoke().equals(3));
                System.out.println(
                    (int) lookup.findStaticGetter(Config.Six.class, "SIZE", int.class).invoke());
                System.out.println(
                    (int) lookup.findStaticVarHandle(Api.class, "SIZE", int.class).get());
                System.out.println((int) lookup.unreflectVarHandle(size).get());

                Class<?> list = java.util.List.class;
                System.out.println(
                    (Object) lookup.findStaticGetter(lib.Thing.class, "LOG", list).invoke());
                VarHandle log = lookup.findStaticVarHandle(lib.Thing.class, "LOG", list);
                System.out.println((Object) log.get());
                System.out.println((Object) lookup.findStaticGetter(
                    lib.Speaks.class, "TEXT", StringBuilder.class).invoke());
                System.out.println((Object) lookup.findStaticVarHandle(
                    lib.Speaks.class, "TEXT", StringBuilder.class).get());
                Object out = lookup.unreflectGetter(System.class.getField("out")).invoke();
                System.out.println(out == System.out);
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  // ---- serialization ----

  @Test
  void defaultSerialVersion_isThatOfTheClassBeforeItWasRewritten() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.io.ObjectStreamClass;
            import java.io.Serializable;
            import java.util.ArrayList;
            import java.util.List;
            public abstract class Main<T> implements Runnable, Serializable, Comparable<Main<T>> {
              static final List<String> NAMES = new ArrayList<>();
              private static int hidden;
              protected transient volatile int count;
              private transient long left;
              public String[][] text;
              protected Main(int count, String... more) { this.count = count; }
              private Main() {}
              @Override public int compareTo(Main<T> other) { assert hidden == 0; return hidden; }
              protected synchronized strictfp T made(List<T> all, int[] some) { return null; }
              private void secret() {}
              protected static class Nested extends Main<String> {
                static Object last = new Object();
                @Override public void run() {
                  Runnable run = () -> last = NAMES;
                  run.run();
                }
              }
              private static final class Failure extends Exception {
                static long thrown = System.nanoTime();
              }
              static class Named extends Failing {
                private static final long serialVersionUID = "computed".hashCode();
              }
              static class Failing extends RuntimeException {
                private static final long serialVersionUID = 5;
                static int n = 1;
              }
              static class Stateless implements Serializable {}
              enum Kind { A; static final List<String> MORE = new ArrayList<>(); }
              record Point(int x) implements Serializable {
                static final List<String> MORE = new ArrayList<>();
              }
              static long of(Class<?> type) {
                return ObjectStreamClass.lookup(type).getSerialVersionUID();
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.out.println(of(Main.class) + " " + of(Nested.class));
                System.out.println(of(Failure.class) + " " + of(Named.class));
                System.out.println(of(Failing.class) + " " + of(Stateless.class));
                System.out.println(of(Kind.class) + " " + of(Point.class));
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  @Test
  void classThatNamesItsSerialFields_makesAProgramFresh() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.io.ByteArrayInputStream;
            import java.io.ByteArrayOutputStream;
            import java.io.IOException;
            import java.io.ObjectInputStream;
            import java.io.ObjectOutputStream;
            import java.io.ObjectStreamField;
            import java.io.Serializable;
            public class Main {
              static class Parent implements Serializable {
                static { System.out.println("parent"); }
              }
              static class Pair extends Parent {
                private static final long serialVersionUID = 1;
                private static final ObjectStreamField[] serialPersistentFields = {
                  new ObjectStreamField("x", int.class)
                };
                int y = 3;
                private void writeObject(ObjectOutputStream out) throws IOException {
                  out.putFields().put("x", y);
                  out.writeFields();
                }
                private void readObject(ObjectInputStream in) throws Exception {
                  y = in.readFields().get("x", 0) + 1;
                }
              }
              public static void main(String[] args) throws Exception {
                System.out.print("Content-Type: text/plain\\n\\n");
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                new ObjectOutputStream(bytes).writeObject(new Pair());
                Object read =
                    new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))
                        .readObject();
                System.out.println(((Pair) read).y);
              }
            }
            """);

    assertThat(assertAnswersAsSpawned(classes, State.FRESH).reason())
        .startsWith("app.Main$Pair.serialPersistentFields ");
  }

  // ---- methods of the JDK that the program has overridden ----

  @Test
  void overriddenMethods_areCalled() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.io.ByteArrayOutputStream;
            import java.io.PrintStream;
            import java.io.PrintWriter;
            import java.util.Locale;
            public class Main {
              static class Quiet extends Exception {
                @Override public void printStackTrace() { System.out.println("quiet"); }
              }
              static class Loud extends IllegalStateException {
                @Override public void printStackTrace() {
                  System.out.println("loud");
                  super.printStackTrace();
                }
                @Override public String toString() { return "as " + getClass().getName(); }
              }
              static class Marked extends PrintStream {
                Marked() { super(System.out, true); }
                @Override public PrintStream format(String format, Object... arguments) {
                  print("> ");
                  return super.format(format, arguments);
                }
              }
              static class Plain extends PrintStream {
                Plain() { super(System.out, true); }
              }
              static class Writes extends PrintWriter {
                Writes() { super(System.out, true); }
                @Override public PrintWriter printf(String format, Object... arguments) {
                  print("printed ");
                  return format(format, arguments);
                }
              }
              static class Hex extends ByteArrayOutputStream {
                @Override public String toString() { return "hex " + super.toString(); }
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                Locale.setDefault(Locale.GERMANY);
                for (Exception e : new Exception[] {new Quiet(), new Loud()}) {
                  e.printStackTrace();
                }
                for (PrintStream out : new PrintStream[] {new Marked(), new Plain()}) {
                  out.printf("%.1f%n", 1.5);
                }
                PrintWriter writer = new Writes();
                writer.printf("%.1f", 2.5);
                writer.println();
                ByteArrayOutputStream bytes = new Hex();
                bytes.writeBytes("\\u2713".getBytes());
                System.out.println(bytes.toString().length());
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      assertThat(Call.get("/").to(CgiApplication.of(program)).log())
          .contains("as app.Main$Loud")
          .doesNotContain("Quiet");
    }
  }

  @Test
  void parallelStreams_runInTheProgramsThread() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            import java.util.Collection;
            import java.util.List;
            import java.util.stream.IntStream;
            import java.util.stream.Stream;
            import java.util.stream.StreamSupport;
            public class Main {
              static class Source {
                Stream<String> parallelStream() { return Stream.of("own"); }
              }
              interface Many {
                default Stream<String> parallelStream() { return Stream.of("many"); }
              }
              static class Few implements Many {}
              static class Words extends java.util.ArrayList<String> {}
              interface Mine extends Collection<String> {}
              static void print(Stream<?> stream) {
                System.out.println(stream.isParallel() + " " + stream.toList());
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                print(new Source().parallelStream());
                print(new Few().parallelStream());
                print(new Words().parallelStream());
                print(List.of(1).parallelStream());
                print(StreamSupport.stream(List.of(1, 2).spliterator(), true));
                print(
                    StreamSupport.intStream(() -> IntStream.of(3).spliterator(), 0, true).boxed());
              }
            }
            """);

    try (JavaProgram program = JavaProgram.builder(List.of(classes), "app.Main").build()) {
      Call call = Call.get("/").to(CgiApplication.of(program));
      assertThat(call.body())
          .as(call.log())
          .isEqualTo("false [own]\nfalse [many]\nfalse []\nfalse [1]\nfalse [1, 2]\nfalse [3]\n");
    }
  }

  /** As a program does that finds out what its class path has. */
  @Test
  void enumWhoseInitializerFails_doesNotCountAsBeingMade() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              enum Optional {
                ONE;
                Optional() { throw new IllegalStateException(); }
              }
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                try {
                  System.out.println(Optional.ONE);
                } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
                  System.out.println("without it");
                }
                System.out.println(System.getenv("REQUEST_METHOD"));
              }
            }
            """);

    assertAnswersAsSpawned(classes, State.RESET);
  }

  /** The JDK takes the first one, and goes on without it if it cannot be made. */
  @Test
  void loggerFinderThatCannotBeMade_isLeftOut() throws IOException {
    Path classes =
        compiled(
            "classes",
            """
            package app;
            public class Main {
              public static void main(String[] args) {
                System.out.print("Content-Type: text/plain\\n\\n");
                System.getLogger("x").log(System.Logger.Level.INFO, "one");
                System.out.println("done");
              }
            }
            """);
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve("java.lang.System$LoggerFinder"), "app.Missing");

    assertAnswersAsSpawned(classes, State.RESET);
  }
}
