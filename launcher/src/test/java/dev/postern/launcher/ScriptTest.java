package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The {@code postern} script, in a small copy of the tree, with a Maven that only copies a jar: one
 * that leads to this JVM's own class path.
 */
class ScriptTest {
  private static final long SECONDS = 60;

  /** What the script needs from a machine, next to a shell, a JDK and Maven. */
  private static final List<String> TOOLS =
      List.of("cat", "cp", "find", "head", "ln", "mkdir", "mv", "readlink", "rm", "sed", "sleep");

  @TempDir Path directory;
  private Path tree;
  private Path tools;
  private Path calls;
  private final Map<String, String> environment = new HashMap<>();
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void copyTree() throws Exception {
    tree = Files.createDirectories(directory.resolve("a tree/with spaces"));
    Files.copy(Path.of("..", "postern").toAbsolutePath(), tree.resolve("postern"));
    assertThat(tree.resolve("postern").toFile().setExecutable(true)).isTrue();
    for (String module : List.of("core", "launcher")) {
      write(tree.resolve(module + "/src/main/java/Some.java"), "class Some {}");
      write(tree.resolve(module + "/src/main/java/Other.java"), "class Other {}");
      write(tree.resolve(module + "/src/test/java/SomeTest.java"), "class SomeTest {}");
      write(tree.resolve(module + "/pom.xml"), "<project/>");
    }
    write(tree.resolve("pom.xml"), "<project/>");
    age(tree, 1000);

    tools = Files.createDirectory(directory.resolve("tools"));
    for (String tool : TOOLS) {
      offer(tool, onPath(tool));
    }
    calls = directory.resolve("calls");
    Path jar = jar(directory.resolve("built.jar"));
    // Reads its standard input to the end, as a careless build would.
    Sources.script(
        tools.resolve("mvn"),
        "#!/bin/sh\necho \"$JAVA_HOME $*\" >>'"
            + calls
            + "'\ncat >/dev/null\necho chatter\n"
            + ("if [ -e '"
                + directory
                + "/gate' ]; then\n"
                + "  while [ -e '"
                + directory
                + "/gate' ]; do sleep 0.02; done\nfi\n")
            + ("[ ! -e '" + directory + "/fail' ] || exit 1\n")
            + ("cp '" + jar + "' launcher/target/postern-launcher.jar\n"));
    environment.put("PATH", tools.toString());
    environment.put("JAVA_HOME", jdk(System.getProperty("java.version")).toString());
  }

