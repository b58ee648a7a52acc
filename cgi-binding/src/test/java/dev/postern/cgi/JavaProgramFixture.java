package dev.postern.cgi;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.cgi.javaprograms.Enums;
import dev.postern.cgi.javaprograms.Exits;
import dev.postern.cgi.javaprograms.Formats;
import dev.postern.cgi.javaprograms.Heavy;
import dev.postern.cgi.javaprograms.Late;
import dev.postern.cgi.javaprograms.Leaves;
import dev.postern.cgi.javaprograms.Libraries;
import dev.postern.cgi.javaprograms.Made;
import dev.postern.cgi.javaprograms.Statics;
import dev.postern.cgi.javaprograms.Surroundings;
import dev.postern.cgi.javaprograms.Threads;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.commons.cli.Options;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.config.Configurator;

/**
 * Java CGI programs of this build: inside the server, and spawned by {@code java} as the oracle.
 */
final class JavaProgramFixture {
  /** Programs whose every answer is to be the same, whatever came before. */
  static final List<Class<?>> ALL =
      List.of(
          Exits.InTryFinally.class,
          Exits.InFutureTask.class,
          Exits.FromDaemonWhileMainSleeps.class,
          Exits.FromThreadWhileMainComputes.class,
          Exits.InInitializer.class,
          Exits.ByReflection.class,
          Exits.ByMethodReference.class,
          Exits.ByHandle.class,
          Exits.ByBoundHandle.class,
          Exits.ByReflectionInInterface.class,
          Exits.InterruptedWithHook.class,
          Exits.ByHalt.class,
          Exits.WithHooks.class,
          Exits.WithUsedHook.class,
          Exits.WithUsedHookAndExit.class,
          Exits.HookEndsDaemon.class,
          Exits.UncaughtInMain.class,
          Exits.UncaughtInThread.class,
          Exits.HandledByDefault.class,
          Exits.HandledByOwn.class,
          Exits.WaitsForWorker.class,
          Exits.WithLargeStatus.class,
          Surroundings.Environment.class,
          Surroundings.StandardStreams.class,
          Surroundings.ClosesOutput.class,
          Surroundings.RawInput.class,
          Surroundings.SystemProperties.class,
          Surroundings.RelativeFiles.class,
          Surroundings.RelativePaths.class,
          Surroundings.TextOnDescriptors.class,
          Surroundings.ChildrenWithTime.class,
          Surroundings.Children.class,
          Surroundings.Pipeline.class,
          Surroundings.OwnChildren.class,
          Surroundings.AsynchronousFile.class,
          Surroundings.LocaleAndZone.class,
          Formats.InTurkish.class,
          Formats.InGerman.class,
          Formats.Untouched.class,
          Formats.Encoded.class,
          Heavy.LocksTwice.class,
          Made.ByDefineClass.class,
          Made.ByLookup.class,
          Made.ByUrlLoader.class,
          Made.ByLoaderFactories.class,
          Made.ByProxy.class,
          Enums.WithStatics.class,
          Statics.Counts.class,
          Statics.InitializationOrder.class,
          Statics.InitializedByTwoThreads.class,
          Statics.Deserializes.class,
          Statics.EnumsAndInterfaces.class,
          Statics.MutableEnum.class,
          Statics.MutableInterface.class,
          Statics.ByName.class,
          Threads.PrintFromEverywhere.class,
          Threads.LooksInPools.class,
          Threads.LeavesWriter.class,
          Threads.LocksAndExits.class,
          Threads.Logs.class,
          Threads.LogsWithBundle.class,
          Threads.LogsAtItsEnd.class,
          Threads.LogsBySystem.class,
          Threads.ShutsDownCommonPool.class,
          Threads.LogsByConfiguration.class,
          Leaves.LooksOutside.class,
          Leaves.AddsProvider.class,
          Leaves.NamesProvider.class,
          Leaves.RegistersBean.class,
          Leaves.RegistersDrivers.class,
          Late.ForksAndJoins.class,
          Libraries.WithJackson.class,
          Libraries.WithLog4j.class,
          Libraries.WithCommonsCli.class,
          Libraries.WithDatabase.class);

  private static final Map<Class<?>, Answer> SPAWNED = new ConcurrentHashMap<>();

  private JavaProgramFixture() {}

  /** What a client and an operator see of a run. */
  record Answer(int status, String body, String exit) {}

  /** Where a class was loaded from. */
  static Path source(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static Path classes() {
    return source(Exits.class);
  }

  /** The programs, and the libraries that some of them use. */
  private static List<Path> classPath(Class<?> main) {
    if (main.getEnclosingClass() != Libraries.class) {
      return List.of(classes());
    }
    return List.of(
        classes(),
        source(ObjectMapper.class),
        source(JsonFactory.class),
        source(JsonFormat.class),
        source(Logger.class),
        source(Configurator.class),
        source(Options.class),
        source(org.h2.Driver.class));
  }

  static JavaProgram.Builder inside(Class<?> main) {
    return JavaProgram.builder(classPath(main), main.getName());
  }

  static CgiApplication application(JavaProgram program, Path directory) {
    return configured(CgiApplication.builder(program), directory).build();
  }

  private static CgiApplication.Builder configured(CgiApplication.Builder builder, Path directory) {
    return builder
        .workingDirectory(directory)
        .environment("LC_ALL", "C.UTF-8")
        .totalTimeout(Duration.ofMinutes(2));
  }

  /** What the same program answers in a process of its own, which is started once. */
  static Answer spawned(Class<?> main, Path directory) {
    return SPAWNED.computeIfAbsent(
        main,
        type -> {
          CgiApplication.Builder builder =
              CgiApplication.builder(
                  List.of(
                      System.getProperty("java.home") + "/bin/java",
                      "-XX:TieredStopAtLevel=1",
                      "-XX:+UseSerialGC",
                      "-XX:-UsePerfData",
                      "-cp",
                      classPath(type).stream()
                          .map(Path::toString)
                          .collect(Collectors.joining(File.pathSeparator)),
                      type.getName()));
          return ask(configured(builder, directory).build(), "spawned");
        });
  }

  static Answer ask(CgiApplication application, String query) {
    Call call =
        Call.post("/x", "hello ✓\nsecond".getBytes(StandardCharsets.UTF_8))
            .with("QUERY_STRING", query)
            .to(application);
    String exit = String.valueOf(call.outcome.facts().get("cgi.exit"));
    return new Answer(call.status, call.body().replace(query, "QUERY"), exit);
  }
}
