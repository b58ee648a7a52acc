package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.cgi.JavaProgram.State;
import dev.postern.cgi.javaprograms.Formats;
import dev.postern.cgi.javaprograms.Heavy;
import dev.postern.cgi.javaprograms.Late;
import dev.postern.cgi.javaprograms.Leaves;
import dev.postern.cgi.javaprograms.Opens;
import dev.postern.cgi.javaprograms.Plain;
import dev.postern.cgi.javaprograms.Statics;
import dev.postern.cgi.javaprograms.Surroundings;
import dev.postern.cgi.javaprograms.Threads;
import dev.postern.process.Pumps;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Whatever a Java program inside the server does, others and the next request are right. */
class JavaProgramSurvivalTest {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final int AT_ONCE = 64;

  /** Programs whose late work runs on a thread of the JVM. */
  private static final Set<Class<?>> UNSEEN =
      Set.of(Late.AfterTimeout.class, Late.InDelayedExecutor.class);

  @TempDir Path directory;

  // ---- many at once ----

  @Test
  void localeAndZone_of64AtOnce_areEachItsOwn() throws Exception {
    Map<String, String> said = new LinkedHashMap<>();
    said.put("tr-TR", "tr-TR \u0131 09");
    said.put("de-DE", "de-DE i 00");
    try (JavaProgram program =
        JavaProgramFixture.inside(Formats.Mine.class).instances(AT_ONCE).build()) {
      CgiApplication app = CgiApplication.builder(program).limit(ProcessLimit.of(AT_ONCE)).build();
      atOnce(
          n -> {
            String tag = n % 2 == 0 ? "tr-TR" : "de-DE";
            Call call = Call.get("/").with("QUERY_STRING", tag).to(app);
            assertThat(new String(call.bytes(), StandardCharsets.UTF_8)).isEqualTo(said.get(tag));
          });
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = State.class,
      names = {"RESET", "FRESH"})
  void fileLock_64AtOnce_isWaitedFor(State state) throws Exception {
    try (JavaProgram program =
        JavaProgramFixture.inside(Heavy.CountsInFile.class)
            .state(state)
            .instances(AT_ONCE)
            .build()) {
      CgiApplication app =
          CgiApplication.builder(program)
              .workingDirectory(directory)
              .limit(ProcessLimit.of(AT_ONCE))
              .build();
      atOnce(n -> assertThat(Call.get("/").to(app).body()).isEqualTo("true"));
    }
    assertThat(directory.resolve("number"))
        .hasContent(Integer.toString(AT_ONCE * Heavy.CountsInFile.TIMES));
  }

  private interface Request {
    void make(int number) throws Exception;
  }

  private static void atOnce(Request request) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < AT_ONCE; i++) {
        int number = i;
        all.add(
            clients.submit(
                () -> {
                  request.make(number);
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      clients.shutdownNow();
    }
  }

  // ---- the worst ----

  @ParameterizedTest
  @ValueSource(
      classes = {
        Heavy.OpensEverything.class,
        Heavy.ExitsEverywhere.class,
        Heavy.HangsEverywhere.class
      })
  void afterTheWorst_theNextRequestIsRight(Class<?> worst) throws IOException {
    try (JavaProgram program =
        JavaProgramFixture.inside(worst).stopGrace(Duration.ofSeconds(20)).build()) {
      CgiApplication app =
          CgiApplication.builder(program).workingDirectory(directory).headerTimeout(SHORT).build();
      for (int i = 0; i < 3; i++) {
        Call call = Call.get("/").to(app);
        if (worst == Heavy.ExitsEverywhere.class) {
          assertThat(call.body()).isEqualTo("left");
        } else {
          assertThat(call.status).as(call.log()).isIn(502, 504);
        }
        assertThat(Call.get("/").with("QUERY_STRING", "go").to(app).body()).isEqualTo("went");
      }
      assertThat(program.report().abandoned()).isZero();
      assertThat(program.report().busy()).isZero();
    }
    assertThat(openIn(directory)).isEmpty();
    try (var left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        Late.AfterTimeout.class,
        Late.InAsyncStage.class,
        Late.InCommonPool.class,
        Late.InDefaultExecutor.class,
        Late.InDelayedExecutor.class,
        Late.InForkedTask.class,
        Late.InOwnFuture.class,
        Late.InOwnPool.class,
        Late.InRootGroup.class,
        Late.InStageByReflection.class,
        Late.InVirtualThread.class
      })
  void workLeftToAnyThread_isNotSeenByTheNextRequest(Class<?> leaving) {
    boolean isVirtual = leaving == Late.InVirtualThread.class;
    assumeTrue(!isVirtual || Runtime.version().feature() >= 21, "virtual threads");
    try (JavaProgram program =
        JavaProgramFixture.inside(leaving).stopGrace(Duration.ofSeconds(20)).build()) {
      CgiApplication app = CgiApplication.of(program);
      for (String query : List.of("first", "second")) {
        assertThat(Call.get("/").with("QUERY_STRING", query).to(app).body()).isEqualTo(query);
      }
      assertThat(program.report().state()).isEqualTo(State.RESET);
      if (isVirtual || UNSEEN.contains(leaving)) {
        assertThat(program.report().discarded())
            .containsOnlyKeys(isVirtual ? "virtual threads" : "unseen threads");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(State.class)
  void methodsOfTheProgram_doNotStopTheServerFromEndingIt(State state) {
    try (JavaProgram program =
        JavaProgramFixture.inside(Leaves.NoticesItsEnd.class)
            .state(state)
            .stopGrace(Duration.ofSeconds(20))
            .build()) {
      CgiApplication app = CgiApplication.builder(program).workingDirectory(directory).build();
      for (int i = 0; i < 2; i++) {
        // At its end a JVM closes the handlers of its log. KEPT goes on.
        assertThat(Call.get("/").to(app).body()).isEqualTo(state == State.KEPT ? "ok" : "okclosed");
        assertThat(program.report().busy()).isZero();
        assertThat(program.report().abandoned()).isZero();
      }
    }
  }

  @Test
  void timerMadeAtTheEnd_isEnded() {
    try (JavaProgram program =
        JavaProgramFixture.inside(Late.MakesTimerAtItsEnd.class)
            .stopGrace(Duration.ofSeconds(20))
            .build()) {
      assertThat(Call.get("/").to(CgiApplication.of(program)).body()).isEqualTo("ok");
      assertThat(program.report().discarded()).containsOnlyKeys("threads");
    }
  }

  /** From JDK 19 on, a group is held weakly. */
  @Test
  void threadGroups_doNotPileUp() {
    assumeTrue(Runtime.version().feature() < 19, "groups that stay until they are destroyed");
    try (JavaProgram program = JavaProgramFixture.inside(Threads.MakesGroup.class).build()) {
      for (int i = 0; i < 2; i++) {
        assertThat(Call.get("/").to(CgiApplication.of(program)).body()).isEqualTo("0 true\n");
      }
    }
  }

  @Test
  void threadOfTheServer_isNotTakenForOneOfTheProgram() {
    Pumps.endIdle();
    try (JavaProgram program =
        JavaProgramFixture.inside(Threads.WithThreadAndChild.class).build()) {
      CgiApplication app = CgiApplication.of(program);
      assertThat(Call.get("/").to(app).body()).isEqualTo("child\nthread\n");
      assertThat(program.report().discarded()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "watch service",
        "pipe",
        "selector",
        "provider",
        "accepted socket",
        "accepted channel",
        "channel group",
        "directory"
      })
  void whatAProgramLeavesOpen_isClosed(String what) throws IOException {
    int requests = 20;
    try (JavaProgram program =
        JavaProgramFixture.inside(Opens.LeavesOpen.class)
            .stopGrace(Duration.ofSeconds(20))
            .build()) {
      CgiApplication app = CgiApplication.builder(program).workingDirectory(directory).build();
      Call.get("/").with("QUERY_STRING", what).to(app);
      int before = open().size();
      for (int i = 0; i < requests; i++) {
        assertThat(Call.get("/").with("QUERY_STRING", what).to(app).body()).isEqualTo("ok");
      }
      assertThat(open()).hasSizeLessThan(before + requests);
      assertThat(program.report().abandoned()).isZero();
    }
  }

  /** The server's own child stands for one of another request. */
  @Test
  void childrenOfTheServer_areNotThoseOfAProgram() throws Exception {
    Process other = new ProcessBuilder("sleep", "1000").start();
    try (JavaProgram program = JavaProgramFixture.inside(Surroundings.OwnChildren.class).build()) {
      assertThat(Call.get("/").to(CgiApplication.of(program)).status).isEqualTo(200);
      assertThat(other.isAlive()).isTrue();
    } finally {
      other.destroyForcibly();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void exceptionInVirtualThread_isHandledAsInAnyThread(boolean handled) throws IOException {
    assumeTrue(Runtime.version().feature() >= 21, "virtual threads");
    Path source = directory.resolve("Page.java");
    Files.writeString(
        source,
        """
        import java.util.concurrent.Executors;

        class Page {
          public static void main(String[] args) throws Exception {
            System.out.print("Content-Type: text/plain\\n\\n");
            if (System.getenv("QUERY_STRING").equals("true")) {
              Thread.setDefaultUncaughtExceptionHandler(
                  (thread, e) -> System.out.println("handled " + e.getMessage()));
            }
            Runnable fails = () -> { throw new IllegalStateException("on purpose"); };
            Thread.ofVirtual().start(fails).join();
            Thread.startVirtualThread(fails).join();
            try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
              executor.execute(fails);
            }
            Thread own =
                Thread.ofVirtual()
                    .uncaughtExceptionHandler((thread, e) -> System.out.println("own"))
                    .start(fails);
            own.join();
            Thread unstarted = Thread.ofVirtual().unstarted(fails);
            System.out.println(
                unstarted.getUncaughtExceptionHandler() == unstarted.getThreadGroup());
          }
        }
        """);
    try (JavaProgram program = JavaProgram.of(source)) {
      Call call =
          Call.get("/")
              .with("QUERY_STRING", Boolean.toString(handled))
              .to(CgiApplication.of(program));
      String each = handled ? "handled on purpose\n".repeat(3) : "";
      assertThat(call.body()).as(call.log()).isEqualTo(each + "own\ntrue\n");
      String trace = "Exception in thread \"\" java.lang.IllegalStateException: on purpose";
      assertThat(call.log().split(trace, -1)).hasSize(handled ? 1 : 4);
    }
  }

  /** What this process has open there. */
  private static List<String> openIn(Path directory) throws IOException {
    String there = directory.toRealPath().toString();
    return open().stream().filter(target -> target.startsWith(there)).toList();
  }

  private static List<String> open() throws IOException {
    List<String> open = new ArrayList<>();
    Path descriptors = Path.of("/proc/self/fd");
    if (Files.isDirectory(descriptors)) {
      try (var all = Files.list(descriptors)) {
        for (Path each : all.toList()) {
          open.add(Files.isSymbolicLink(each) ? name(each) : "");
        }
      }
    }
    return open;
  }

  private static String name(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void provider_isGoneAfterTheRequest() {
    try (JavaProgram program = JavaProgramFixture.inside(Leaves.AddsProvider.class).build()) {
      CgiApplication app = CgiApplication.of(program);
      for (int i = 0; i < 2; i++) {
        assertThat(Call.get("/").with("QUERY_STRING", "x").to(app).body())
            .startsWith("null\ntrue\n");
        assertThat(Security.getProvider("PosternTest")).isNull();
      }
    }
  }

  @Test
  void providers_of64AtOnce_areEachItsOwn() throws Exception {
    String own = JavaProgramFixture.spawned(Leaves.AddsProvider.class, directory).body();
    try (JavaProgram program =
        JavaProgramFixture.inside(Leaves.AddsProvider.class).instances(AT_ONCE).build()) {
      CgiApplication app = CgiApplication.builder(program).limit(ProcessLimit.of(AT_ONCE)).build();
      atOnce(
          n -> {
            Call call = Call.get("/").with("QUERY_STRING", "q" + n).to(app);
            assertThat(call.body()).as(call.log()).isEqualTo(own.replace("QUERY", "q" + n));
          });
    }
  }

  /** Only the workers of its pool end with each request. */
  @Test
  void commonPool_costsNoInstance() {
    try (JavaProgram program = JavaProgramFixture.inside(Late.InPoolOnly.class).build()) {
      CgiApplication app = CgiApplication.of(program);
      for (int i = 0; i < 20; i++) {
        assertThat(Call.get("/").to(app).body()).isEqualTo("3");
      }
      assertThat(program.report().discarded()).isEmpty();
    }
  }

  @Test
  void output_isSeenTickByTick() {
    try (JavaProgram program = JavaProgramFixture.inside(Heavy.Ticks.class).build()) {
      Call call = Call.get("/");
      List<String> seen = new ArrayList<>();
      call.onFlush = () -> seen.add(call.body());
      call.to(CgiApplication.of(program));

      assertThat(seen).contains("tick 0\n", "tick 0\ntick 1\n");
    }
  }

  @Test
  void close_letsBusyInstancesFinish() throws Exception {
    JavaProgram program = JavaProgramFixture.inside(Heavy.Ticks.class).build();
    Call call = Call.get("/");
    AtomicBoolean closed = new AtomicBoolean();
    call.onFlush =
        () -> {
          if (closed.compareAndSet(false, true)) {
            program.close();
          }
        };
    call.to(CgiApplication.of(program));

    assertThat(closed).isTrue();
    assertThat(call.body()).isEqualTo("tick 0\ntick 1\ntick 2\n");
    assertThat(program.report().discarded()).containsEntry("closed", 1L);
    assertThat(program.report().idle()).isZero();
  }

  // ---- jars ----

  @Test
  void changedJar_isReloaded_whileRequestsRun() throws Exception {
    Path jar = directory.resolve("page.jar");
    Path next = directory.resolve("next");
    jar(jar, "Page", Map.of("Page.class", says("Page", "one", Opcodes.V17)));
    jar(next, "Page", Map.of("Page.class", says("Page", "other", Opcodes.V17)));
    AtomicBoolean moved = new AtomicBoolean();
    try (JavaProgram program = JavaProgram.builder(jar).instances(AT_ONCE).build()) {
      CgiApplication app = CgiApplication.builder(program).limit(ProcessLimit.of(AT_ONCE)).build();
      atOnce(
          n -> {
            for (int i = 0; i < 10; i++) {
              if (n == 0 && i == 5) {
                Files.move(next, jar, StandardCopyOption.ATOMIC_MOVE);
                moved.set(true);
              }
              boolean after = moved.get();
              Call call = Call.get("/").to(app);
              assertThat(call.body())
                  .as(call.log())
                  .isIn(after ? List.of("other") : List.of("one", "other"));
            }
          });
      assertThat(Call.get("/").to(app).body()).isEqualTo("other");
    }
  }

  @Test
  void jar_hasServicesResourcesAndVersions() throws IOException {
    String name = Leaves.class.getName().replace('.', '/');
    Map<String, byte[]> entries = new LinkedHashMap<>();
    for (String each : List.of("", "$Service", "$LooksIntoItsJar")) {
      String file = name + each + ".class";
      entries.put(file, Files.readAllBytes(JavaProgramFixture.classes().resolve(file)));
    }
    entries.put(
        "META-INF/services/java.util.function.Supplier",
        (Leaves.class.getName() + "$Service").getBytes(StandardCharsets.UTF_8));
    entries.put("words.txt", "old".getBytes(StandardCharsets.UTF_8));
    entries.put("META-INF/versions/17/words.txt", "new".getBytes(StandardCharsets.UTF_8));
    Path jar = directory.resolve("looks.jar");
    jar(jar, Leaves.LooksIntoItsJar.class.getName(), entries);

    for (State state : List.of(State.RESET, State.FRESH)) {
      try (JavaProgram program = JavaProgram.builder(jar).state(state).build()) {
        CgiApplication app = CgiApplication.of(program);
        for (int i = 0; i < 2; i++) {
          assertThat(Call.get("/").to(app).body())
              .isEqualTo("service\nnew\ntrue\ntrue\ntrue\nnew\nnull\n1.2\n");
        }
      }
    }
  }

  @Test
  void classesOfThePlatform_areNotTakenFromTheClassPath() throws IOException {
    ClassWriter writer = new ClassWriter(0);
    writer.visit(
        Opcodes.V1_5,
        Opcodes.ACC_PUBLIC | Opcodes.ACC_INTERFACE | Opcodes.ACC_ABSTRACT,
        "org/w3c/dom/Node",
        null,
        "java/lang/Object",
        null);
    Path old = Files.createDirectories(directory.resolve("org/w3c/dom"));
    Files.write(old.resolve("Node.class"), writer.toByteArray());
    List<Path> classPath = List.of(directory, JavaProgramFixture.classes());
    try (JavaProgram program =
        JavaProgram.builder(classPath, Leaves.ParsesXml.class.getName()).build()) {
      Call call = Call.get("/").to(CgiApplication.of(program));
      assertThat(call.body()).as(call.log()).isEqualTo("a java.xml\njrt\n");
    }
  }

  @Test
  void fileOfAChangedJar_isReadAnew_byItsUrl() throws IOException {
    String file = Leaves.class.getName().replace('.', '/') + "$ReadsByUrl.class";
    byte[] reads = Files.readAllBytes(JavaProgramFixture.classes().resolve(file));
    Path jar = directory.resolve("reads.jar");
    try (JavaProgram program = JavaProgram.builder(jar).build()) {
      for (String words : List.of("old", "newer")) {
        Path next = directory.resolve("next");
        Map<String, byte[]> entries =
            Map.of(file, reads, "words.txt", words.getBytes(StandardCharsets.UTF_8));
        jar(next, Leaves.ReadsByUrl.class.getName(), entries);
        Files.move(next, jar, StandardCopyOption.REPLACE_EXISTING);
        Call call = Call.get("/").to(CgiApplication.of(program));
        assertThat(call.body()).as(call.log()).isEqualTo(words);
      }
    }
  }

  @Test
  void overwrittenClass_isSeen_inADirectory() throws IOException {
    Path page = directory.resolve("Page.class");
    Files.write(page, says("Page", "one", Opcodes.V17));
    try (JavaProgram program = JavaProgram.builder(List.of(directory), "Page").build()) {
      assertChanges(program, page, says("Page", "other", Opcodes.V17));
    }
  }

  @Test
  void jarOfAClassPath_isSeen_whenItChanges() throws IOException {
    Path library = directory.resolve("library.jar");
    jar(library, "Page", Map.of("Page.class", says("Page", "one", Opcodes.V17)));
    Path next = directory.resolve("next.jar");
    jar(next, "Page", Map.of("Page.class", says("Page", "other", Opcodes.V17)));
    Path jar = directory.resolve("main.jar");
    Files.writeString(directory.resolve("library.pom"), "no jar");
    jar(jar, "Page", "library.pom library.jar", Map.of());
    try (JavaProgram program = JavaProgram.of(jar)) {
      assertChanges(program, library, Files.readAllBytes(next));
    }
  }

  /** Within about a second. */
  private static void assertChanges(JavaProgram program, Path file, byte[] next)
      throws IOException {
    CgiApplication app = CgiApplication.of(program);
    assertThat(Call.get("/").to(app).body()).isEqualTo("one");
    Files.write(file, next);
    long start = System.nanoTime();
    String body = "one";
    while (body.equals("one") && System.nanoTime() - start < Duration.ofSeconds(30).toNanos()) {
      body = Call.get("/").to(app).body();
    }
    assertThat(body).isEqualTo("other");
  }

  private static void jar(Path file, String main, Map<String, byte[]> entries) throws IOException {
    jar(file, main, null, entries);
  }

  private static void jar(Path file, String main, String classPath, Map<String, byte[]> entries)
      throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(Attributes.Name.MAIN_CLASS, main);
    if (classPath != null) {
      attributes.put(Attributes.Name.CLASS_PATH, classPath);
    }
    attributes.put(Attributes.Name.IMPLEMENTATION_VERSION, "1.2");
    attributes.put(Attributes.Name.MULTI_RELEASE, "true");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(file), manifest)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        out.putNextEntry(new JarEntry(entry.getKey()));
        out.write(entry.getValue());
        out.closeEntry();
      }
    }
  }

  // ---- class files ----

  static IntStream versions() {
    return IntStream.rangeClosed(Opcodes.V1_1 & 0xFFFF, 44 + Runtime.version().feature());
  }

  @ParameterizedTest
  @MethodSource("versions")
  void classFile_ofEachVersion_runs(int version) throws IOException {
    assertRuns(says("Old", "old", version), State.RESET);
  }

  @Test
  void hugeMethod_runs_andItsClassIsNamed() throws IOException {
    ClassWriter writer = new ClassWriter(0);
    writer.visit(Opcodes.V1_5, Opcodes.ACC_PUBLIC, "Old", null, "java/lang/Object", null);
    writer.visitField(Opcodes.ACC_STATIC, "count", "I", null, null);
    MethodVisitor code = main(writer);
    print(code, "Content-Type: text/plain\n\nold");
    // A loop each, up to the limit: with its polls the method has no room.
    for (int i = 0; i < 7000; i++) {
      Label back = new Label();
      code.visitLabel(back);
      code.visitInsn(Opcodes.ICONST_0);
      code.visitJumpInsn(Opcodes.IFNE, back);
      code.visitInsn(Opcodes.NOP);
      code.visitInsn(Opcodes.NOP);
      code.visitInsn(Opcodes.NOP);
      code.visitInsn(Opcodes.NOP);
      code.visitInsn(Opcodes.NOP);
    }
    code.visitInsn(Opcodes.RETURN);
    code.visitMaxs(2, 1);

    assertThat(assertRuns(writer.toByteArray(), State.FRESH).reason())
        .isEqualTo("Old is too large");
  }

  private JavaProgram.Report assertRuns(byte[] bytes, State state) throws IOException {
    Files.write(directory.resolve("Old.class"), bytes);
    try (JavaProgram program = JavaProgram.builder(List.of(directory), "Old").build()) {
      CgiApplication app = CgiApplication.of(program);
      for (int i = 0; i < 2; i++) {
        Call call = Call.get("/").to(app);
        assertThat(call.body()).as(call.log()).isEqualTo("old");
      }
      assertThat(program.report().state()).isEqualTo(state);
      return program.report();
    }
  }

  /** A program that prints, with a static, a loop, and a subroutine where the version has them. */
  private static byte[] says(String name, String text, int version) {
    ClassWriter writer =
        new ClassWriter(
            version < Opcodes.V1_6 ? ClassWriter.COMPUTE_MAXS : ClassWriter.COMPUTE_FRAMES);
    writer.visit(version, Opcodes.ACC_PUBLIC, name, null, "java/lang/Object", null);
    writer.visitField(Opcodes.ACC_STATIC, "count", "I", null, null);
    MethodVisitor code = main(writer);
    Label loop = new Label();
    code.visitLabel(loop);
    code.visitFieldInsn(Opcodes.GETSTATIC, name, "count", "I");
    code.visitInsn(Opcodes.ICONST_1);
    code.visitInsn(Opcodes.IADD);
    code.visitInsn(Opcodes.DUP);
    code.visitFieldInsn(Opcodes.PUTSTATIC, name, "count", "I");
    code.visitInsn(Opcodes.ICONST_5);
    code.visitJumpInsn(Opcodes.IF_ICMPLT, loop);
    if (version < Opcodes.V1_6) {
      Label subroutine = new Label();
      code.visitJumpInsn(Opcodes.JSR, subroutine);
      code.visitInsn(Opcodes.RETURN);
      code.visitLabel(subroutine);
      code.visitVarInsn(Opcodes.ASTORE, 1);
      print(code, "Content-Type: text/plain\n\n" + text);
      code.visitVarInsn(Opcodes.RET, 1);
    } else {
      print(code, "Content-Type: text/plain\n\n" + text);
      code.visitInsn(Opcodes.RETURN);
    }
    code.visitMaxs(0, 0);
    return writer.toByteArray();
  }

  private static MethodVisitor main(ClassWriter writer) {
    return writer.visitMethod(
        Opcodes.ACC_PUBLIC | Opcodes.ACC_STATIC, "main", "([Ljava/lang/String;)V", null, null);
  }

  private static void print(MethodVisitor code, String text) {
    code.visitFieldInsn(Opcodes.GETSTATIC, "java/lang/System", "out", "Ljava/io/PrintStream;");
    code.visitLdcInsn(text);
    code.visitMethodInsn(
        Opcodes.INVOKEVIRTUAL, "java/io/PrintStream", "print", "(Ljava/lang/String;)V", false);
  }

  // ---- what watches ----

  @Test
  void comparingMode_namesAnAnswerThatDiffers() {
    assertThat(compared(Leaves.NeverTheSame.class))
        .anyMatch(line -> line.startsWith("differs after a reset: from byte "));
    assertThat(compared(Statics.Counts.class)).noneMatch(line -> line.startsWith("differs"));
    assertThat(compared(Plain.class)).noneMatch(line -> line.startsWith("differs"));
  }

  @Test
  void comparingMode_withABrokenVersion_keepsNoPlace() throws IOException {
    Path source = directory.resolve("Page.java");
    Files.writeString(
        source,
        "public class Page { public static void main(String[] a) throws Exception {"
            + " System.out.print(\"Content-Type: text/plain\\n"
            + "\\n"
            + "ok\"); java.nio.file.Files.writeString(java.nio.file.Path.of(\"Page.java\"),"
            + " \"no\"); } }");
    System.setProperty("dev.postern.inprocess.compare", "1");
    try (JavaProgram program = JavaProgram.of(source)) {
      CgiApplication app = CgiApplication.of(program);
      assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
      assertThat(program.report().busy()).isZero();
    } finally {
      System.clearProperty("dev.postern.inprocess.compare");
    }
  }

  private static List<String> compared(Class<?> type) {
    System.setProperty("dev.postern.inprocess.compare", "2");
    try (JavaProgram program = JavaProgramFixture.inside(type).build()) {
      CgiApplication app = CgiApplication.of(program);
      for (int i = 0; i < 4; i++) {
        assertThat(Call.post("/", new byte[] {'x'}).to(app).status).isEqualTo(200);
      }
      assertThat(program.report().discarded()).containsEntry("compared", 2L);
      assertThat(program.report().busy()).isZero();
      return program.report().findings();
    } finally {
      System.clearProperty("dev.postern.inprocess.compare");
    }
  }

  @Test
  void adoptedStreams_takeWhatTheJdkPrintsToTheRequest() {
    PrintStream out = System.out;
    PrintStream err = System.err;
    try (JavaProgram program = JavaProgramFixture.inside(Leaves.PrintsByTheJdk.class).build()) {
      System.setErr(new PrintStream(OutputStream.nullOutputStream()));
      CgiApplication app = CgiApplication.of(program);
      assertThat(Call.get("/").to(app).log()).doesNotContain("by the JDK");

      JavaProgram.adoptSystemStreams();
      PrintStream adopted = System.err;
      JavaProgram.adoptSystemStreams();

      assertThat(System.err).isSameAs(adopted);
      Call call = Call.get("/").to(app);
      assertThat(call.body()).isEqualTo("ok");
      assertThat(call.log()).contains("by the JDK");
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }
}
