package dev.postern.program;

import dev.postern.internal.Escapes;
import dev.postern.system.FileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an ELF file that the kernel checks before it runs the file: the header, the table of
 * segments and the name of the dynamic linker. If the kernel refuses a file (ENOEXEC), the C
 * library hands it to /bin/sh.
 */
final class ElfFile {
  private static final int HEADER = 64;
  private static final int ET_EXEC = 2;
  private static final int ET_DYN = 3;
  private static final int PT_LOAD = 1;
  private static final int PT_INTERP = 3;
  private static final int MAX_TABLE = 65_536;
  private static final int MAX_NAME = 4096;

  /**
   * The values of {@code e_machine} that run here, by {@code os.arch}: the machine's own, and its
   * 32-bit ancestor's.
   */
  private static final Map<String, Set<Integer>> MACHINES =
      Map.of(
          "amd64", Set.of(62, 3),
          "aarch64", Set.of(183, 40),
          "riscv64", Set.of(243),
          "ppc64le", Set.of(21),
          "s390x", Set.of(22));

  private final FileChannel file;
  private final long size;

  private ElfFile(FileChannel file) throws IOException {
    this.file = file;
    this.size = file.size();
  }

  /** Whether these are the first bytes of an ELF file. */
  static boolean isElf(byte[] start) {
    return start.length >= 4
        && start[0] == 0x7F
        && start[1] == 'E'
        && start[2] == 'L'
        && start[3] == 'F';
  }

  /** Why an ELF file cannot run, for the log; null if it can. */
  static @Nullable String problem(Path path) {
    try (FileChannel channel = FileChannel.open(path)) {
      return new ElfFile(channel).problem();
    } catch (IOException e) {
      // A file that cannot be read may still run.
      return null;
    }
  }

  /**
   * The offsets in {@code Elf64_Ehdr}, and those in {@code Elf32_Ehdr} in parentheses: e_type 16,
   * e_machine 18, e_phoff 32 (28), e_phentsize 54 (42), e_phnum 56 (44).
   */
  private @Nullable String problem() throws IOException {
    ByteBuffer header = read(0, HEADER);
    if (header == null || header.get(4) != 1 && header.get(4) != 2) {
      return "its ELF header is broken";
    }
    boolean wide = header.get(4) == 2;
    ByteOrder order = header.get(5) == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    header.order(order);
    int type = header.getShort(16) & 0xFFFF;
    if (type != ET_EXEC && type != ET_DYN) {
      return "its ELF header is of no program";
    }
    if (order != ByteOrder.nativeOrder() || !isForUs(header.getShort(18) & 0xFFFF)) {
      return hasOtherFormats() ? null : "it is made for another kind of processor";
    }
    int entry = header.getShort(wide ? 54 : 42) & 0xFFFF;
    int table = entry * (header.getShort(wide ? 56 : 44) & 0xFFFF);
    if (entry != (wide ? 56 : 32) || table == 0 || table > MAX_TABLE) {
      return "its ELF header is broken";
    }
    ByteBuffer segments = read(wide ? header.getLong(32) : header.getInt(28) & 0xFFFFFFFFL, table);
    if (segments == null) {
      return "it is cut short";
    }
    return problem(segments.order(order), entry, wide);
  }

  /**
   * The offsets in {@code Elf64_Phdr}, and those in {@code Elf32_Phdr} in parentheses: p_type 0,
   * p_offset 8 (4), p_filesz 32 (16).
   */
  private @Nullable String problem(ByteBuffer segments, int entry, boolean wide)
      throws IOException {
    boolean loads = false;
    for (int at = 0; at < segments.limit(); at += entry) {
      int type = segments.getInt(at);
      if (type != PT_LOAD && type != PT_INTERP) {
        continue;
      }
      long offset = wide ? segments.getLong(at + 8) : segments.getInt(at + 4) & 0xFFFFFFFFL;
      long length = wide ? segments.getLong(at + 32) : segments.getInt(at + 16) & 0xFFFFFFFFL;
      if (offset < 0 || length < 0 || length > size - offset) {
        return "it is cut short";
      }
      loads |= type == PT_LOAD;
      String linker = type == PT_INTERP ? linkerProblem(offset, length) : null;
      if (linker != null) {
        return linker;
      }
    }
    return loads ? null : "it has nothing to load";
  }

  private @Nullable String linkerProblem(long offset, long length) throws IOException {
    ByteBuffer name = length < 2 || length > MAX_NAME ? null : read(offset, (int) length);
    if (name == null || name.get((int) length - 1) != 0) {
      return "the name of its dynamic linker is broken";
    }
    byte[] read = new byte[(int) length - 1];
    name.get(0, read);
    String bytes = new String(read, StandardCharsets.ISO_8859_1);
    String text = bytes.indexOf('\0') < 0 ? FileNames.ofBytes(bytes) : null;
    if (text == null || !Files.isRegularFile(Path.of(text)) || !Files.isExecutable(Path.of(text))) {
      return "its dynamic linker must be an executable file: " + Escapes.quote(bytes);
    }
    return null;
  }

  private static boolean isForUs(int machine) {
    Set<Integer> known = MACHINES.get(System.getProperty("os.arch", ""));
    return known == null || known.contains(machine);
  }

  /**
   * Whether the kernel is told to let emulators run files that it cannot run itself (binfmt_misc).
   */
  private static boolean hasOtherFormats() {
    String[] formats = Path.of("/proc/sys/fs/binfmt_misc").toFile().list();
    return formats != null && formats.length > 2;
  }

  /** These bytes of the file, or null if the file does not have all of them. */
  private @Nullable ByteBuffer read(long offset, int length) throws IOException {
    if (offset < 0 || length > size - offset) {
      return null;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, offset + bytes.position()) < 0) {
        return null;
      }
    }
    return bytes.flip();
  }
}
