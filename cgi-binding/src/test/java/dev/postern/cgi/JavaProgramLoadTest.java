package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.JavaProgram.State;
import dev.postern.cgi.javaprograms.EveryLine;
import dev.postern.cgi.javaprograms.Plain;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Many requests at once, and many one after the other. A long run is a command: {@code mvn -pl
 * cgi-binding -am test -Dtest=JavaProgramLoadTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dpostern.java.requests=10000 -Dpostern.java.fresh=10000}.
 */
class JavaProgramLoadTest {
  private static final int CLIENTS = 64;

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

  @Test
  void fresh_leavesNoLoaderBehind() throws Exception {
    int requests = Integer.getInteger("postern.java.fresh", 1000);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:MaxMetaspaceSize=48m",
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Fresh.class.getName(),
                Integer.toString(requests))
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).contains("loaders left: ");
    String left =
        said.substring(said.indexOf("loaders left: ") + "loaders left: ".length()).strip();
    assertThat(Integer.parseInt(left)).isLessThanOrEqualTo(3);
  }

  /** Loads a program anew for each request, and counts what is left of that. */
  static final class Fresh {
    public static void main(String[] args) {
      JavaProgram program = JavaProgramFixture.inside(Plain.class).state(State.FRESH).build();
      CgiApplication application = CgiApplication.of(program);
      int requests = Integer.parseInt(args[0]);
      long loaded = 0;
      for (int i = 0; i < requests; i++) {
        Call call = Call.get("/").with("QUERY_STRING", "q" + i).to(application);
        if (!call.body().equals("Hello, q" + i + "\n")) {
          System.out.println(call.log());
          System.exit(1);
        }
        if (i == 0) {
          loaded = alive();
        }
      }
      // Two classes each: the program's own, and the one that its loader defines.
      System.out.println("loaders left: " + Math.max(0, alive() - loaded) / 2);
      System.exit(0);
    }

    private static long alive() {
      var classes = ManagementFactory.getClassLoadingMXBean();
      System.gc();
      System.gc();
      return classes.getLoadedClassCount();
    }
  }
}
