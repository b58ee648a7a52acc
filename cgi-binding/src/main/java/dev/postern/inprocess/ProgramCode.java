package dev.postern.inprocess;

import dev.postern.rewrite.CallTable;
import dev.postern.rewrite.ClassPathRoot;
import dev.postern.rewrite.ClassRewriter;
import dev.postern.rewrite.Findings;
import dev.postern.rewrite.MainCall;
import dev.postern.rewrite.NotAProgramException;
import dev.postern.rewrite.ProgramClasses;
import dev.postern.rewrite.StaticsReset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.tree.ClassNode;

/** The classes on a program's class path, rewritten once for all instances. Thread-safe. */
final class ProgramCode implements ProgramClasses {
  /** The shims that replace calls, for all programs. */
  static final CallTable TABLE =
      new CallTable(
          List.of(
              StreamShim.class,
              SystemShim.class,
              ThreadShim.class,
              FileShim.class,
              PathShim.class,
              ProcessShim.class,
              LocaleShim.class,
              LogShim.class,
              ReflectionShim.class,
              WideShim.class));

  /**
   * The packages of the platform's modules. As in a JVM of its own, a program never gets classes of
   * these packages from its class path.
   */
  private static final Set<String> PLATFORM =
      ModuleLayer.boot().modules().stream()
          .filter(module -> isOfPlatform(module.getClassLoader()))
          .flatMap(module -> module.getPackages().stream())
          .collect(Collectors.toUnmodifiableSet());

  private final ProgramOptions options;
  private final String main;
  private final List<ClassPathRoot> roots;

  /** The bytes of {@link Own} and its nested classes, which each loader defines, by name. */
  private final Map<String, byte[]> own;

  private final Map<String, Optional<Found>> found = new ConcurrentHashMap<>();
  private final Map<String, Optional<ClassNode>> heads = new ConcurrentHashMap<>();
  private final Findings findings = new Findings();
  private volatile @Nullable String fallBack;

  /** A rewritten class, and what the loader needs to define it. */
  record Found(
      byte[] bytes,
      @Nullable ProtectionDomain domain,
      @Nullable String title,
      @Nullable String version) {}

  /**
   * The program on that class path.
   *
   * @throws NotAProgramException when the class has no main, or its version is not known
   */
  ProgramCode(ProgramOptions options, List<ClassPathRoot> roots, String main)
      throws NotAProgramException {
    this.options = options;
    this.main = main;
    this.roots = List.copyOf(roots);
    try {
      own =
          Map.of(
              Own.class.getName(), new MainCall(this, Own.class).bytes(),
              Own.Polls.class.getName(), MainCall.bytes(Own.Polls.class),
              Own.Services.class.getName(), MainCall.bytes(Own.Services.class));
    } catch (IllegalArgumentException e) {
      throw new NotAProgramException(
          "class file must be of a version that ASM knows: " + main + " (" + e.getMessage() + ")");
    }
  }

  /** The entries of a class path, with the entries that their manifests add. */
  static List<ClassPathRoot> roots(List<Path> classPath) throws IOException {
    Set<Path> seen = new LinkedHashSet<>();
    List<ClassPathRoot> roots = new ArrayList<>();
    for (Path path : classPath) {
      if (seen.add(path)) {
        add(ClassPathRoot.of(path), seen, roots);
      }
    }
    return roots;
  }

  private static void add(ClassPathRoot root, Set<Path> seen, List<ClassPathRoot> roots)
      throws IOException {
    roots.add(root);
    for (Path more : root.more()) {
      if (seen.add(more)) {
        ClassPathRoot added;
        try {
          added = ClassPathRoot.of(more);
        } catch (IOException e) {
          // It is no jar. A JVM ignores such an entry too.
          continue;
        }
        add(added, seen, roots);
      }
    }
  }

  /** Whether a jar, or a class that was read from a directory, is another file now. */
  boolean hasChanged() {
    return roots.stream().anyMatch(ClassPathRoot::hasChanged);
  }

  ProgramOptions options() {
    return options;
  }

  List<ClassPathRoot> roots() {
    return roots;
  }

  @Override
  public String main() {
    return main;
  }

  @Override
  public CallTable table() {
    return TABLE;
  }

  @Override
  public boolean resets() {
    return options.state() == ProgramOptions.State.RESET;
  }

  @Override
  public boolean polls() {
    return options.polls();
  }

  @Override
  public boolean jvmWide() {
    return options.jvmWide();
  }

  @Override
  public boolean directReflection() {
    return options.directReflection();
  }

  @Override
  public Findings findings() {
    return findings;
  }

