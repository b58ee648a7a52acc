package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.CHECKCAST;
import static org.objectweb.asm.Opcodes.DUP;
import static org.objectweb.asm.Opcodes.DUP2;
import static org.objectweb.asm.Opcodes.GETSTATIC;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.NEW;
import static org.objectweb.asm.Opcodes.POP;
import static org.objectweb.asm.Opcodes.SWAP;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;

/**
 * Applies the rules for each call, field and handle of the JDK in one class. A rule replaces the
 * member by a shim, gives it more arguments, refuses it, or only notes it. Confined to one thread.
 */
final class CallRules {
  /** Classes of the JDK, and the classes that rewritten code creates in their place. */
  static final Map<String, String> REPLACED =
      Map.of(
          "java/io/FileOutputStream", Names.FILE_OUTPUT,
          "java/io/FileWriter", Names.FILE_WRITER,
          "java/io/FileInputStream", Names.FILE_INPUT,
          "java/io/FileReader", Names.FILE_READER,
          "java/net/URLClassLoader", Names.URL_LOADER);

  /** Setters whose effect all requests would see. */
  static final Set<String> REFUSED =
      Set.of(
          "java/net/Authenticator.setDefault",
          "java/net/CookieHandler.setDefault",
          "java/net/ProxySelector.setDefault",
          "java/net/ResponseCache.setDefault",
          "java/net/URL.setURLStreamHandlerFactory",
          "java/net/URLConnection.setContentHandlerFactory",
          "java/net/URLConnection.setDefaultAllowUserInteraction",
          "java/net/URLConnection.setDefaultUseCaches",
          "java/net/URLConnection.setFileNameMap",
          "java/net/HttpURLConnection.setFollowRedirects",
          "java/net/Socket.setSocketImplFactory",
          "java/net/ServerSocket.setSocketFactory",
          "java/net/DatagramSocket.setDatagramSocketImplFactory",
          "java/io/ObjectInputFilter$Config.setSerialFilter",
          "java/io/ObjectInputFilter$Config.setSerialFilterFactory",
          "java/rmi/server/RMISocketFactory.setFailureHandler",
          "java/rmi/server/RMISocketFactory.setSocketFactory",
          "java/sql/DriverManager.setLogStream",
          "java/sql/DriverManager.setLogWriter",
          "javax/imageio/ImageIO.setCacheDirectory",
          "javax/naming/spi/NamingManager.setInitialContextFactoryBuilder",
          "javax/naming/spi/NamingManager.setObjectFactoryBuilder",
          "javax/net/ssl/SSLContext.setDefault",
          "javax/net/ssl/HttpsURLConnection.setDefaultHostnameVerifier",
          "javax/net/ssl/HttpsURLConnection.setDefaultSSLSocketFactory",
          "java/security/Policy.setPolicy",
          "java/security/Security.setProperty",
          "java/lang/System.setSecurityManager",
          "sun/misc/Signal.handle");

  /** Classes whose constructors open something. */
  private static final Set<String> OPENING =
      Set.of(
          "java/io/PrintStream",
          "java/io/PrintWriter",
          "java/io/RandomAccessFile",
          "java/net/DatagramSocket",
          "java/net/MulticastSocket",
          "java/net/ServerSocket",
          "java/net/Socket",
          "java/util/Scanner",
          "java/util/jar/JarFile",
          "java/util/zip/ZipFile");

  /** Methods that return something open. */
  static final Set<String> OPENERS =
      Set.of(
          "java/net/ServerSocket.accept",
          "java/net/URL.openConnection",
          "java/nio/channels/ServerSocketChannel.accept",
          "java/nio/channels/spi/SelectorProvider.openDatagramChannel",
          "java/nio/channels/spi/SelectorProvider.openPipe",
          "java/nio/channels/spi/SelectorProvider.openSelector",
          "java/nio/channels/spi/SelectorProvider.openServerSocketChannel",
          "java/nio/channels/spi/SelectorProvider.openSocketChannel",
          "java/nio/file/FileSystem.newWatchService",
          "javax/net/ServerSocketFactory.createServerSocket",
          "javax/net/SocketFactory.createSocket");

  /** Calls that leave code of the program to threads which are not in its group. */
  private static final Set<String> UNSEEN =
      Set.of(
          "java/lang/Process.onExit",
          "java/lang/ProcessHandle.onExit",
          "java/lang/Thread$Builder.inheritInheritableThreadLocals",
          "java/lang/Thread$Builder$OfPlatform.inheritInheritableThreadLocals",
          "java/lang/Thread$Builder$OfVirtual.inheritInheritableThreadLocals",
          "java/lang/ref/Cleaner.create",
          "java/util/concurrent/CompletableFuture.completeOnTimeout",
          "java/util/concurrent/CompletableFuture.delayedExecutor",
          "java/util/concurrent/CompletableFuture.orTimeout",
          "java/util/concurrent/SubmissionPublisher.<init>");

  private static final String HANDLER = "Ljava/lang/Thread$UncaughtExceptionHandler;";

