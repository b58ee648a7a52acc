package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import org.junit.jupiter.api.Test;

class ExclusiveTest {
  private static final String NAME = "of-its-own-test";

  @Test
  @Exclusive(NAME)
  void exclusiveTest_holdsTheLock() throws Exception {
    try (FileChannel channel = Exclusive.Lock.open(NAME)) {
      // The JVM that holds a lock is told so by an exception, another one by null.
      assertThat(isFree(channel)).isFalse();
    }
  }

  @Test
  void otherTest_findsTheLockFree() throws Exception {
    try (FileChannel channel = Exclusive.Lock.open(NAME + "-free")) {
      assertThat(isFree(channel)).isTrue();
    }
  }

  private static boolean isFree(FileChannel channel) throws Exception {
    try (FileLock lock = channel.tryLock()) {
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }
}