  /** The class path in the form of {@code java.class.path}. */
  String classPath() {
    List<String> paths = new ArrayList<>();
    roots.forEach(root -> paths.add(root.path().toString()));
    return String.join(java.io.File.pathSeparator, paths);
  }

  // ---- state between requests ----

  /** Whether statics are initialized again for each request. */
  boolean isReset() {
    return options.state() == ProgramOptions.State.RESET && fallBack == null;
  }

  /** Whether statics stay as they are. */
  boolean isKept() {
    return options.state() == ProgramOptions.State.KEPT;
  }

  /** From now on each request gets a new loader. Only the first reason is kept. */
  @Override
  public void fallBack(String why) {
    if (fallBack == null) {
      fallBack = why;
      findings.add("not reset", why);
    }
  }

  /** Why the program is FRESH instead of RESET, or null. */
  @Nullable String fallBackReason() {
    return fallBack;
  }

  /**
   * Whether the program may make threads that no hook of ours sees, such as those of an HTTP
   * client.
   */
  boolean makesHiddenThreads() {
    return findings.has("hidden threads");
  }

  /**
   * Whether the program uses thread locals, which the next program on the same thread could see.
   */
  boolean usesThreadLocals() {
    return findings.has("thread locals");
  }

  // ---- classes ----

  @SuppressWarnings("ReferenceEquality")
  private static boolean isOfPlatform(@Nullable ClassLoader loader) {
    return loader == null || loader == ClassLoader.getPlatformClassLoader();
  }

  private static boolean isOfPlatform(String name) {
    return name.startsWith("java.")
        || PLATFORM.contains(name.substring(0, Math.max(0, name.lastIndexOf('.'))));
  }

  /** Whether it is a class of this server that each loader defines. */
  boolean isOwn(String name) {
    return own.containsKey(name);
  }

  /** How many classes have been rewritten. */
  int size() {
    return found.size();
  }

  /** A class of the program, rewritten; null when it has none of that name. */
  @Nullable Found find(String name) {
    byte[] part = own.get(name);
    if (part != null) {
      return new Found(part, roots.get(0).domain(), null, null);
    }
    if (isOfPlatform(name)) {
      return null;
    }
    Optional<Found> known = found.get(name);
    if (known == null) {
      known = Optional.ofNullable(read(name));
      if (known.isPresent()) {
        found.put(name, known);
      }
    }
    return known.orElse(null);
  }

  private @Nullable Found read(String name) {
    boolean companion = StaticsReset.isCompanion(name);
    String asked = companion ? StaticsReset.interfaceOf(name) : name;
    String file = asked.replace('.', '/') + ".class";
    try {
      for (ClassPathRoot root : roots) {
        byte[] bytes = root.bytes(file);
        if (bytes != null) {
          Manifest manifest = root.manifest();
          Attributes attributes =
              manifest == null ? new Attributes() : manifest.getMainAttributes();
          return new Found(
              rewrite(bytes, companion),
              root.domain(),
              attributes.getValue(Attributes.Name.IMPLEMENTATION_TITLE),
              attributes.getValue(Attributes.Name.IMPLEMENTATION_VERSION));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return null;
  }

  /** The bytes of a class, rewritten. */
  byte[] rewrite(byte[] bytes) {
    return rewrite(bytes, false);
  }

  private byte[] rewrite(byte[] bytes, boolean companion) {
    ClassRewriter rewriter;
    try {
      rewriter = new ClassRewriter(this, bytes, companion);
    } catch (IllegalArgumentException e) {
      throw new UnsupportedClassVersionError(e.getMessage());
    }
    return rewriter.rewrite();
  }

  @Override
  public @Nullable ClassNode head(@Nullable String internalName) {
    if (internalName == null || internalName.startsWith("java/") || internalName.startsWith("[")) {
      return null;
    }
    if (isOfPlatform(internalName.replace('/', '.'))) {
      return null;
    }
    return heads
        .computeIfAbsent(internalName, name -> Optional.ofNullable(readHead(name)))
        .orElse(null);
  }

  private @Nullable ClassNode readHead(String internalName) {
    if (StaticsReset.isCompanion(internalName)) {
      ClassNode type = readHead(StaticsReset.interfaceOf(internalName));
      return type == null ? null : StaticsReset.companion(type);
    }
    try {
      for (ClassPathRoot root : roots) {
        byte[] bytes = root.bytes(internalName + ".class");
        if (bytes != null) {
          ClassNode head = new ClassNode();
          new ClassReader(bytes)
              .accept(
                  head, ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
          return head;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return null;
  }
}