  /** Calls whose results differ each time. An enum must not keep them for the next request. */
  private static final Set<String> VARYING =
      Set.of(
          "java/lang/Math.random",
          "java/lang/StrictMath.random",
          "java/lang/System.currentTimeMillis",
          "java/lang/System.nanoTime",
          "java/security/SecureRandom.<init>",
          "java/security/SecureRandom.getInstance",
          "java/security/SecureRandom.getInstanceStrong",
          "java/time/Clock.instant",
          "java/time/Clock.millis",
          "java/util/Calendar.getInstance",
          "java/util/Date.<init>",
          "java/util/GregorianCalendar.<init>",
          "java/util/Random.<init>",
          "java/util/UUID.randomUUID",
          "java/util/concurrent/ThreadLocalRandom.current");

  /** The most that any rule adds to the operand stack. */
  private static final int STACK = 6;

  private final ProgramClasses code;
  private final ClassNode type;
  private final Bridges bridges;
  private final ProviderRules providers;

  CallRules(ProgramClasses code, ClassNode type) {
    this.code = code;
    this.type = type;
    this.bridges = new Bridges(code, type, this);
    this.providers = new ProviderRules(type, bridges.added);
  }

  /** Applies the rules to all methods, and adds the methods that the rules need. */
  void apply() {
    type.methods.forEach(this::apply);
    for (int i = 0; i < bridges.added.size(); i++) {
      apply(bridges.added.get(i));
    }
    type.methods.addAll(bridges.added);
  }

  private void apply(MethodNode method) {
    for (AbstractInsnNode at : method.instructions.toArray()) {
      if (at instanceof FieldInsnNode field && at.getOpcode() == GETSTATIC) {
        CallTable.Target target = code.table().field(field.owner, field.name);
        if (target != null) {
          redirect(method, at, target, field.desc);
        }
      } else if (at instanceof MethodInsnNode call) {
        call(method, call);
      } else if (at instanceof TypeInsnNode made && at.getOpcode() == NEW) {
        made.desc = REPLACED.getOrDefault(made.desc, made.desc);
      } else if (at instanceof InvokeDynamicInsnNode dynamic) {
        bridges.dynamic(method, dynamic);
      } else if (at instanceof LdcInsnNode constant && constant.cst instanceof Handle handle) {
        constant.cst = bridges.bridged(handle);
      }
    }
    method.maxStack += STACK;
  }

  void call(MethodNode method, MethodInsnNode call) {
    code.findings().note(call);
    boolean makes = call.name.equals("<init>");
    String replacement = makes ? REPLACED.get(call.owner) : null;
    if (replacement != null) {
      method.instructions.insertBefore(call, Code.own());
      call.owner = replacement;
      call.desc = Code.withInstance(call.desc);
      return;
    }
    boolean hasDefaults = SilentDefaults.apply(type, method, call, code);
    if (!hasDefaults
        && (sequential(method, call)
            || bridges.reflect(method, call)
            || providers.apply(method, call))) {
      return;
    }
    CallTable.Target target = hasDefaults ? null : code.table().call(code, call);
    if (target == null) {
      hooks(method, call);
      method.maxLocals += PathRules.apply(method, call, code);
    } else {
      redirect(method, call, target, Bridges.returned(call.desc));
    }
  }

  private void redirect(
      MethodNode method, AbstractInsnNode at, CallTable.Target target, String declared) {
    code.findings().add("redirected", target.members().replace('/', '.'));
    method.instructions.insertBefore(at, Code.own());
    method.instructions.set(
        at, Code.invokeStatic(target.owner(), target.name(), target.descriptor()));
    if (declared.startsWith("L") && !declared.equals(Bridges.returned(target.descriptor()))) {
      throw new IllegalStateException(
          "shim must return what it stands for: " + target.name() + " " + declared);
    }
  }

  /** Makes a parallel stream sequential, because it would run in the JVM's common pool. */
  private boolean sequential(MethodNode method, MethodInsnNode call) {
    if (call.name.equals("parallelStream")
        && call.desc.equals("()Ljava/util/stream/Stream;")
        && CallTable.isA(code, call.owner, Collection.class)) {
      call.name = "stream";
      return true;
    }
    if (call.owner.equals("java/util/stream/StreamSupport") && call.desc.contains("Z)")) {
      method.instructions.insertBefore(
          call, Code.list(new InsnNode(Opcodes.POP), new InsnNode(Opcodes.ICONST_0)));
      return true;
    }
    boolean isParallel =
        call.name.equals("parallel")
            && call.owner.startsWith("java/util/stream/")
            && call.desc.startsWith("()");
    if (isParallel) {
      method.instructions.remove(call);
    }
    return isParallel;
  }

