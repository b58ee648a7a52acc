package dev.postern.warm;

import dev.postern.hosting.EnvironmentRules;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Splits the variables of a program. Some are the same for each request, so that a server may have
 * them while it loads. All others are a request's own.
 */
final class Constants {
  /** Unless they are passed on from a request. */
  private static final Set<String> SAME =
      Set.of(
          "PATH",
          "GATEWAY_INTERFACE",
          "SERVER_SOFTWARE",
          "SCRIPT_FILENAME",
          "DOCUMENT_ROOT",
          "HOME",
          "USER",
          "LOGNAME");

  /**
   * Variables that an interpreter or the C library reads when it starts. Each of their values needs
   * a server of its own.
   */
  private static final List<String> OF_THE_START =
      List.of(
          "LC_", "LANG", "TZ", "TMPDIR", "PERL", "PYTHON", "RUBY", "GEM_", "LD_", "MALLOC_",
          "GLIBC_");

  private Constants() {}

  /**
   * The variables of a request that are the same for each request of its program.
   *
   * @param early whether the server is started before any request, so that SERVER_SOFTWARE is
   *     unknown
   */
  static Map<String, String> of(WarmRequest request, boolean early) {
    Map<String, String> constant = new LinkedHashMap<>();
    request
        .environment()
        .forEach(
            (name, value) -> {
              if (isConstant(name, value, request) && !(early && name.equals("SERVER_SOFTWARE"))) {
                constant.put(name, value);
              }
            });
    return constant;
  }

  private static boolean isConstant(String name, String value, WarmRequest request) {
    if (OF_THE_START.stream().anyMatch(name::startsWith)) {
      return true;
    }
    if (request.passed().contains(name)) {
      return false;
    }
    return SAME.contains(name)
        || name.equals("REDIRECT_STATUS") && value.equals("200")
        || request.configured().contains(name) && !EnvironmentRules.COMPUTED.contains(name);
  }

  /**
   * The names of variables that this request or another one of its program may have, beyond these
   * constants and the variables of request headers.
   */
  static Set<String> requestNames(WarmRequest request, Map<String, String> constants) {
    Set<String> names = new TreeSet<>(EnvironmentRules.COMPUTED);
    names.addAll(EnvironmentRules.PASSED);
    names.addAll(EnvironmentRules.ERROR_PAGE);
    names.removeAll(SAME);
    names.addAll(request.environment().keySet());
    names.addAll(request.passed());
    names.removeAll(constants.keySet());
    return names;
  }
}
