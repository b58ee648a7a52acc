package dev.postern.process;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A test that uses something of the machine that has no second one, such as a user whose processes
 * the system counts. Tests with the same name run one after the other, also in other JVMs and other
 * builds; all others run beside them.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(Exclusive.Lock.class)
public @interface Exclusive {
  /** What there is one of; a part of a file name. */
  String value();

  /** Holds a lock on a file while a test runs. The system lets go of those of a killed JVM. */
  final class Lock implements BeforeEachCallback, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE =
        ExtensionContext.Namespace.create(Exclusive.class);

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
      Exclusive exclusive =
          AnnotationSupport.findAnnotation(context.getRequiredTestMethod(), Exclusive.class)
              .or(
                  () ->
                      AnnotationSupport.findAnnotation(
                          context.getRequiredTestClass(), Exclusive.class))
              .orElseThrow();
      FileChannel channel = open(exclusive.value());
      try {
        channel.lock();
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
      context.getStore(NAMESPACE).put(FileChannel.class, channel);
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
      FileChannel channel =
          context.getStore(NAMESPACE).remove(FileChannel.class, FileChannel.class);
      if (channel != null) {
        channel.close();
      }
    }

    /** A file for each user, as no user may write another one's. It stays: somebody may wait. */
    static FileChannel open(String name) throws IOException {
      Path directory = Path.of(System.getProperty("java.io.tmpdir"));
      Path file =
          directory.resolve("postern-exclusive-" + System.getProperty("user.name") + "-" + name);
      return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }
  }
}
