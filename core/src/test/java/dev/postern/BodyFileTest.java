package dev.postern;

import static dev.postern.Bodies.pulled;
import static dev.postern.Bodies.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BodyFileTest {
  private static final int SIZE = 200_000;

  @TempDir Path directory;
  private Path file;
  private final byte[] content = new byte[SIZE];

  @BeforeEach
  void writeFile() throws IOException {
    new Random(1).nextBytes(content);
    file = Files.write(directory.resolve("file"), content);
  }

  private void truncate(int size) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.setLength(size);
    }
  }

  @Test
  void of_file_givesTheSameBytesBothWaysAgainAndAgain() throws Exception {
    Body body = Body.of(file);
    assertThat(body.length()).isEqualTo(SIZE);
    for (int use = 0; use < 2; use++) {
      assertThat(pulled(body)).isEqualTo(content);
      assertThat(pushed(body)).isEqualTo(content);
      body.close();
    }
  }

  @Test
  void of_emptyFile_isEmpty() throws Exception {
    Body body = Body.of(Files.createFile(directory.resolve("empty")));
    assertThat(body.length()).isZero();
    assertThat(pulled(body)).isEmpty();
    assertThat(pushed(body)).isEmpty();
    assertThatThrownBy(() -> body.iterator().next()).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void of_missingFile_throwsAtOnce() {
    assertThatThrownBy(() -> Body.of(directory.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void of_directory_throwsAtOnce() {
    assertThatThrownBy(() -> Body.of(directory)).isInstanceOf(FileSystemException.class);
  }

  @Test
  void writeTo_fileBecameShorter_throws() throws Exception {
    Body body = Body.of(file);
    truncate(SIZE - 1);
    assertThatThrownBy(() -> pushed(body))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("became shorter while it was read");
  }

  @Test
  void writeTo_fileShrinksMeanwhile_throws() throws Exception {
    Body body = Body.of(file);
    OutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            try {
              truncate(10);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        };
    assertThatThrownBy(() -> body.writeTo(out)).isInstanceOf(FileSystemException.class);
  }

  @Test
  void iterator_fileShrinksMeanwhile_throws() throws Exception {
    Iterator<ByteBuffer> iterator = Body.of(file).iterator();
    iterator.next();
    truncate(10);
    assertThatThrownBy(iterator::next).isInstanceOf(FileSystemException.class);
  }

  @Test
  void writeTo_fileReplacedMeanwhile_neverMixesTwoFiles() throws Exception {
    Path other = Files.write(directory.resolve("other"), new byte[SIZE]);
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            try {
              Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            } catch (NoSuchFileException e) {
              // It was replaced at the first block.
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        };
    Body.of(file).writeTo(out);
    assertThat(out.toByteArray()).isEqualTo(content);
  }

  @Test
  void iterator_fileReplacedMeanwhile_throws() throws Exception {
    Iterator<ByteBuffer> iterator = Body.of(file).iterator();
    iterator.next();
    Path other = Files.write(directory.resolve("other"), new byte[SIZE]);
    Files.setLastModifiedTime(other, FileTime.fromMillis(1));
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(iterator::next)
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("changed while it was read");
  }

  @Test
  void of_fileThatGrowsLater_staysAsLongAsItWas() throws Exception {
    Body body = Body.of(file);
    Files.write(file, new byte[SIZE + 100]);
    assertThat(pushed(body)).hasSize(SIZE);
    assertThat(pulled(body)).hasSize(SIZE);
  }

  @Test
  void iterator_abandoned_leavesNoFileOpen() throws Exception {
    Path descriptors = Path.of("/proc/self/fd");
    assumeTrue(Files.isDirectory(descriptors), "no /proc");
    Body body = Body.of(file);
    body.iterator().next();
    try (var open = Files.list(descriptors)) {
      assertThat(open.filter(descriptor -> isLinkTo(descriptor, file))).isEmpty();
    }
  }

  private static boolean isLinkTo(Path link, Path target) {
    try {
      return Files.readSymbolicLink(link).equals(target);
    } catch (IOException e) {
      return false; // Closed since it was listed.
    }
  }

  @Test
  void throughAnExchange_hasItsLengthAndBytes() throws Exception {
    Body constant = Body.of(file);
    Application application =
        Application.of(
            environ ->
                Response.of(200, Headers.of("Content-Type", "application/octet-stream"), constant));
    for (int request = 0; request < 2; request++) {
      Call call = Call.get("/file").run(application);
      assertThat(call.header("Content-Length")).isEqualTo("200000");
      assertThat(call.sink().bytes()).isEqualTo(content);
    }
    Call head = Call.of("HEAD", "/file").run(application);
    assertThat(head.header("Content-Length")).isEqualTo("200000");
    assertThat(head.sink().bytes()).isEmpty();
  }
}