  /**
   * Adds calls before or after a call of the JDK that stays where it is, because the JDK checks who
   * its caller is.
   */
  private void hooks(MethodNode method, MethodInsnNode call) {
    InsnList before = new InsnList();
    InsnList after = new InsnList();
    String member = call.owner + "." + call.name;
    // new Date(long) and new Random(long) are what their argument says.
    if (VARYING.contains(member) && !call.desc.startsWith("(J)")
        || call.owner.startsWith("java/time/") && call.name.equals("now")) {
      before.add(Code.shim(Names.SYSTEM, "varies", "()V"));
    }
    String refused = code.jvmWide() ? null : CallTable.refused(code, call);
    if (refused != null) {
      code.findings().add("refused", refused);
      before.add(new LdcInsnNode(refused));
      before.add(Code.shim(Names.WIDE, "refuse", "(Ljava/lang/String;)V"));
    } else if (call.owner.equals("java/sql/DriverManager")) {
      if (call.name.equals("registerDriver") && call.desc.equals("(Ljava/sql/Driver;)V")) {
        before.add(new InsnNode(DUP));
        before.add(Code.shim(Names.SYSTEM, "registers", "(Ljava/lang/Object;)V"));
      } else if (call.name.equals("registerDriver")) {
        before.add(new InsnNode(DUP2));
        before.add(
            Code.shim(
                Names.SYSTEM,
                "registers",
                "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;"));
        before.add(new TypeInsnNode(CHECKCAST, "java/sql/DriverAction"));
        before.add(new InsnNode(SWAP));
        before.add(new InsnNode(POP));
      } else if (!call.name.contains("egister")) {
        before.add(Code.shim(Names.SYSTEM, "drivers", "()V"));
      }
    } else if (member.equals("java/lang/management/ManagementFactory.getPlatformMBeanServer")) {
      after.add(Code.shim(Names.WIDE, "beans", "(Ljava/lang/Object;)Ljava/lang/Object;"));
      after.add(new TypeInsnNode(CHECKCAST, "javax/management/MBeanServer"));
    } else if (member.equals("javax/management/MBeanServerFactory.createMBeanServer")) {
      after.add(new InsnNode(DUP));
      after.add(Code.shim(Names.WIDE, "lists", "(Ljava/lang/Object;)V"));
    } else if (call.owner.equals("javax/imageio/ImageIO")
        || member.equals("javax/imageio/spi/IIORegistry.getDefaultInstance")) {
      before.add(Code.shim(Names.WIDE, "images", "()V"));
    } else if (member.equals("java/util/ResourceBundle.getBundle")) {
      before.add(Code.shim(Names.SYSTEM, "bundles", "()V"));
    } else if (UNSEEN.contains(member)) {
      code.findings().add("unseen threads", member.replace('/', '.'));
      before.add(Code.shim(Names.SYSTEM, "unseen", "()V"));
    } else if (makesThreads(call)) {
      after.add(Code.made(type, method, call));
      after.add(Code.shim(Names.THREADS, "made", "(Ljava/lang/Object;)V"));
    } else if (member.equals("java/lang/Thread.ofVirtual")) {
      after.add(new InsnNode(DUP));
      after.add(Code.shim(Names.THREADS, "virtual", "(Ljava/lang/Object;)V"));
    } else if (call.owner.startsWith("java/lang/Thread$Builder")
        && call.name.equals("uncaughtExceptionHandler")) {
      before.add(Code.shim(Names.THREADS, "handling", "(" + HANDLER + ")" + HANDLER));
    } else if (call.owner.equals("java/util/prefs/Preferences")
        && call.getOpcode() == INVOKESTATIC) {
      before.add(Code.shim(Names.THREADS, "preferences", "()V"));
    } else if (opens(call)) {
      after.add(Code.made(type, method, call));
      after.add(Code.shim(Names.SYSTEM, "opened", "(Ljava/lang/Object;)V"));
    } else if (member.equals("java/lang/Class.forName")
        && call.desc.startsWith("(Ljava/lang/String;)")) {
      after.add(
          Code.invokeStatic(
              Names.REFLECTION, "initialized", "(Ljava/lang/Class;)Ljava/lang/Class;"));
    }
    method.instructions.insertBefore(call, before);
    method.instructions.insert(call, after);
  }

  private boolean opens(MethodInsnNode call) {
    if (call.name.equals("<init>")) {
      // A wrapper around another stream opens nothing itself.
      boolean named = call.desc.startsWith("(Ljava/lang/String;") || call.desc.contains("File;");
      return OPENING.contains(call.owner) && (named || call.owner.contains("Socket"));
    }
    boolean opener = call.name.startsWith("new") || call.name.equals("lines");
    return call.getOpcode() == INVOKESTATIC
            && (call.owner.equals("java/nio/file/Files") && opener
                || call.owner.startsWith("java/nio/channels/") && call.name.equals("open"))
        || CallTable.opens(code, call);
  }

  /**
   * Whether the call makes something whose threads do not end by an interrupt, such as an executor,
   * but by a call that ends it.
   */
  private static boolean makesThreads(MethodInsnNode call) {
    return call.owner.equals("java/util/concurrent/Executors")
            && call.desc.endsWith("ExecutorService;")
        || call.owner.equals("java/nio/channels/AsynchronousChannelGroup")
            && call.getOpcode() == INVOKESTATIC
        || call.name.equals("<init>")
            && Set.of(
                    "java/util/Timer",
                    "java/util/concurrent/ForkJoinPool",
                    "java/util/concurrent/ScheduledThreadPoolExecutor",
                    "java/util/concurrent/ThreadPoolExecutor")
                .contains(call.owner);
  }
}
