package dev.postern.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A program's arguments, environment and directory as C has them: strings that end with a NUL, and
 * arrays of their addresses. The memory is used again. Not thread-safe.
 */
final class StartWords {
  private static final long POINTER = ADDRESS.byteSize();

  private MemorySegment memory = allocate(16 * 1024);
  private long next;

  private MemorySegment arguments = MemorySegment.NULL;
  private MemorySegment environment = MemorySegment.NULL;
  private MemorySegment directory = MemorySegment.NULL;

  /** Sets the words of a program, in the place of those before. */
  void set(List<String> command, Map<String, String> variables, Path workingDirectory)
      throws IOException {
    String[] words = new String[command.size()];
    long size = (words.length + variables.size() + 2) * POINTER;
    for (int i = 0; i < words.length; i++) {
      words[i] = bytes(command.get(i));
      size += words[i].length() + 1;
    }
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      size += variable.getKey().length() + variable.getValue().length() + 2;
    }
    String start = ProgramText.toBytes(workingDirectory);
    size += start.length() + 1;
    if (size > memory.byteSize()) {
      memory = allocate(size);
    }
    arguments = memory.asSlice(0, (words.length + 1) * POINTER);
    environment = memory.asSlice(arguments.byteSize(), (variables.size() + 1) * POINTER);
    next = arguments.byteSize() + environment.byteSize();
    for (int i = 0; i < words.length; i++) {
      setAddress(i, add(words[i]));
    }
    setAddress(words.length, 0);
    int i = words.length + 1;
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      setAddress(i++, add(variable.getKey(), variable.getValue()));
    }
    setAddress(i, 0);
    directory = memory.asSlice(next);
    put(start);
  }

  /** Sets an entry of the two arrays, which follow one another from the memory's start. */
  private void setAddress(int index, long address) {
    memory.setAtIndex(JAVA_LONG, index, address);
  }

  /** The program: its first argument. */
  MemorySegment program() {
    return arguments.getAtIndex(ADDRESS, 0);
  }

  MemorySegment arguments() {
    return arguments;
  }

  MemorySegment environment() {
    return environment;
  }

  MemorySegment directory() {
    return directory;
  }

  private long add(String word) {
    long start = memory.address() + next;
    put(word);
    return start;
  }

  private long add(String name, String value) {
    long start = memory.address() + next;
    put(name);
    memory.set(JAVA_BYTE, next - 1, (byte) '=');
    put(value);
    return start;
  }

  private void put(String word) {
    memory.setString(next, word, StandardCharsets.ISO_8859_1);
    next += word.length() + 1;
  }

  private static String bytes(String text) throws IOException {
    String bytes = ProgramText.toBytes(text);
    if (bytes == null) {
      throw new IOException(
          "command must be text that " + ProgramText.charset() + " can encode: " + text);
    }
    return bytes;
  }

  private static MemorySegment allocate(long size) {
    return Arena.ofAuto().allocate(size, POINTER);
  }
}
