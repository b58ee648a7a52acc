package dev.postern.inprocess;

import dev.postern.rewrite.CallTable;
import java.util.List;

/** What the calls of all programs become. */
final class Shims {
  static final CallTable TABLE =
      new CallTable(
          List.of(
              StreamShim.class,
              SystemShim.class,
              FileShim.class,
              ProcessShim.class,
              LocaleShim.class,
              LogShim.class,
              ReflectionShim.class,
              WideShim.class));

  private Shims() {}
}
