package dev.postern.launcher.house;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.postern.cgi.CgiGateway;
import dev.postern.launcher.Main;
import dev.postern.launcher.demo.PlainProgram;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may know whom. */
class ArchitectureTest {
  private static JavaClasses house;
  private static JavaClasses core;

  @BeforeAll
  static void importClasses() {
    List<Location> all = new ArrayList<>();
    for (HouseModule module : HouseModule.values()) {
      all.add(location(module));
    }
    house = new ClassFileImporter().importLocations(all);
    core = new ClassFileImporter().importLocations(List.of(location(HouseModule.CORE)));
  }

  /** A folder of classes in a build that stops at the tests, else a jar. */
  private static Location location(HouseModule module) {
    Path classes = module.classes();
    String uri = classes.toUri().toString();
    return Location.of(URI.create(Files.isDirectory(classes) ? uri : "jar:" + uri + "!/"));
  }

  @Test
  void core_knowsJavaAndNullnessAlone() {
    classes()
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                "dev.postern", "dev.postern.internal", "java..", "org.jspecify.annotations"))
        .check(core);
  }

  @Test
  void guava_isInNoPublicSignature() throws IOException {
    List<String> exported = new ArrayList<>();
    for (HouseModule module : HouseModule.values()) {
      exported.addAll(module.exportedPackages());
    }
    codeUnits()
        .that()
        .areDeclaredInClassesThat(resideInAnyPackage(exported.toArray(new String[0])))
        .and()
        .areDeclaredInClassesThat(
            DescribedPredicate.describe("are public", ArchitectureTest::isPublic))
        .should(notMention(resideInAPackage("com.google..")))
        .check(house);
  }

  private static boolean isPublic(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC);
  }

  private static ArchCondition<JavaCodeUnit> notMention(DescribedPredicate<JavaClass> foreign) {
    return new ArchCondition<>("not mention classes that " + foreign.getDescription()) {
      @Override
      public void check(JavaCodeUnit method, ConditionEvents events) {
        boolean open =
            method.getModifiers().contains(JavaModifier.PUBLIC)
                || method.getModifiers().contains(JavaModifier.PROTECTED);
        Stream.concat(
                method.getReturnType().getAllInvolvedRawTypes().stream(),
                method.getParameterTypes().stream()
                    .flatMap(type -> type.getAllInvolvedRawTypes().stream()))
            .filter(type -> open && foreign.test(type))
            .forEach(
                type ->
                    events.add(
                        SimpleConditionEvent.violated(
                            method, method.getFullName() + " mentions " + type.getName())));
      }
    };
  }

  @Test
  void servletBinding_doesNotKnowTheCgiBinding() {
    noClasses()
        .that()
        .resideInAPackage("dev.postern.servlet..")
        .should()
        .dependOnClassesThat(resideInAnyPackage("dev.postern.cgi..", "com.google.."))
        .check(house);
  }

  /** A CGI executable loads these for each request, and has no time to load a library. */
  @Test
  void startPathOfAnExecutable_knowsJavaAndTheCoreAlone() {
    classes()
        .that()
        .resideInAPackage("dev.postern.gateway")
        .or()
        .belongToAnyOf(CgiGateway.class)
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                    "dev.postern",
                    "dev.postern.internal",
                    "dev.postern.gateway",
                    "java..",
                    "org.jspecify..")
                .or(belongToAnyOf(CgiGateway.class)))
        .check(house);
  }

  /** Core and the kit are one package each: there package-private is the wall. */
  @Test
  void packages_areNoLargerThanAReaderCanHold() {
    Map<String, Long> sizes =
        house.stream()
            .filter(JavaClass::isTopLevelClass)
            .filter(type -> !isForNewerJdk(type))
            .filter(type -> !type.getSimpleName().equals("package-info"))
            .filter(
                type ->
                    !Set.of("dev.postern", "dev.postern.testing").contains(type.getPackageName()))
            .collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()));

    assertThat(sizes.values()).allMatch(size -> size <= 32, "at most 32 types: " + sizes);
  }

  /** Of the folder in a jar that older JDKs do not look into; it is a place of its own to read. */
  private static boolean isForNewerJdk(JavaClass type) {
    return type.getSource()
        .filter(source -> source.getUri().toString().contains("META-INF/versions/"))
        .isPresent();
  }

  /** And for what exchanges it when asked, and the demo's program, which stands for others'. */
  @Test
  void systemOut_isForTheCommandAlone() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(Main.class, PlainProgram.class)
        .and()
        .doNotHaveFullyQualifiedName("dev.postern.inprocess.SystemStreams")
        .should()
        .accessField(System.class, "out")
        .check(house);
  }

  /** One route table: Jetty has one servlet, and everything behind it is in a {@code UrlMap}. */
  @Test
  void command_routesByItsUrlMapAlone() {
    noClasses()
        .that()
        .resideInAPackage("dev.postern.launcher..")
        .and()
        .doNotHaveFullyQualifiedName("dev.postern.launcher.WebServer")
        .and()
        .haveNameNotMatching("dev\\.postern\\.launcher\\.WebServer\\$.*")
        .should()
        .dependOnClassesThat(resideInAnyPackage("jakarta.servlet..", "org.eclipse.jetty.ee11.."))
        .check(house);
    noClasses()
        .that()
        .resideInAPackage("dev.postern.launcher..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("org.eclipse.jetty.http.pathmap..", "org.eclipse.jetty.rewrite..")
                .or(
                    DescribedPredicate.describe(
                        "route by themselves",
                        type ->
                            Set.of(
                                    "ContextHandlerCollection",
                                    "PathMappingsHandler",
                                    "ResourceHandler")
                                .contains(type.getSimpleName()))))
        .check(house);
  }

  @Test
  void packages_haveNoCircles() {
    slices().matching("dev.(**)").should().beFreeOfCycles().check(house);
  }

  @Test
  void kit_isUsedByNothing() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.postern.testing..")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.postern.testing.."))
        .check(house);
  }
}
