package dev.postern.warm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Splits an environment. One part is the same for each request of a program, so that a server may
 * have it while it loads. This keeps the names of the other part.
 */
record Constants(Map<String, String> variables, Set<String> requestNames) {
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

  private static final List<String> OF_A_REQUEST =
      List.of(
          "HTTP_",
          "REMOTE_",
          "SERVER_",
          "SSL_",
          "AUTH_",
          "REDIRECT_",
          "REQUEST_",
          "CONTENT_",
          "PATH_",
          "QUERY_STRING",
          "SCRIPT_NAME",
          "HTTPS");

  /**
   * The constants of an environment.
   *
   * @param early whether the server is started before any request, so that SERVER_SOFTWARE is
   *     unknown
   */
  static Constants of(Map<String, String> environment, Set<String> configured, boolean early) {
    Map<String, String> constant = new LinkedHashMap<>();
    Set<String> others = new TreeSet<>();
    environment.forEach(
        (name, value) -> {
          boolean same =
              SAME.contains(name) && !(early && name.equals("SERVER_SOFTWARE"))
                  || startsWithAny(name, OF_THE_START)
                  || name.equals("REDIRECT_STATUS") && value.equals("200")
                  || configured.contains(name) && !startsWithAny(name, OF_A_REQUEST);
          if (same) {
            constant.put(name, value);
          } else if (!startsWithAny(name, OF_A_REQUEST)) {
            others.add(name);
          }
        });
    return new Constants(constant, others);
  }

  private static boolean startsWithAny(String name, List<String> starts) {
    for (String start : starts) {
      if (name.startsWith(start)) {
        return true;
      }
    }
    return false;
  }
}
