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
import org.objectweb.asm.tree.ClassNode;

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
      for (String name : jar.classes()) {
        try {
          // Asking for its methods links a class, and does not initialize it.
          Method[] methods = Class.forName(name, false, instance.loader).getDeclaredMethods();
          assertThat(methods).isNotNull();
          linked++;
        } catch (NoClassDefFoundError | ClassNotFoundException e) {
          // Needs something that is not there, rewritten or not.
        }
      }
      assertThat(linked).isPositive();
      assertThat(code.findings().lines()).noneMatch(line -> line.startsWith("cannot be read"));
    }
  }

  private static Path source(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static ProgramOptions options() {
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
