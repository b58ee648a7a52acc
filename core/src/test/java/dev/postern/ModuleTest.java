package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Core depends on nothing at run time; javac holds its code to what the descriptor requires. */
class ModuleTest {
  private static ModuleDescriptor descriptor() throws Exception {
    Path classes =
        Path.of(Exchange.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (InputStream in = Files.newInputStream(classes.resolve("module-info.class"))) {
      return ModuleDescriptor.read(in);
    }
  }

  @Test
  void module_requiresJavaBaseAndTheAnnotationsOnly() throws Exception {
    assertThat(descriptor().requires())
        .extracting(Requires::name)
        .containsExactlyInAnyOrder("java.base", "org.jspecify");
    assertThat(descriptor().requires())
        .filteredOn(requires -> requires.name().equals("org.jspecify"))
        .flatExtracting(Requires::modifiers)
        .contains(Requires.Modifier.STATIC);
  }

  @Test
  void module_exportsOnePackageToAll() throws Exception {
    assertThat(descriptor().name()).isEqualTo("dev.postern");
    assertThat(descriptor().exports())
        .filteredOn(exports -> !exports.isQualified())
        .extracting(ModuleDescriptor.Exports::source)
        .containsExactly("dev.postern");
  }
}
