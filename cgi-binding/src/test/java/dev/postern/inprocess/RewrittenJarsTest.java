package dev.postern.inprocess;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.jimfs.Jimfs;
import dev.postern.cgi.javaprograms.Plain;
import dev.postern.inprocess.ProgramOptions.State;
import dev.postern.rewrite.ClassPathRoot;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.Options;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.config.Configurator;
import org.assertj.core.api.Assertions;
import org.h2.Driver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/** The verifier takes every class of what programs bring with them, rewritten by all rules. */
class RewrittenJarsTest {
  static List<Class<?>> jars() {
    return List.of(
        ObjectMapper.class,
        JsonFactory.class,
        JsonFormat.class,
        Logger.class,
        Configurator.class,
        Options.class,
        Driver.class,
        ImmutableList.class,
        Jimfs.class,
        Assertions.class,
        Test.class,
        ClassReader.class,
        ClassNode.class);
  }

  @ParameterizedTest
  @MethodSource("jars")
  void eachClass_isLoadedAndLinked(Class<?> member) throws Exception {
    List<Path> classPath = new ArrayList<>(List.of(source(Plain.class), source(member)));
    ProgramCode code =
        new ProgramCode(options(), ProgramCode.roots(classPath), Plain.class.getName());
    ClassPathRoot jar = code.roots().get(1);
    try (InstancePool pool =
        new InstancePool(ProgramSource.of(classPath, Plain.class.getName()), options())) {
      Instance instance = new Instance(pool, code);
      int linked = 0;
      int checks = 0;
      for (String name : jar.classes()) {
        try {
          // Asking for its methods links a class, and does not initialize it.
          Method[] methods = Class.forName(name, false, instance.loader).getDeclaredMethods();
          assertThat(methods).isNotNull();
          linked++;
          checks += checksThatCanBeCalled(name, instance);
        } catch (NoClassDefFoundError | ClassNotFoundException e) {
          // Needs something that is not there, rewritten or not.
        }
      }
      assertThat(linked).isPositive();
      // The tree of ASM has no statics that change.
      assertThat(checks > 0).isEqualTo(member != ClassNode.class);
      assertThat(code.findings().lines()).noneMatch(line -> line.startsWith("cannot be read"));
    }
  }

  /** Counts the calls of checks in a class. The JVM would look at each only when it is made. */
  private static int checksThatCanBeCalled(String name, Instance instance)
      throws ClassNotFoundException {
    int checks = 0;
    ClassNode type = new ClassNode();
    new ClassReader(instance.code.find(name).bytes())
        .accept(type, ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
    for (MethodNode method : type.methods) {
      for (AbstractInsnNode at : method.instructions) {
        if (at instanceof MethodInsnNode call && call.name.startsWith("postern$c$")) {
          ClassNode head = instance.code.head(call.owner);
          boolean isPublic = (head.access & Opcodes.ACC_PUBLIC) != 0;
          assertThat(isPublic || packageOf(call.owner).equals(packageOf(type.name)))
              .as("%s names %s", name, call.owner)
              .isTrue();
          Class<?> owner = Class.forName(call.owner.replace('/', '.'), false, instance.loader);
          assertThat(owner.getMethods()).extracting(Method::getName).contains(call.name);
          checks++;
        }
      }
    }
    return checks;
  }

  private static String packageOf(String name) {
    return name.substring(0, name.lastIndexOf('/') + 1);
  }

  static Path source(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** Those of one instance that is reset. */
  static ProgramOptions options() {
    return new ProgramOptions(
        List.of(),
        State.RESET,
        1,
        Duration.ofMinutes(1),
        1000,
        StandardCharsets.UTF_8,
        Duration.ofSeconds(2),
        1,
        true,
        false,
        false);
  }
}
