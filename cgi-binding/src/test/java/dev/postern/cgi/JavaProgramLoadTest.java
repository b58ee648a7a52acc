package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.JavaProgram.State;
import dev.postern.cgi.javaprograms.EveryLine;
import dev.postern.cgi.javaprograms.Exits;
import dev.postern.cgi.javaprograms.Formats;
import dev.postern.cgi.javaprograms.Hangs;
import dev.postern.cgi.javaprograms.Heavy;
import dev.postern.cgi.javaprograms.Leaves;
import dev.postern.cgi.javaprograms.Libraries;
import dev.postern.cgi.javaprograms.Made;
import dev.postern.cgi.javaprograms.Plain;
import dev.postern.cgi.javaprograms.Statics;
import dev.postern.cgi.javaprograms.Threads;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Many requests at once, and many one after the other. A long run is a command: {@code mvn -pl
 * cgi-binding -am test -Dtest=JavaProgramLoadTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dpostern.java.requests=10000 -Dpostern.java.fresh=10000 -Dpostern.java.mebibytes=1024}.
 */
class JavaProgramLoadTest {
  private static final int CLIENTS = 64;

  @TempDir Path directory;

  @Test
  void everyLine_isOfItsOwnRequest() throws Exception {
    int each = Integer.getInteger("postern.java.requests", 30);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try (JavaProgram program =
        JavaProgramFixture.inside(EveryLine.class).instances(CLIENTS).build()) {
      CgiApplication application =
          CgiApplication.builder(program).limit(ProcessLimit.of(CLIENTS)).build();
      List<Future<?>> all = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        String name = "client" + client;
        all.add(
            clients.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    String query = name + "-" + i;
                    Call call = Call.get("/").with("QUERY_STRING", query).to(application);
                    assertThat(call.status).as(call.log()).isEqualTo(200);
                    assertThat(call.body().lines())
                        .hasSizeGreaterThanOrEqualTo(20)
                        .containsOnly(query);
                  }
                }));
      }
      for (Future<?> client : all) {
        client.get(30, TimeUnit.MINUTES);
      }
      assertThat(program.report().state()).isEqualTo(State.RESET);
      assertThat(program.report().busy()).isZero();
      assertThat(program.report().abandoned()).isZero();
    } finally {
      clients.shutdownNow();
    }
  }

  // ---- in JVMs of their own, with less room or other flags ----

  @Test
  void fresh_leavesNoLoaderBehind() throws Exception {
    String requests = Integer.toString(Integer.getInteger("postern.java.fresh", 1000));
    List<String> small = List.of("-XX:MaxMetaspaceSize=48m", "-Xmx64m", "-XX:TieredStopAtLevel=1");
    assertThat(left(small, Plain.class, requests, "1", State.FRESH)).isLessThanOrEqualTo(3);
  }

  /** Threads, logs, drivers and what was thrown must not hold a loader either. */
  @ParameterizedTest
  @ValueSource(
      classes = {
        Threads.LeavesWriter.class,
        Threads.PrintFromEverywhere.class,
        Threads.Logs.class,
        Exits.UncaughtInThread.class,
        Made.ByUrlLoader.class,
        Libraries.WithDatabase.class
      })
  void misbehaving_leavesNoLoaderBehind(Class<?> program) throws Exception {
    assertThat(left(List.of(), program, "5", "1", State.FRESH)).isLessThanOrEqualTo(3);
  }

  /** Bursts of requests with pauses between them, in which all instances but one end. */
  @Test
  void idleInstances_leaveNoLoaderBehind() throws Exception {
    assertThat(left(said(List.of("-XX:+UseSerialGC"), Bursts.class))).isLessThanOrEqualTo(3);
  }

  /** The server's own locale is Turkish, where "TITLE" in lower case has no "i". */
  @Test
  void serverOfAnotherLocale_runsProgramsAsEver() throws Exception {
    List<String> turkish = List.of("-Duser.language=tr", "-Duser.country=TR");
    assertThat(left(turkish, Formats.Untouched.class, "2", "3", State.RESET))
        .isLessThanOrEqualTo(3);
  }

  /** As the start script sets it on JDK 17, so that processes get each byte of a variable. */
  @Test
  void serverOfAnotherCharset_runsProgramsAsEver() throws Exception {
    List<String> latin = List.of("-Dfile.encoding=ISO-8859-1");
    assertThat(left(latin, Formats.Encoded.class, "2", "1", State.RESET)).isLessThanOrEqualTo(3);
  }

  @Test
  void debuggerAttached_runsProgramsAsEver() throws Exception {
    List<String> debugged =
        List.of(
            "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=127.0.0.1:0");
    assertThat(left(debugged, Statics.Counts.class, "4", "1", State.RESET)).isLessThanOrEqualTo(3);
  }

  /** JaCoCo and its like add fields and calls to classes as they are defined. */
  @Test
  void agent_thatAddsToEachClass_runsProgramsAsEver() throws Exception {
    Path jar = directory.resolve("agent.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", CountingAgent.class.getName());
    new JarOutputStream(Files.newOutputStream(jar), manifest).close();

    assertThat(left(List.of("-javaagent:" + jar), Statics.Counts.class, "4", "1", State.RESET))
        .isLessThanOrEqualTo(3);
  }

  /** The sizes of the long form are 1024. */
  @Test
  void uploadAndFlood_needNoMemory() throws Exception {
    String mebibytes = Integer.toString(Integer.getInteger("postern.java.mebibytes", 128));
    assertThat(said(List.of("-Xmx64m"), Large.class, mebibytes)).contains("right");
  }

  /** In a JVM of its own, as nothing but its end stops it. */
  @Test
  void regexThatNeverEnds_isAbandoned_andTheServerGoesOn() throws Exception {
    assertThat(said(List.of(), Stuck.class)).contains("504 abandoned 200 503");
  }

  /** The JDK starts a timer for all preferences of the JVM when they are first used. */
  @Test
  void firstUseOfPreferences_isNotAbandoned() throws Exception {
    String flag = "-Djava.util.prefs.userRoot=" + directory;
    assertThat(said(List.of(flag), Prefers.class)).contains("none none 0 {}");
  }

  private static int left(
      List<String> flags, Class<?> program, String requests, String lines, State state)
      throws Exception {
    List<String> all = new ArrayList<>(List.of("-XX:+UseSerialGC"));
    all.addAll(flags);
    return left(said(all, Fresh.class, program.getName(), requests, lines, state.name()));
  }

  private static int left(String said) {
    String mark = "loaders left: ";
    assertThat(said).contains(mark);
    return Integer.parseInt(said.substring(said.indexOf(mark) + mark.length()).strip());
  }

  private static String said(List<String> flags, Class<?> main, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  /** Loads a program anew for each request, and counts what is left of that. */
  static final class Fresh {
    public static void main(String[] args) throws Exception {
      JavaProgram program =
          JavaProgramFixture.inside(Class.forName(args[0])).state(State.valueOf(args[3])).build();
      CgiApplication application =
          JavaProgramFixture.application(program, Files.createTempDirectory("postern-fresh"));
      int requests = Integer.parseInt(args[1]);
      JavaProgramFixture.Answer first = JavaProgramFixture.ask(application, "q0");
      if (first.body().lines().count() < Integer.parseInt(args[2]) || first.status() != 200) {
        System.out.println(first);
        System.exit(1);
      }
      for (int i = 0; i < requests; i++) {
        JavaProgramFixture.Answer answer = JavaProgramFixture.ask(application, "q" + i);
        if (!answer.equals(first)) {
          System.out.println(answer + " after " + first);
          System.exit(1);
        }
      }
      System.out.println("loaders left: " + loaders());
      System.exit(0);
    }

    /** After a collection, as the JVM tells. */
    private static String loaders() throws Exception {
      String histogram =
          (String)
              ManagementFactory.getPlatformMBeanServer()
                  .invoke(
                      new ObjectName("com.sun.management:type=DiagnosticCommand"),
                      "gcClassHistogram",
                      new Object[] {new String[0]},
                      new String[] {String[].class.getName()});
      return histogram
          .lines()
          .map(line -> line.strip().split("\\s+"))
          .filter(words -> words.length > 3 && words[3].endsWith(".ProgramLoader"))
          .map(words -> words[1])
          .findFirst()
          .orElse("0");
    }
  }

  /** Lets instances end because they are idle, again and again. */
  static final class Bursts {
    private static final int AT_ONCE = 4;

    public static void main(String[] args) throws Exception {
      JavaProgram program =
          JavaProgramFixture.inside(Heavy.Ticks.class)
              .instances(AT_ONCE)
              .idle(Duration.ofMillis(1))
              .build();
      CgiApplication application = CgiApplication.of(program);
      for (int burst = 0; burst < 4; burst++) {
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
          Thread client = new Thread(() -> Call.get("/").to(application));
          client.start();
          clients.add(client);
        }
        for (Thread client : clients) {
          client.join();
        }
        while (program.report().idle() > 1) {
          Thread.sleep(1);
        }
      }
      String left = Fresh.loaders();
      // The threads need a moment to end.
      for (int i = 0; i < 20 && Integer.parseInt(left) > 1; i++) {
        left = Fresh.loaders();
      }
      System.out.println("loaders left: " + left);
      System.exit(0);
    }
  }

  /** Gives up a program, and goes on up to a limit. */
  static final class Stuck {
    public static void main(String[] args) {
      JavaProgram program =
          JavaProgramFixture.inside(Hangs.InRegex.class)
              .stopGrace(Duration.ofMillis(300))
              .abandonedLimit(2)
              .build();
      CgiApplication app =
          CgiApplication.builder(program).headerTimeout(Duration.ofSeconds(1)).build();
      Call hung = Call.get("/").to(app);
      Call next = Call.get("/").with("QUERY_STRING", "go").to(app);
      Call.get("/").to(app);
      Call last = Call.get("/").with("QUERY_STRING", "go").to(app);
      Object exit = hung.outcome.facts().get("cgi.exit");
      System.out.println(hung.status + " " + exit + " " + next.status + " " + last.status);
      System.exit(0);
    }
  }

  /** Sends and receives more than the heap has. */
  static final class Large {
    public static void main(String[] args) {
      long bytes = Long.parseLong(args[0]) << 20;
      JavaProgram upload = JavaProgramFixture.inside(Heavy.Upload.class).build();
      InputStream zeros =
          new InputStream() {
            private long left = bytes;

            @Override
            public int read() {
              return left-- > 0 ? 0 : -1;
            }

            @Override
            public int read(byte[] block, int offset, int length) {
              int some = (int) Math.min(left, length);
              left -= some;
              return some == 0 ? -1 : some;
            }
          };
      Call sent =
          Call.of("POST", "/")
              .length(bytes)
              .input(zeros)
              .to(CgiApplication.builder(upload).maxBody(bytes).build());
      JavaProgram flood = JavaProgramFixture.inside(Heavy.Flood.class).build();
      Call received = Call.get("/").with("QUERY_STRING", args[0]);
      received.discard = true;
      received.to(CgiApplication.of(flood));
      boolean right =
          sent.body().equals(bytes + " true")
              && received.count == bytes
              && received.outcome.complete();
      System.out.println(right ? "right" : sent.log() + sent.body() + received.count);
      System.exit(0);
    }
  }

  /** Runs a program with preferences. */
  static final class Prefers {
    public static void main(String[] args) {
      JavaProgram program = JavaProgramFixture.inside(Leaves.ReadsPreferences.class).build();
      CgiApplication app = CgiApplication.of(program);
      System.out.println(
          Call.get("/").to(app).body()
              + Call.get("/").to(app).body()
              + program.report().abandoned()
              + " "
              + program.report().discarded());
      System.exit(0);
    }
  }
}
