package dev.postern.benchmarks;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.JavaProgram;
import dev.postern.cgi.JavaProgram.State;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/**
 * Compares Java CGI programs that run inside the server with the same programs spawned, in turns:
 * how many more requests a second do they answer? It also measures what the polls cost that make a
 * loop stoppable.
 */
public final class InProcess {
  private static final String USAGE =
      """
      usage: benchmarks/inprocess [--full] [--rounds N] [--seconds S] [--goals]
        --full      15 rounds of 5 s, as a claim needs. Otherwise 3 of 2 s
        --goals     ends with 1 where a goal is missed
      """;

  private static final int CLIENTS = 2;
  private static final List<String> LOOP_KINDS = List.of("sum", "sieve", "fib");

  private static final String HELLO =
      """
      public class Hello {
        public static void main(String[] args) {
          System.out.print("Content-Type: text/plain\\n\\n");
          System.out.println("Hello, " + System.getenv("QUERY_STRING") + "!");
        }
      }
      """;

  private static final String JSON =
      """
      import com.fasterxml.jackson.databind.ObjectMapper;
      import java.util.Map;

      public class Json {
        static final ObjectMapper MAPPER = new ObjectMapper();

        public static void main(String[] args) throws Exception {
          String json = MAPPER.writeValueAsString(Map.of("name", "chair", "count", 4));
          System.out.print("Content-Type: application/json\\n\\n");
          System.out.println(json + MAPPER.readTree(json).get("count").asInt());
        }
      }
      """;

  /** Loops of the kinds that compilers treat differently. */
  private static final String LOOPS =
      """
      public class Loops {
        static long sum(int[] values) {
          long sum = 0;
          for (int i = 0; i < values.length; i++) {
            sum += values[i];
          }
          return sum;
        }

        static int sieve(int size) {
          boolean[] composite = new boolean[size];
          int primes = 0;
          for (int i = 2; i < size; i++) {
            if (!composite[i]) {
              primes++;
              for (long j = (long) i * i; j < size; j += i) {
                composite[(int) j] = true;
              }
            }
          }
          return primes;
        }

        static int fib(int n) {
          return n < 2 ? n : fib(n - 1) + fib(n - 2);
        }

        public static void main(String[] args) {
          int[] values = new int[100_000];
          java.util.Arrays.fill(values, 3);
          long result = 0;
          switch (args[0]) {
            case "sum" -> {
              for (int i = 0; i < 200; i++) {
                result += sum(values);
              }
            }
            case "sieve" -> {
              for (int i = 0; i < 5; i++) {
                result += sieve(200_000);
              }
            }
            default -> result = fib(27);
          }
          System.out.print("Content-Type: text/plain\\n\\n" + result);
        }
      }
      """;

  private static final String LOG =
      """
      import org.apache.logging.log4j.LogManager;
      import org.apache.logging.log4j.Logger;

      public class Log {
        private static final Logger LOGGER = LogManager.getLogger(Log.class);

        public static void main(String[] args) {
          System.out.print("Content-Type: text/plain\\n\\n" + LOGGER.isErrorEnabled());
        }
      }
      """;

  private static final String HANG =
      """
      public class Hang {
        public static void main(String[] args) {
          for (long i = 0; ; i++) {
            if (i < 0) {
              System.out.println(i);
            }
          }
        }
      }
      """;

  private static final Duration SILENCE = Duration.ofMillis(200);
  private static final int TRIES = 20;

  private int rounds = 3;
  private double seconds = 2;
  private boolean goals;
  private final Map<String, Application> cases = new LinkedHashMap<>();
  private final Map<String, List<Double>> rates = new LinkedHashMap<>();

  private InProcess() {}

