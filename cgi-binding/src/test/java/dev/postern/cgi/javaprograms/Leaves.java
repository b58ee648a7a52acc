package dev.postern.cgi.javaprograms;

import java.io.ByteArrayInputStream;
import java.io.FileWriter;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.MessageDigest;
import java.security.MessageDigestSpi;
import java.security.NoSuchAlgorithmException;
import java.security.NoSuchProviderException;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.ConsoleHandler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.prefs.Preferences;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.spec.SecretKeySpec;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Node;

/** Programs that leave things in the JVM, or get things from their jar. */
public final class Leaves {
  private Leaves() {}

  /** Found by the service loader. */
  public static final class Service implements Supplier<String> {
    @Override
    public String get() {
      return "service";
    }
  }

  /** Looks into the jar that it is in. */
  public static final class LooksIntoItsJar {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      for (Supplier<?> found : ServiceLoader.load(Supplier.class)) {
        System.out.println(found.get());
      }
      try (var in = LooksIntoItsJar.class.getResourceAsStream("/words.txt")) {
        System.out.println(new String(in.readAllBytes(), "UTF-8"));
      }
      System.out.println(LooksIntoItsJar.class.getClassLoader().getResource("words.txt") != null);
      System.out.println(ClassLoader.getSystemResource("words.txt") != null);
      System.out.println(ClassLoader.getSystemResources("words.txt").hasMoreElements());
      try (var in = ClassLoader.getSystemResourceAsStream("words.txt")) {
        System.out.println(new String(in.readAllBytes(), "UTF-8"));
      }
      System.out.println(ClassLoader.getSystemResource("dev/postern/Body.class"));
      System.out.println(LooksIntoItsJar.class.getPackage().getImplementationVersion());
    }
  }

  /** Nothing outside of the class path is a resource. */
  public static final class LooksOutside {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      String inside = "/dev/../" + LooksOutside.class.getName().replace('.', '/') + ".class";
      String outside = "/../".repeat(20) + "etc/passwd";
      for (String name : List.of(inside, outside, "//etc/passwd", "/dev" + outside)) {
        System.out.println(LooksOutside.class.getResource(name) != null);
        System.out.println(LooksOutside.class.getResourceAsStream(name) != null);
      }
    }
  }

  /** Registers a security provider, and takes a digest from it in each way. */
  public static final class AddsProvider {
    private static final class Mine extends Provider {
      private static final long serialVersionUID = 1;

      Mine() {
        super("PosternTest", "1", "for a test");
        put("MessageDigest.PosternDigest", Digest.class.getName());
        put("MessageDigest.MD5", Digest.class.getName());
      }
    }

    /** Says whose it is. */
    public static final class Digest extends MessageDigestSpi {
      @Override
      protected void engineUpdate(byte input) {}

      @Override
      protected void engineUpdate(byte[] input, int offset, int length) {}

      @Override
      protected byte[] engineDigest() {
        return System.getenv("QUERY_STRING").getBytes(StandardCharsets.UTF_8);
      }

      @Override
      protected void engineReset() {}
    }

    private static void show(MessageDigest digest, Provider mine) {
      System.out.println(digest.getProvider() == mine);
    }

    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      System.out.println(Security.getProvider("PosternTest"));
      Provider mine = new Mine();
      int count = Security.getProviders().length;
      System.out.println(Security.addProvider(mine) == count + 1);
      System.out.println(Security.addProvider(new Mine()));
      System.out.println(Security.getProvider("PosternTest") == mine);
      // Others add theirs meanwhile.
      Thread.sleep(20);
      show(MessageDigest.getInstance("PosternDigest"), mine);
      show(MessageDigest.getInstance("PosternDigest", "PosternTest"), mine);
      show(MessageDigest.getInstance("PosternDigest", mine), mine);
      show(MessageDigest.getInstance("MD5"), mine);
      show(MessageDigest.getInstance("MD5", "PosternTest"), mine);
      System.out.println(
          new String(MessageDigest.getInstance("PosternDigest").digest(), StandardCharsets.UTF_8));
      Security.removeProvider("PosternTest");
      try {
        MessageDigest.getInstance("MD5", "PosternTest");
      } catch (NoSuchProviderException e) {
        System.out.println(e.getMessage());
      }
      try {
        MessageDigest.getInstance("PosternDigest");
      } catch (NoSuchAlgorithmException e) {
        System.out.println(e.getMessage());
      }
      System.out.println(Security.insertProviderAt(mine, 1));
      show(MessageDigest.getInstance("MD5"), mine);
      Function<String, Cipher> cipher =
          name -> {
            try {
              return Cipher.getInstance(name);
            } catch (GeneralSecurityException e) {
              throw new IllegalStateException(e);
            }
          };
      System.out.println(cipher.apply("AES/GCM/NoPadding").getAlgorithm());
    }
  }

  /** Names a provider of its own to methods that look for it outside {@code getInstance}. */
  public static final class NamesProvider {
    private static final String CERTIFICATE =
        "MIIBcDCCARWgAwIBAgIUKOXo9f7uM9WyA18MSLyridR79SQwCgYIKoZIzj0EAwIwDDEKMAgGA1UE"
            + "AwwBYTAgFw0yNjEyMDEwMDQ4MDVaGA8yMTI2MTEwNzAwNDgwNVowDDEKMAgGA1UEAwwBYTBZMBMG"
            + "ByqGSM49AgEGCCqGSM49AwEHA0IABAG9ty2GoUGYXdyO2uayWDtlRzkFcoia2tkBaePeyXhplhRH"
            + "ajpgVJOQ2VjAQ4smD3M9m+OZ+j1XqCX/3zYCXEejUzBRMB0GA1UdDgQWBBTGAP04Cuu/01nk72Vz"
            + "B3jBFotTGzAfBgNVHSMEGDAWgBTGAP04Cuu/01nk72VzB3jBFotTGzAPBgNVHRMBAf8EBTADAQH/"
            + "MAoGCCqGSM49BAMCA0kAMEYCIQDhROsQujBjAZDF4fma+V1/3FLvECifwSmQE9CornFpUAIhAKT1"
            + "qeSNcARQabRJbLKxCHirbWtgaugnBPQfkOTumJTY";

    private static final String REVOKED =
        "MIGSMDowCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYRcNMjYxMjAxMDA0ODA1WhgPMjA1MTA3MjMw"
            + "MDQ4MDVaMAoGCCqGSM49BAMCA0gAMEUCIQDGRRII53Of+wPWJ5axk/DX1DpaaG+oysT4Bi278BeS"
            + "tQIgWDu99qkjmUT2UnRuu1flJWPbD6qegZbbFAXHISDojCg=";

    private static final class Empty extends Provider {
      private static final long serialVersionUID = 1;

      Empty() {
        super("PosternEmpty", "1", "has nothing");
      }
    }

    private static ByteArrayInputStream decoded(String text) {
      return new ByteArrayInputStream(Base64.getDecoder().decode(text));
    }

    private static void show(Callable<Object> call) {
      try {
        System.out.println(call.call());
      } catch (Exception e) {
        System.out.println(e);
      }
    }

    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      X509Certificate signed = (X509Certificate) factory.generateCertificate(decoded(CERTIFICATE));
      Certificate certificate = signed;
      X509CRL revoked = (X509CRL) factory.generateCRL(decoded(REVOKED));
      EncryptedPrivateKeyInfo info =
          new EncryptedPrivateKeyInfo("PBEWithMD5AndDES", new byte[] {1});
      Key secret = new SecretKeySpec(new byte[8], "DES");
      PublicKey key = certificate.getPublicKey();
      Method verify = Certificate.class.getMethod("verify", PublicKey.class, String.class);
      Security.addProvider(new Empty());
      for (String name : Arrays.asList("PosternEmpty", "SunEC", "Nobody", "", null)) {
        show(
            () -> {
              certificate.verify(key, name);
              return "verified";
            });
        show(
            () -> {
              signed.verify(key, name);
              return "verified";
            });
        show(
            () -> {
              revoked.verify(key, name);
              return "verified";
            });
        show(
            () -> {
              try {
                return verify.invoke(certificate, key, name);
              } catch (InvocationTargetException e) {
                return e.getCause();
              }
            });
        show(() -> info.getKeySpec(secret, name));
      }
    }
  }

  /** Registers JDBC drivers in both forms. */
  public static final class RegistersDrivers {
    private static final class Mine implements Driver {
      @Override
      public Connection connect(String url, Properties info) {
        return null;
      }

      @Override
      public boolean acceptsURL(String url) {
        return false;
      }

      @Override
      public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) {
        return new DriverPropertyInfo[0];
      }

      @Override
      public int getMajorVersion() {
        return 1;
      }

      @Override
      public int getMinorVersion() {
        return 0;
      }

      @Override
      public boolean jdbcCompliant() {
        return false;
      }

      @Override
      public Logger getParentLogger() {
        return Logger.getGlobal();
      }
    }

    private static long count() {
      return DriverManager.drivers().filter(Mine.class::isInstance).count();
    }

    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      System.out.println(count());
      DriverManager.registerDriver(new Mine());
      DriverManager.registerDriver(new Mine(), null);
      Driver gone = new Mine();
      DriverManager.registerDriver(gone, () -> System.out.println("gone"));
      DriverManager.registerDriver(new Mine(), () -> System.out.println("not printed"));
      System.out.println(count());
      DriverManager.deregisterDriver(gone);
      System.out.println(count() + " " + DriverManager.getLoginTimeout());
      DriverManager.setLoginTimeout(7);
      System.out.println(DriverManager.getLoginTimeout());
    }
  }

  /** Uses classes that its class path has, but the platform too. */
  public static final class ParsesXml {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      Node root =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(new byte[] {'<', 'a', '/', '>'}))
              .getDocumentElement();
      System.out.println(root.getNodeName() + " " + Node.class.getModule().getName());
      System.out.println(ClassLoader.getSystemResource("org/w3c/dom/Node.class").getProtocol());
    }
  }

  /** Registers a bean under a fixed name. */
  public static final class RegistersBean {
    /** What is managed. */
    public interface CounterMXBean {
      int getCount();
    }

    private static final class Counter implements CounterMXBean {
      @Override
      public int getCount() {
        return 3;
      }
    }

    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      MBeanServer server = ManagementFactory.getPlatformMBeanServer();
      ObjectName name = new ObjectName("postern.test:type=Counter");
      System.out.println(server.registerMBean(new Counter(), name).getObjectName());
      System.out.println(ManagementFactory.getPlatformMBeanServer().getAttribute(name, "Count"));
      System.out.println(server.getAttribute(new ObjectName("java.lang:type=Runtime"), "SpecName"));
    }
  }

  /** Reads a file of its jar by the file's URL. */
  public static final class ReadsByUrl {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      try (var in = ReadsByUrl.class.getResource("/words.txt").openStream()) {
        System.out.print(new String(in.readAllBytes(), "UTF-8"));
      }
    }
  }

  /** Prints by code of the JDK, which is not rewritten. */
  public static final class PrintsByTheJdk {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\nok");
      ConsoleHandler handler = new ConsoleHandler();
      handler.publish(new LogRecord(java.util.logging.Level.SEVERE, "by the JDK"));
      handler.flush();
      Logger.getLogger("x").removeHandler(handler);
    }
  }

  /** Logs by a static logger. */
  public static final class Logs {
    private static final Logger LOGGER = Logger.getLogger("x");

    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\nok");
      LOGGER.warning("logged " + System.getenv("QUERY_STRING"));
    }
  }

  /** Leaves things whose own methods end them, and ask for what has ended. */
  public static final class NoticesItsEnd {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\nok");
      new FileWriter("left") {
        @Override
        public void close() {
          System.out.print("closed");
        }
      }.write("x");
      new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>()) {
        @Override
        protected void terminated() {
          System.out.print("terminated");
        }
      }.allowCoreThreadTimeOut(true);
      Logger.getLogger("x")
          .addHandler(
              new ConsoleHandler() {
                @Override
                public void close() {
                  System.out.print("closed");
                }
              });
      Thread thread =
          new Thread() {
            @Override
            public void run() {
              LockSupport.park();
            }

            @Override
            public void interrupt() {
              super.interrupt();
              System.out.print("interrupted");
            }
          };
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Says another thing each time. */
  public static final class NeverTheSame {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n" + System.nanoTime());
    }
  }

  public static final class ReadsPreferences {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      System.out.print(Preferences.userRoot().get("postern", "none") + " ");
    }
  }
}