  @AfterEach
  void endAll() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void firstCall_buildsWithTheJdkThatRuns_laterOnesDoNot() throws Exception {
    Ended first = run("--version");
    assertThat(first.exit).as(first.err).isZero();
    assertThat(first.out).startsWith("postern ").hasLineCount(1);
    assertThat(first.err).startsWith("postern: building ").hasLineCount(1);
    assertThat(builds()).hasSize(1);
    assertThat(builds().get(0))
        .startsWith(environment.get("JAVA_HOME") + " ")
        .contains("-pl launcher -am package");

    Ended second = run("--version");
    assertThat(second.exit).isZero();
    assertThat(second.out).isEqualTo(first.out);
    assertThat(second.err).isEmpty();
    assertThat(builds()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pom.xml", "core/pom.xml", "core/src/main/java/Some.java"})
  void changedFile_isBuiltAgain(String file) throws Exception {
    buildLongAgo();
    age(tree.resolve(file), 100);
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(2);
    assertThat(run("--version").err).isEmpty();
  }

  @Test
  void deletedSource_isBuiltAgain() throws Exception {
    buildLongAgo();
    Files.delete(tree.resolve("core/src/main/java/Other.java"));
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(2);
  }

  @Test
  void changedTest_isNotBuiltAgain() throws Exception {
    buildLongAgo();
    age(tree.resolve("core/src/test/java/SomeTest.java"), 100);
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(1);
  }

  @Test
  void missingJar_isBuiltAgain() throws Exception {
    buildLongAgo();
    Files.delete(tree.resolve("launcher/target/postern-launcher.jar"));
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(2);
  }

  @Test
  void otherJdk_isBuiltAgain() throws Exception {
    buildLongAgo();
    Path other = jdk("99.0.1");
    environment.put("JAVA_HOME", other.toString());
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(2).last().asString().startsWith(other + " ");
  }

  @Test
  void javaOnPath_isUsedWithoutJavaHome() throws Exception {
    environment.remove("JAVA_HOME");
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path link = Files.createSymbolicLink(directory.resolve("alternative"), java);
    Files.createSymbolicLink(tools.resolve("java"), link);
    assertThat(run("--version").exit).isZero();
    assertThat(builds().get(0))
        .startsWith(Path.of(System.getProperty("java.home")).toRealPath() + " ");
  }

  @Test
  void oldJava_isOneLineAndExit1() throws Exception {
    environment.put("JAVA_HOME", jdk("11.0.2").toString());
    assertRefused("Java 17 or newer is needed");
    environment.put("JAVA_HOME", jdk("1.8.0_392").toString());
    assertRefused("Java 17 or newer is needed");
  }

  @Test
  void noJava_isOneLineAndExit1() throws Exception {
    environment.put("JAVA_HOME", directory.toString());
    assertRefused("JAVA_HOME must be a JDK");
    environment.remove("JAVA_HOME");
    assertRefused("Java 17 or newer is needed");
  }

  @Test
  void noMaven_isOneLineAndExit1() throws Exception {
    Files.delete(tools.resolve("mvn"));
    assertRefused("Maven is needed");
  }

  @Test
  void failedBuild_isExit1AndTriedAgain() throws Exception {
    Files.createFile(directory.resolve("fail"));
    Ended failed = run("--version");
    assertThat(failed.exit).isEqualTo(1);
    assertThat(failed.out).isEmpty();
    assertThat(failed.err).contains("postern: the build failed");
    Files.delete(directory.resolve("fail"));
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(2);
  }

  @Test
  void badArgument_isTheCommandsOwnExit() throws Exception {
    run("--version");
    Ended ended = run("nonsense");
    assertThat(ended.exit).isEqualTo(2);
    assertThat(ended.err).startsWith("postern: unknown word: \"nonsense\"").hasLineCount(1);
  }

  @Test
  void anyDirectoryAndSymbolicLink_findTheTree() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link"), tree.resolve("postern"));
    Path relative =
        Files.createSymbolicLink(
            directory.resolve("a tree/relative"), Path.of("with spaces/postern"));
    Path chain = Files.createSymbolicLink(directory.resolve("chain"), Path.of("a tree/relative"));
    for (Path script : List.of(link, relative, chain)) {
      Ended ended = ended(start(Path.of("/"), script.toString(), "--version"));
      assertThat(ended.exit).as("%s: %s", script, ended.err).isZero();
    }
    assertThat(ended(start(tree, "sh", "postern", "--version")).exit).isZero();
    assertThat(ended(start(directory, "sh", "chain", "--version")).exit).isZero();
    assertThat(builds()).hasSize(1);
  }

  @Test
  void standardInput_isTheCommandsEvenWhenItBuilds() throws Exception {
    environment.put("REQUEST_METHOD", "POST");
    environment.put("CONTENT_LENGTH", "5");
    Process process = start(tree, "./postern", "cgi", "dev.postern.launcher.demo.Inspector");
    try (var in = process.getOutputStream()) {
      in.write("hello".getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(ended(process).out).startsWith("Status: 200").contains("Body: hello\n");
    assertThat(builds()).hasSize(1);
  }

  @Test
  void signal_reachesTheCommand() throws Exception {
    run("--version");
    Process process = start(tree, "./postern", "serve", "--port", "0");
    String line = process.inputReader().readLine();
    assertThat(line).startsWith("postern: listening on ");
    process.destroy();
    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  /** The names are made by a shell, as this JVM may have a locale without them. */
  @Test
  void localeThatTheSystemLacks_stillServesAnyName() throws Exception {
    run("--version");
    Path programs = Files.createDirectory(directory.resolve("programs"));
    Path files = Files.createDirectory(directory.resolve("files"));
    Sources.script(
        programs.resolve("a"),
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nLC_ALL is %s' \"${LC_ALL-none}\"\n");
    Files.writeString(files.resolve("a"), "the file");
    for (Path one : List.of(programs, files)) {
      assertThat(ended(start(one, "sh", "-c", "mv a \"$(printf '\\303\\274.sh')\"")).exit).isZero();
    }
    environment.put("LC_ALL", "xx_XX.UTF-8");
    String mounts = "./postern serve --port 0 --cgi-dir /cgi=../../programs --files /f=../../files";
    Process process = start(tree, mounts.split(" "));
    String line = process.inputReader().readLine();
    assertThat(line).startsWith("postern: listening on ");
    int port = Integer.parseInt(line.replaceAll(".*:([0-9]+)/", "$1"));
    assertThat(Wire.request(port, "GET /cgi/%C3%BC.sh HTTP/1.1\nHost: h"))
        .startsWith("HTTP/1.1 200 ")
        .contains("LC_ALL is none");
    assertThat(Wire.request(port, "GET /f/%C3%BC.sh HTTP/1.1\nHost: h"))
        .startsWith("HTTP/1.1 200 ")
        .contains("the file");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void callsAtOnce_oneBuildsTheOthersWait(boolean flock) throws Exception {
    useFlock(flock);
    Path gate = Files.createFile(directory.resolve("gate"));
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(tree, "./postern", "--version"));
    }
    for (Process process : processes) {
      // Each says whether it builds or waits.
      assertThat(process.errorReader().readLine()).startsWith("postern: ");
    }
    Files.delete(gate);
    for (Process process : processes) {
      assertThat(ended(process).exit).isZero();
    }
    assertThat(builds()).hasSize(1);
  }

  @Test
  void lockOfADeadProcess_isNoLock() throws Exception {
    useFlock(false);
    Process dead = new ProcessBuilder("true").start();
    assertThat(dead.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
    Files.createDirectories(tree.resolve("launcher/target"));
    Files.createSymbolicLink(
        tree.resolve("launcher/target/postern.lock.pid"), Path.of(Long.toString(dead.pid())));
    assertThat(run("--version").exit).isZero();
    assertThat(tree.resolve("launcher/target/postern.lock.pid"))
        .matches(file -> !Files.isSymbolicLink(file), "is gone");
  }

  @Test
  void buildThatThisUserCannotReplace_runsUnderAnotherJdk() throws Exception {
    assertThat(run("--version").exit).isZero();
    environment.put("JAVA_HOME", jdk("17.0.99").toString());
    Ended ended = runByAUserWhoCannotBuild();
    assertThat(ended.exit).as(ended.err).isZero();
    assertThat(ended.out).startsWith("postern ").hasLineCount(1);
    assertThat(ended.err).startsWith("postern: running the last build, ").hasLineCount(1);
    assertThat(builds()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void commandThatThisUserCannotBuild_isRefused(boolean flock) throws Exception {
    useFlock(flock);
    Ended ended = runByAUserWhoCannotBuild();
    assertThat(ended.exit).isEqualTo(1);
    assertThat(ended.err)
        .startsWith("postern: the command must be built by a user who can write to ")
        .hasLineCount(1);
    assertThat(builds()).isEmpty();
  }

  @Test
  void sudoInTheCloneOfAnotherUser_buildsNothing() throws Exception {
    giveToAnotherUser(tree.resolve("pom.xml"));
    environment.put("SUDO_UID", "4711");
    assertRefused("the command must be built by the owner of the clone: run postern once without");

    environment.remove("SUDO_UID");
    assertThat(run("--version").exit).isZero();
    environment.put("SUDO_UID", "4711");
    environment.put("JAVA_HOME", jdk("17.0.99").toString());
    Ended ended = run("--version");
    assertThat(ended.exit).as(ended.err).isZero();
    assertThat(ended.err)
        .startsWith("postern: running the last build, ")
        .endsWith(": sudo builds nothing in the clone of another user\n")
        .hasLineCount(1);
    assertThat(builds()).hasSize(1);
  }

  @Test
  void sudoInTheOwnClone_builds() throws Exception {
    environment.put("SUDO_UID", "4711");
    assertThat(run("--version").exit).isZero();
    assertThat(builds()).hasSize(1);
  }

  /** Only root can do that. Another user links to a file of root. */
  private static void giveToAnotherUser(Path file) throws IOException {
    if (Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
      Files.setAttribute(file, "unix:uid", 4711);
    } else {
      Files.delete(file);
      Files.createSymbolicLink(file, Path.of("/etc/passwd"));
    }
  }

  /** Root may write everywhere, unless it has lost the capability. */
  private Ended runByAUserWhoCannotBuild() throws Exception {
    Path target = Files.createDirectories(tree.resolve("launcher/target"));
    List<String> command = new ArrayList<>();
    if (Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
      command.addAll(List.of("/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"));
      assumeTrue(Files.isExecutable(Path.of(command.get(0))), "setpriv is not installed");
    }
    command.addAll(List.of("./postern", "--version"));
    assertThat(target.toFile().setWritable(false, false)).isTrue();
    try {
      return ended(start(tree, command.toArray(new String[0])));
    } finally {
      assertThat(target.toFile().setWritable(true)).isTrue();
    }
  }

  // ---- the machine ----

  private void useFlock(boolean use) throws IOException {
    if (use) {
      Path flock = Path.of("/usr/bin/flock");
      assumeTrue(Files.isExecutable(flock), "flock is not installed");
      offer("flock", flock);
    }
  }

  private void offer(String tool, Path real) throws IOException {
    Sources.script(tools.resolve(tool), "#!/bin/sh\nexec '" + real + "' \"$@\"\n");
  }

  /**
   * A JDK that says this version and is this one; its JVM is for programs that live for a moment.
   */
  private Path jdk(String version) throws IOException {
    Path home = Files.createDirectories(directory.resolve("jdk " + version));
    for (String program : List.of("java", "javac")) {
      write(home.resolve("bin/" + program), "");
      Path real = Path.of(System.getProperty("java.home"), "bin", program);
      String flags = program.equals("java") ? " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC" : "";
      Sources.script(
          home.resolve("bin/" + program), "#!/bin/sh\nexec '" + real + "'" + flags + " \"$@\"\n");
    }
    write(
        home.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\nOS=\"y\"\n");
    return home.toRealPath();
  }

  private static Path jar(Path file) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> new File(entry).toURI().toString())
            .collect(Collectors.joining(" "));
    manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
    new JarOutputStream(Files.newOutputStream(file), manifest).close();
    return file;
  }

  /** Builds, and makes the build 500 seconds old, the sources 1000. */
  private void buildLongAgo() throws Exception {
    assertThat(run("--version").exit).isZero();
    age(tree, 1000);
    age(tree.resolve("launcher/target/postern.stamp"), 500);
  }

  private static void age(Path root, long seconds) throws IOException {
    FileTime time = FileTime.from(Instant.now().minusSeconds(seconds));
    try (var files = Files.walk(root)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, time);
      }
    }
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static Path onPath(String tool) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .map(path -> Path.of(path, tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  private List<String> builds() throws IOException {
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  private void assertRefused(String message) throws Exception {
    Ended ended = run("--version");
    assertThat(ended.exit).isEqualTo(1);
    assertThat(ended.out).isEmpty();
    assertThat(ended.err).startsWith("postern: " + message).hasLineCount(1);
    assertThat(builds()).isEmpty();
  }

  private Ended run(String... args) throws Exception {
    List<String> command = new ArrayList<>(List.of("./postern"));
    command.addAll(List.of(args));
    Process process = start(tree, command.toArray(new String[0]));
    process.getOutputStream().close();
    return ended(process);
  }

  private Process start(Path work, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(work.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /** Small outputs, which a pipe holds. */
  private static Ended ended(Process process) throws Exception {
    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).as("ended in time").isTrue();
    return new Ended(
        process.exitValue(),
        process.inputReader().lines().map(line -> line + "\n").collect(Collectors.joining()),
        process.errorReader().lines().map(line -> line + "\n").collect(Collectors.joining()));
  }

  private record Ended(int exit, String out, String err) {}
}