  /**
   * Measures, and prints the table.
   *
   * @throws Exception when a program does not answer
   */
  public static void main(String[] args) throws Exception {
    InProcess run = new InProcess();
    try {
      run.read(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(USAGE);
      System.exit(2);
    }
    System.exit(run.run() || !run.goals ? 0 : 1);
  }

  private void read(String[] args) {
    Deque<String> words = new ArrayDeque<>(List.of(args));
    while (!words.isEmpty()) {
      String word = words.remove();
      switch (word) {
        case "--full" -> {
          rounds = Options.CLAIM_ROUNDS;
          seconds = Options.CLAIM_SECONDS;
        }
        case "--rounds" -> rounds = (int) Options.number(word, words);
        case "--seconds" -> seconds = Options.number(word, words);
        case "--goals" -> goals = true;
        default -> throw new IllegalArgumentException("option must be known: " + word);
      }
    }
  }

  private boolean run() throws Exception {
    Path classes = Files.createTempDirectory("postern-inprocess");
    List<Path> classPath = new ArrayList<>(List.of(classes));
    classPath.addAll(libraries());
    compile(classes, classPath, "Hello", HELLO);
    compile(classes, classPath, "Json", JSON);
    compile(classes, classPath, "Log", LOG);
    compile(classes, classPath, "Loops", LOOPS);
    compile(classes, classPath, "Hang", HANG);
    cases.put("hello, spawned", spawned(classPath, "Hello"));
    cases.put("hello, plain Application", InProcess::plain);
    cases.put("hello, RESET", inside(classPath, "Hello", State.RESET));
    cases.put("hello, FRESH", inside(classPath, "Hello", State.FRESH));
    cases.put("Jackson, spawned", spawned(classPath, "Json"));
    cases.put("Jackson, RESET", inside(classPath, "Json", State.RESET));
    cases.put("Jackson, FRESH", inside(classPath, "Json", State.FRESH));
    cases.put("log4j, spawned", spawned(classPath, "Log"));
    cases.put("log4j, RESET", inside(classPath, "Log", State.RESET));
    for (String loop : LOOP_KINDS) {
      cases.put(loop + " without polls", loops(classPath, loop, false));
      cases.put(loop + " with polls", loops(classPath, loop, true));
    }
    for (int round = -1; round < rounds; round++) {
      for (Map.Entry<String, Application> each : cases.entrySet()) {
        double rate = rate(each.getValue());
        if (round >= 0) {
          rates.computeIfAbsent(each.getKey(), key -> new ArrayList<>()).add(rate);
        }
      }
    }
    boolean met = report();
    first("Hello", classPath, 50);
    first("Json", classPath, 800);
    boolean stopped = stops(classPath);
    return met && stopped;
  }

  /**
   * Prints how long the first request takes of a program that this JVM has not run. The server
   * rewrites the program's classes in that request.
   */
  private static void first(String main, List<Path> classPath, long goal) {
    List<Double> took = new ArrayList<>();
    for (int i = 0; i < TRIES; i++) {
      Application application = inside(classPath, main, State.RESET);
      long start = System.nanoTime();
      new Direct("/").to(application);
      took.add((System.nanoTime() - start) / 1e6);
    }
    System.out.printf(
        Locale.ROOT,
        "%nfirst request of %s: %s ms, median and 95 %% of %d; the goal is %d",
        main,
        Statistics.of(took),
        TRIES,
        goal);
  }

  /**
   * Prints how long after its time-out an endless loop is stopped. Returns whether the goal is met.
   */
  private static boolean stops(List<Path> classPath) {
    Application hangs =
        CgiApplication.builder(JavaProgram.builder(classPath, "Hang").build())
            .headerTimeout(SILENCE)
            .build();
    List<Double> late = new ArrayList<>();
    for (int i = 0; i < TRIES; i++) {
      long start = System.nanoTime();
      new Direct("/").to(hangs);
      late.add((System.nanoTime() - start) / 1e6 - SILENCE.toMillis());
    }
    double median = Statistics.of(late).median();
    System.out.printf(
        Locale.ROOT,
        "%n%s: a loop is stopped %s ms after its time-out, median and 95 %% of %d; the goal is"
            + " 100%n",
        median <= 100 ? "met" : "MISSED",
        Statistics.of(late),
        TRIES);
    return median <= 100;
  }

  private static Body plain(Environ environ, StartResponse start) {
    start.start(200, Headers.of("Content-Type", "text/plain"));
    return Body.of("Hello, " + environ.queryString() + "!\n");
  }

  private static List<Path> libraries() throws URISyntaxException, ClassNotFoundException {
    List<Path> jars = new ArrayList<>();
    for (String member :
        List.of(
            "com.fasterxml.jackson.databind.ObjectMapper",
            "com.fasterxml.jackson.core.JsonFactory",
            "com.fasterxml.jackson.annotation.JsonFormat",
            "org.apache.logging.log4j.Logger",
            "org.apache.logging.log4j.core.Logger")) {
      Class<?> type = Class.forName(member);
      jars.add(Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()));
    }
    return jars;
  }

