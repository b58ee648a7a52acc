package dev.postern;

import static dev.postern.Bodies.pulled;
import static dev.postern.Bodies.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
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
    assertChanged(body);
  }

  /** Both views refuse the file, and tell it in an IOException. */
  private static void assertChanged(Body body) {
    String message = "changed or replaced after its body was made";
    assertThatThrownBy(() -> pushed(body))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining(message);
    assertThatThrownBy(() -> pulled(body))
        .isInstanceOf(UncheckedIOException.class)
        .cause()
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining(message);
  }

  @Test
  void of_fileReplacedByALongerOneOfTheSameTime_isRefused() throws Exception {
    FileTime time = Files.getLastModifiedTime(file);
    Body body = Body.of(file);
    Path other = Files.write(directory.resolve("other"), new byte[SIZE + 1]);
    Files.setLastModifiedTime(other, time);
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
    assertChanged(body);
  }

  @Test
  void of_fileReplacedByOneOfTheSameSizeAndTime_isRefused() throws Exception {
    assumeTrue(
        Files.readAttributes(file, BasicFileAttributes.class).fileKey() != null,
        "no inodes to tell files apart");
    FileTime time = Files.getLastModifiedTime(file);
    Body body = Body.of(file);
    Path other = Files.write(directory.resolve("other"), new byte[SIZE]);
    Files.setLastModifiedTime(other, time);
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
    assertChanged(body);
  }

  @Test
  void of_fileWrittenAnewAtTheSameSize_isRefused() throws Exception {
    Body body = Body.of(file);
    Files.write(file, new byte[SIZE]);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1));
    assertChanged(body);
  }

  @Test
  void of_emptyFileThatIsWrittenLater_isRefused() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty"));
    Body body = Body.of(empty);
    Files.write(empty, new byte[3]);
    assertChanged(body);
  }

  @Test
  void of_fileDeletedLater_isRefused() throws Exception {
    Body body = Body.of(file);
    Files.delete(file);
    assertThatThrownBy(() -> pushed(body)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> pulled(body)).hasCauseInstanceOf(NoSuchFileException.class);
  }

  @Test
  void throughAnExchange_fileReplacedLater_isA500AndNoWholeResponse() throws Exception {
    Body body = Body.of(file);
    Files.write(file, new byte[SIZE * 2]);
    Call call =
        Call.get("/file")
            .run(
                Application.of(
                    environ -> Response.of(200, Headers.of("Content-Type", "text/plain"), body)));
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.outcome().failure()).isInstanceOf(FileSystemException.class);
  }

  @Test
  void of_fileOfProc_isSentWholeWithoutALength() throws Exception {
    Path version = Path.of("/proc/version");
    assumeTrue(Files.isReadable(version), "no /proc");
    byte[] bytes = Files.readAllBytes(version);
    assertThat(bytes).isNotEmpty();
    Body body = Body.of(version);
    assertThat(body.length()).isEqualTo(-1);
    for (int use = 0; use < 2; use++) {
      assertThat(pushed(body)).isEqualTo(bytes);
      assertThat(pulled(body)).isEqualTo(bytes);
    }
  }

  /** /proc/self/pagemap has bytes without end; its first blocks are enough. */
  @Test
  void iterator_ofALongFileOfProc_givesBlockAfterBlock() throws Exception {
    Path pagemap = Path.of("/proc/self/pagemap");
    assumeTrue(Files.isReadable(pagemap), "no /proc/self/pagemap");
    Iterator<ByteBuffer> blocks = Body.of(pagemap).iterator();
    assertThat(blocks.next().remaining()).isEqualTo(1024 * 1024);
    assertThat(blocks.next().remaining()).isEqualTo(1024 * 1024);
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
    assertThatThrownBy(iterator::next).hasCauseInstanceOf(FileSystemException.class);
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
        .hasCauseInstanceOf(FileSystemException.class)
        .hasMessageContaining("changed or replaced after its body was made");
  }

  @Test
  void of_fileThatGrowsLater_isRefused() throws Exception {
    Body body = Body.of(file);
    Files.write(file, new byte[1], StandardOpenOption.APPEND);
    assertChanged(body);
  }

  @Test
  void writeTo_fileThatGrowsMeanwhile_staysAsLongAsItWas() throws Exception {
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            try {
              Files.write(file, new byte[100], StandardOpenOption.APPEND);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        };
    Body.of(file).writeTo(out);
    assertThat(out.toByteArray()).isEqualTo(content);
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

  /** As that of a container whose write goes on after an interrupt. */
  private static final class Interrupted implements ResponseSink {
    private ByteBuffer pending;

    @Override
    public void head(int status, Headers headers) {}

    @Override
    public boolean isDirect() {
      return true;
    }

    @Override
    public void write(ByteBuffer block) throws IOException {
      if (pending == null) {
        pending = block.duplicate();
        throw new InterruptedIOException("interrupted");
      }
      block.position(block.limit());
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {}

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }

  @Test
  void blockOfAFailedWrite_isUsedForNoOtherFile() throws IOException {
    Path other = Files.write(directory.resolve("other"), new byte[SIZE]);
    Interrupted sink = new Interrupted();
    for (Path sent : new Path[] {file, other}) {
      Environ environ = Environ.builder(Map.of("REQUEST_METHOD", "GET")).build();
      Exchange.of(environ, sink)
          .run(
              (e, start) -> {
                start.start(200, Headers.of("Content-Type", "text/plain"));
                return Body.of(sent);
              });
    }
    byte[] left = new byte[sink.pending.remaining()];
    sink.pending.get(left);
    assertThat(left).isEqualTo(Arrays.copyOf(content, left.length));
  }
}
