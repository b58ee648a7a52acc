package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.JavaProgram.State;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;

/** Tests whose programs are compiled from sources in the test. */
abstract class CompiledPrograms {
  private static final Pattern PACKAGE = Pattern.compile("package (\\S+);");
  private static final Pattern TYPE =
      Pattern.compile("(?:class|interface|enum) (\\w+)[^{]*\\{", Pattern.DOTALL);

  @TempDir Path directory;

  /** Compiles sources into a folder. */
  Path compiled(String folder, String... sources) throws IOException {
    Path classes = Files.createDirectories(directory.resolve(folder));
    List<Path> files = new ArrayList<>();
    for (String source : sources) {
      Matcher named = PACKAGE.matcher(source);
      Path at =
          directory
              .resolve("sources")
              .resolve(named.find() ? named.group(1).replace('.', '/') : "");
      Matcher type = TYPE.matcher(source);
      assertThat(type.find()).isTrue();
      files.add(
          Files.writeString(Files.createDirectories(at).resolve(type.group(1) + ".java"), source));
    }
    List<String> options =
        List.of("-proc:none", "-d", "" + classes, "-cp", "" + directory.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter said = new StringWriter();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      var units = manager.getJavaFileObjectsFromPaths(files);
      boolean done = compiler.getTask(said, manager, null, options, null, units).call();
      assertThat(done).as(said.toString()).isTrue();
    }
    return classes;
  }

  /** Each state answers three requests as the same program in a process of its own. */
  JavaProgram.Report assertAnswersAsSpawned(Path classes, State state) {
    JavaProgramFixture.Answer spawned =
        JavaProgramFixture.ask(
            CgiApplication.builder(
                    List.of(
                        System.getProperty("java.home") + "/bin/java",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classes.toString(),
                        "app.Main"))
                .workingDirectory(directory)
                .build(),
            "spawned");
    assertThat(spawned.status()).isEqualTo(200);
    JavaProgram.Report report = null;
    for (State each : List.of(State.FRESH, State.RESET)) {
      try (JavaProgram program =
          JavaProgram.builder(List.of(classes), "app.Main").state(each).build()) {
        CgiApplication app = JavaProgramFixture.application(program, directory);
        for (int i = 0; i < 3; i++) {
          assertThat(JavaProgramFixture.ask(app, "query" + i)).isEqualTo(spawned);
        }
        report = program.report();
      }
    }
    assertThat(report.state()).as(report.toString()).isEqualTo(state);
    return report;
  }
}