  private static void compile(Path classes, List<Path> classPath, String name, String source)
      throws IOException {
    Path file = Files.writeString(classes.resolve(name + ".java"), source);
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "--release",
                "17",
                "-d",
                classes.toString(),
                "-cp",
                text(classPath),
                file.toString());
    if (status != 0) {
      throw new IllegalStateException(name + " must compile");
    }
  }

  private static String text(List<Path> classPath) {
    return classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }

  /** Sets a long time-out, as a program on a busy machine is slow, not wrong. */
  private static Application patient(CgiApplication.Builder builder) {
    return builder.headerTimeout(Duration.ofMinutes(5)).build();
  }

  private static Application spawned(List<Path> classPath, String main) {
    return patient(
        CgiApplication.builder(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                text(classPath),
                main)));
  }

  private static Application inside(List<Path> classPath, String main, State state) {
    return patient(
        CgiApplication.builder(JavaProgram.builder(classPath, main).state(state).build()));
  }

  private static Application loops(List<Path> classPath, String loop, boolean polls) {
    return patient(
        CgiApplication.builder(
            JavaProgram.builder(classPath, "Loops").arguments(loop).polls(polls).build()));
  }

  private double rate(Application application) throws InterruptedException {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    LongAdder answers = new LongAdder();
    CountDownLatch done = new CountDownLatch(CLIENTS);
    long start = System.nanoTime();
    for (int i = 0; i < CLIENTS; i++) {
      Thread client =
          new Thread(
              () -> {
                do {
                  int status = new Direct("/").to(application);
                  if (status == 200) {
                    answers.increment();
                  } else {
                    throw new IllegalStateException("program must answer 200: " + status);
                  }
                } while (System.nanoTime() < end);
                done.countDown();
              });
      client.setDaemon(true);
      client.setUncaughtExceptionHandler(
          (thread, e) -> {
            e.printStackTrace();
            System.exit(1);
          });
      client.start();
    }
    done.await();
    return answers.sum() / ((System.nanoTime() - start) / 1e9);
  }

  private boolean report() {
    System.out.println(
        "JDK " + Runtime.version() + ", commit " + System.getProperty("postern.commit"));
    System.out.printf(
        Locale.ROOT, "%d rounds of %.0f s in turns, %d clients%n%n", rounds, seconds, CLIENTS);
    System.out.println("| | requests/s | times the first of its kind |");
    System.out.println("|---|---|---|");
    String base = "";
    for (String name : cases.keySet()) {
      String kind = name.split("[, ]", 2)[0];
      if (!base.startsWith(kind)) {
        base = name;
      }
      System.out.printf(
          Locale.ROOT,
          "| %s | %.1f | %s |%n",
          name,
          Statistics.of(ratesOf(name)).median(),
          Statistics.of(ratios(name, base)));
    }
    boolean met = goal("hello, RESET", "hello, spawned", 500);
    met &= goal("hello, FRESH", "hello, spawned", 150);
    met &= goal("Jackson, RESET", "Jackson, spawned", 300);
    for (String loop : LOOP_KINDS) {
      met &= goal(loop + " with polls", loop + " without polls", 1 / 1.2);
    }
    return met;
  }

  private List<Double> ratesOf(String name) {
    return Objects.requireNonNull(rates.get(name), name);
  }

  private List<Double> ratios(String name, String base) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < rounds; i++) {
      ratios.add(ratesOf(name).get(i) / ratesOf(base).get(i));
    }
    return ratios;
  }

  private boolean goal(String name, String base, double least) {
    double ratio = Statistics.of(ratios(name, base)).median();
    System.out.printf(
        Locale.ROOT,
        "%n%s: %s %.2f times %s, the goal is %.2f",
        ratio >= least ? "met" : "MISSED",
        name,
        ratio,
        base,
        least);
    return ratio >= least;
  }
}
