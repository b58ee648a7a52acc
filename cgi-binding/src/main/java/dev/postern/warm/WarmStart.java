package dev.postern.warm;

import dev.postern.process.RunningProgram;
import org.jspecify.annotations.Nullable;

/**
 * What a group has made of a request: a program that runs, or why a process of its own must run it.
 *
 * @param program null for none
 * @param cold "" where there is a program
 */
public record WarmStart(@Nullable RunningProgram program, String cold) {
  static WarmStart of(RunningProgram program) {
    return new WarmStart(program, "");
  }

  static WarmStart cold(String why) {
    return new WarmStart(null, why);
  }
}
