package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.hosting.EnvironmentRules;
import dev.postern.hosting.ProgramEnvironment;
import dev.postern.hosting.RefusalCounters;
import dev.postern.program.Program;
import dev.postern.program.RequestPath;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Which variables a program gets, and with which values. */
class ProgramEnvironmentTest {
  private static final Program PROGRAM = new Program(Path.of("/srv/p"), List.of("/srv/p"));

  private final RefusalCounters counters = new RefusalCounters();

  @Test
  void attackA10_s01_s06_s56_environment_isThisAndNothingElse() throws Exception {
    Call call =
        Call.get("/x/y")
            .with("SCRIPT_NAME", "/app")
            .with("QUERY_STRING", "a=b")
            .with("REQUEST_URI", "/app/x/y?a=b")
            .with("REMOTE_ADDR", "127.0.0.1")
            .with("REMOTE_PORT", "4711")
            .with("SERVER_ADDR", "127.0.0.2")
            .with("SERVER_SOFTWARE", "Server/1.0")
            .with("HTTP_HOST", "example.org")
            .with("PATH", "/evil")
            .with("SECRET", "1")
            .with("AWS_SECRET_ACCESS_KEY", "1")
            .with("DOCUMENT_ROOT", "/evil")
            .with("GATEWAY_INTERFACE", "CGI/9")
            .with("REDIRECT_STATUS", "200")
            .with("LD_PRELOAD", "evil.so");

    assertThat(new TreeMap<>(of(call, options().documentRoot(Path.of("/srv/www")))).toString())
        .isEqualTo(
            "{DOCUMENT_ROOT=/srv/www, GATEWAY_INTERFACE=CGI/1.1, HTTP_HOST=example.org,"
                + " PATH=/usr/local/bin:/usr/bin:/bin, PATH_INFO=/x/y,"
                + " PATH_TRANSLATED=/srv/www/x/y, QUERY_STRING=a=b,"
                + " REMOTE_ADDR=127.0.0.1, REMOTE_HOST=127.0.0.1, REMOTE_PORT=4711,"
                + " REQUEST_METHOD=GET, REQUEST_SCHEME=http, REQUEST_URI=/app/x/y?a=b,"
                + " SCRIPT_FILENAME=/srv/p, SCRIPT_NAME=/app, SERVER_ADDR=127.0.0.2,"
                + " SERVER_NAME=localhost, SERVER_PORT=80, SERVER_PROTOCOL=HTTP/1.1,"
                + " SERVER_SOFTWARE=Server/1.0}");
  }

  @Test
  void attackA01_proxyHeader_neverBecomesHttpProxy() throws Exception {
    Call call = Call.get("/").with("HTTP_PROXY", "http://evil");

    assertThat(of(call, options().passAuthorization())).doesNotContainKey("HTTP_PROXY");
    assertThat(count("header-proxy")).isEqualTo(1);
    assertThatIllegalArgumentException().isThrownBy(() -> options().environment("HTTP_PROXY", "x"));
    assertThatIllegalArgumentException().isThrownBy(() -> options().environment("Http_Proxy", "x"));
  }

  @Test
  void attackA02_attackA05_attackA13_h29_variableNames_areClean() throws Exception {
    Call call = Call.get("/").with("HTTP_X_OK_1", "ok");
    for (String name : List.of("HTTP_", "HTTP_X-A", "HTTP_x", "HTTP_X A", "HTTP_\u00c9")) {
      call.with(name, "evil");
    }
    call.with("http_lower", "evil").with("X_EXTRA", "evil");

    Map<String, String> environment = of(call, options());
    assertThat(environment).containsEntry("HTTP_X_OK_1", "ok").doesNotContainValue("evil");
    assertThat(count("header-name")).isEqualTo(5);
    assertThat(environment.keySet()).allMatch(name -> name.matches("[A-Z_][A-Z0-9_]*"));
  }

  @Test
  void attackA03_s31_framingHeaders_areNeverDoubled() throws Exception {
    Call call =
        Call.get("/")
            .with("HTTP_CONTENT_LENGTH", "5")
            .with("HTTP_CONTENT_TYPE", "text/evil")
            .with("HTTP_TRANSFER_ENCODING", "chunked");

    assertThat(of(call, options()).keySet())
        .noneMatch(name -> name.contains("CONTENT_") || name.contains("TRANSFER"));
    assertThat(count("header-reserved")).isEqualTo(2);
    assertThat(count("header-hop-by-hop")).isEqualTo(1);
  }

  @Test
  void attackA06_redirectHeaders_areNeverTaken() throws Exception {
    Call call =
        Call.get("/").with("HTTP_REDIRECT_STATUS", "404").with("HTTP_REDIRECT_URL", "/evil");

    Map<String, String> environment = of(call, options());
    assertThat(environment.keySet()).noneMatch(name -> name.contains("REDIRECT"));
    assertThat(count("header-reserved")).isEqualTo(2);
  }

  @Test
  void r12_redirectStatus_isOfInterpretersAndErrorPages() throws Exception {
    Path file = Path.of("/srv/x.php");
    Program php = new Program(file, List.of("/usr/bin/php-cgi", file.toString()), file, true);
    Call errorPage =
        Call.get("/")
            .with("REDIRECT_STATUS", "404")
            .with("REDIRECT_URL", "/gone")
            .with("REDIRECT_X", "1");

    assertThat(ofProgram(Call.get("/"), php)).containsEntry("REDIRECT_STATUS", "200");
    assertThat(of(Call.get("/"), options())).doesNotContainKey("REDIRECT_STATUS");
    for (String forged : List.of("200", "", "4040", "x")) {
      assertThat(of(Call.get("/").with("REDIRECT_STATUS", forged), options()))
          .doesNotContainKey("REDIRECT_STATUS");
    }
    for (Map<String, String> environment :
        List.of(of(errorPage, options()), ofProgram(errorPage, php))) {
      assertThat(environment)
          .containsEntry("REDIRECT_STATUS", "404")
          .containsEntry("REDIRECT_URL", "/gone")
          .doesNotContainKey("REDIRECT_X");
    }
  }

  @Test
  void passedVariables_reachThePrograms_andOthersAreCounted() throws Exception {
    Call call = Call.get("/").with("TENANT", "a").with("SSL_CLIENT_S_DN", "CN=x");

    assertThat(of(call, options().passVariable("TENANT").environment("TENANT", "default")))
        .containsEntry("TENANT", "a")
        .doesNotContainKey("SSL_CLIENT_S_DN");
    assertThat(count("variable")).isEqualTo(1);
    assertThat(of(Call.get("/"), options().passVariable("TENANT").environment("TENANT", "default")))
        .containsEntry("TENANT", "default");
    assertRefused(
        call.with("TENANT", "a\n"), options().passVariable("TENANT"), 400, "control-character");
    for (String name : List.of("REMOTE_USER", "HTTP_X", "HTTP_PROXY", "REDIRECT_X", "a.b", "")) {
      assertThatIllegalArgumentException()
          .as(name)
          .isThrownBy(() -> options().passVariable(name))
          .withMessageStartingWith("variable name must be ");
    }
  }

  @Test
  void configuredNames_areRefusedForTheReasonThatIsTrueOfThem() {
    for (String[] row :
        new String[][] {
          {"REMOTE_USER", "free, the request sets it"},
          {"remote_user", "free, but for its case the request sets it"},
          {"SERVER_NAME", "free, the host of programs sets it"},
          {"HTTP_HOST", "free, a header of the request sets it"},
          {"HTTP_PROXY", "may have http_proxy"},
          {"REDIRECT_X", "free, a container that serves an error page sets it"}
        }) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> options().environment(row[0], "x"))
          .withMessageContaining(row[1])
          .withMessageEndingWith(": " + row[0]);
    }
  }

  @Test
  void documentRootAndPathTranslated_canBeConfigured() throws Exception {
    CgiApplication.Builder both =
        options().environment("DOCUMENT_ROOT", "/srv").environment("PATH_TRANSLATED", "/srv/fixed");

    assertThat(of(Call.get("/a"), both))
        .containsEntry("DOCUMENT_ROOT", "/srv")
        .containsEntry("PATH_TRANSLATED", "/srv/a");
    assertThat(of(Call.get(""), both)).containsEntry("PATH_TRANSLATED", "/srv/fixed");
    assertThat(of(Call.get("/a"), options().environment("PATH_TRANSLATED", "/x.djvu")))
        .containsEntry("PATH_TRANSLATED", "/x.djvu")
        .doesNotContainKey("DOCUMENT_ROOT");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options().environment("DOCUMENT_ROOT", "www"))
        .withMessage("DOCUMENT_ROOT must be an absolute path: www");
  }

  @Test
  void attackA07_reservedNames_cannotBeConfigured() {
    for (String name :
        List.of(
            "REMOTE_USER",
            "HTTP_HOST",
            "CONTENT_LENGTH",
            "HTTP_X",
            "REDIRECT_STATUS",
            "REDIRECT_X",
            "SCRIPT_FILENAME",
            "remote_user",
            "Http_Host",
            "HTTPS",
            "REMOTE_IDENT",
            "GATEWAY_INTERFACE",
            "SERVER_SOFTWARE",
            "REMOTE_ADDR")) {
      assertThatIllegalArgumentException()
          .as(name)
          .isThrownBy(() -> options().environment(name, "x"))
          .withMessageStartingWith("environment name must be free, ")
          .withMessageEndingWith(": " + name);
    }
    for (String name : List.of("", "A B", "A=B", "1A", "A-B", "\u00c9", "A\0", "A.B")) {
      assertThatIllegalArgumentException()
          .as(name)
          .isThrownBy(() -> options().environment(name, "x"))
          .withMessageStartingWith("environment name must be letters, digits and _: ");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options().environment("A", "x\0y"))
        .withMessage("environment value must hold no NUL: A");
  }

  @Test
  void s07_configuredNames_differInMoreThanCase() throws Exception {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options().environment("Foo", "1").environment("FOO", "2"))
        .withMessage("environment names must differ in more than case: FOO");
    assertThat(of(Call.get("/aB"), options().environment("A", "1").environment("A", "2")))
        .containsEntry("A", "2")
        .containsEntry("PATH_INFO", "/aB");
  }

  @Test
  void attackA08_shellFunctions_areRefusedOrPassedAsTheyAre() throws Exception {
    String shellshock = "() { :;}; echo x";
    for (String name : List.of("HTTP_USER_AGENT", "HTTP_COOKIE", "QUERY_STRING", "REMOTE_USER")) {
      Call call = Call.get("/").with(name, shellshock);
      assertRefused(call, options(), 400, "shell-function");
      assertThat(of(call, options().passShellFunctions())).containsEntry(name, shellshock);
    }
    assertRefused(Call.of(shellshock, "/"), options(), 400, "shell-function");
    assertThat(of(Call.get("/").with("HTTP_X", "a() {"), options()))
        .containsEntry("HTTP_X", "a() {");
  }

  @Test
  void attackA09_requests_createNoVariablesOfTheirOwn() throws Exception {
    Random random = new Random(4711);
    List<String> traps =
        List.of(
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "PATH",
            "IFS",
            "BASH_ENV",
            "ENV",
            "PERL5LIB",
            "PERL5OPT",
            "PYTHONPATH",
            "NODE_OPTIONS",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "CLASSPATH",
            "GCONV_PATH",
            "SHELLOPTS");
    for (int round = 0; round < 200; round++) {
      Call call = Call.get("/").with("QUERY_STRING", traps.get(round % traps.size()) + "=evil");
      for (String trap : traps) {
        call.with(trap, "evil");
      }
      for (int i = 0; i < 10; i++) {
        call.with(randomName(random), "evil");
      }
      Map<String, String> environment = of(call, options());
      assertThat(environment).containsEntry("PATH", "/usr/local/bin:/usr/bin:/bin");
      assertThat(environment.keySet())
          .allMatch(
              name ->
                  name.matches("HTTP_[A-Z0-9_]+")
                      || name.equals("PATH")
                      || EnvironmentRules.PASSED.contains(name)
                      || EnvironmentRules.COMPUTED.contains(name));
    }
  }

  @Test
  void attackA11_attackA12_s29_controlCharacters_areRefused() throws Exception {
    for (String name :
        List.of("HTTP_X", "QUERY_STRING", "PATH_INFO", "CONTENT_TYPE", "REMOTE_USER")) {
      for (char c : "\0\r\n\u0001\u001b\u007f".toCharArray()) {
        assertRefused(
            Call.get("/").with(name, "/a" + c + "b"), options(), 400, "control-character");
      }
    }
    assertThat(of(Call.get("/").with("HTTP_X", "a\tb"), options())).containsEntry("HTTP_X", "a\tb");
  }

  @Test
  void attackA14_h27_tooLargeEnvironments_are431() throws Exception {
    int room = EnvironmentRules.MAX_ENTRY - "HTTP_X".length() - 2;
    assertThat(of(Call.get("/").with("HTTP_X", "x".repeat(room)), options()).get("HTTP_X"))
        .hasSize(room);
    assertRefused(
        Call.get("/").with("HTTP_X", "x".repeat(room + 1)),
        options(),
        431,
        "environment-too-large");

    Call many = Call.get("/");
    for (int i = 0; i < EnvironmentRules.MAX_COUNT; i++) {
      many.with("HTTP_X" + i, "x");
    }
    assertRefused(many, options(), 431, "environment-too-large");
    Call large = Call.get("/");
    for (int i = 0; i < 9; i++) {
      large.with("HTTP_X" + i, "x".repeat(60_000));
    }
    assertRefused(large, options(), 431, "environment-too-large");
  }

  @Test
  void attackA15_s31_s52_credentials_areOptIn() throws Exception {
    Call call =
        Call.get("/")
            .with("HTTP_AUTHORIZATION", "Basic eDp5")
            .with("HTTP_PROXY_AUTHORIZATION", "Basic eDp5");

    assertThat(of(call, options()).toString()).doesNotContain("eDp5");
    assertThat(count("header-credentials")).isEqualTo(2);
    assertThat(of(call, options().passAuthorization()))
        .containsEntry("HTTP_AUTHORIZATION", "Basic eDp5")
        .doesNotContainKey("HTTP_PROXY_AUTHORIZATION");
  }

  @Test
  void attackA16_h18_h19_connection_takesHeadersAndNothingElse() throws Exception {
    Call call =
        Call.get("/")
            .with("HTTP_CONNECTION", "Cookie,  x-hop\t, close, Remote-Addr,,é")
            .with("HTTP_COOKIE", "a=b")
            .with("HTTP_X_HOP", "1")
            .with("HTTP_X_KEPT", "1")
            .with("REMOTE_ADDR", "127.0.0.1");
    for (String name :
        List.of("KEEP_ALIVE", "TE", "TRAILER", "UPGRADE", "HTTP2_SETTINGS", "PROXY_CONNECTION")) {
      call.with("HTTP_" + name, "x");
    }

    Map<String, String> environment = of(call, options());
    assertThat(environment)
        .containsEntry("REMOTE_ADDR", "127.0.0.1")
        .containsEntry("HTTP_X_KEPT", "1");
    assertThat(environment.keySet().stream().filter(name -> name.startsWith("HTTP_")))
        .containsExactly("HTTP_X_KEPT");
    assertThat(count("header-hop-by-hop")).isEqualTo(9);
  }

  @Test
  void attackA18_attackB04_identityAndCommand_areConfigurationAlone() throws Exception {
    Call call =
        Call.get("/")
            .with("HTTP_X_USER", "root")
            .with("SCRIPT_FILENAME", "/bin/sh")
            .with("QUERY_STRING", "cmd=$(id)");

    assertThat(of(call, options())).containsEntry("SCRIPT_FILENAME", "/srv/p");
    assertThat(PROGRAM.command()).containsExactly("/srv/p");
  }

  @Test
  void attackA19_forwardedHeaders_arePassedAndNotBelieved() throws Exception {
    Call call =
        Call.get("/")
            .with("HTTP_FORWARDED", "for=6.6.6.6;proto=https;host=evil")
            .with("HTTP_X_FORWARDED_FOR", "6.6.6.6")
            .with("HTTP_X_FORWARDED_PROTO", "https")
            .with("HTTPS", "on")
            .with("REMOTE_ADDR", "127.0.0.1");

    assertThat(of(call, options()))
        .containsEntry("REMOTE_ADDR", "127.0.0.1")
        .containsEntry("REQUEST_SCHEME", "http")
        .containsEntry("SERVER_NAME", "localhost")
        .containsEntry("HTTP_FORWARDED", "for=6.6.6.6;proto=https;host=evil")
        .doesNotContainKey("HTTPS");
    assertThat(of(Call.get("/").scheme("https").without("SERVER_PORT"), options()))
        .containsEntry("HTTPS", "on")
        .containsEntry("REQUEST_SCHEME", "https")
        .containsEntry("SERVER_PORT", "443");
  }

  @Test
  void s04_scriptUri_isRebuiltFromTheVariables() throws Exception {
    Random random = new Random(42);
    String characters = "aZ09-_~!$&'()*+,;=:@ %?#[]{}|\"<>^`/";
    for (int round = 0; round < 500; round++) {
      String path = random(random, characters, "/");
      String query = random(random, "a=b&%2F+;?/", "");
      Map<String, String> environment =
          of(Call.get(path).with("SCRIPT_NAME", "/s p").with("QUERY_STRING", query), options());
      String uri =
          encoded(environment.get("SCRIPT_NAME"))
              + encoded(environment.get("PATH_INFO"))
              + "?"
              + environment.get("QUERY_STRING");
      assertThat(RequestPath.checkEncoded(RequestPath.ofTarget(uri), true))
          .isEqualTo("/s p" + path);
      assertThat(uri.substring(uri.indexOf('?') + 1)).isEqualTo(query);
    }
  }

  @Test
  void s09_s20_user_isTheGatewaysWord() throws Exception {
    Call stranger =
        Call.get("/").with("HTTP_REMOTE_USER", "root").with("HTTP_AUTHORIZATION", "Basic x");
    assertThat(of(stranger, options()))
        .doesNotContainKeys("REMOTE_USER", "AUTH_TYPE")
        .containsEntry("HTTP_REMOTE_USER", "root");

    Call known = Call.get("/").with("REMOTE_USER", "ann").with("AUTH_TYPE", "Basic");
    assertThat(of(known, options()))
        .containsEntry("REMOTE_USER", "ann")
        .containsEntry("AUTH_TYPE", "Basic");
  }

  @Test
  void s10_contentLength_isThatOfTheBody() throws Exception {
    Call call = Call.get("/").with("CONTENT_LENGTH", "7");
    assertThat(of(call, options())).doesNotContainKey("CONTENT_LENGTH");
    assertThat(environment(call, options(), 11)).containsEntry("CONTENT_LENGTH", "11");
    assertThat(environment(call, options(), 0)).containsEntry("CONTENT_LENGTH", "0");
  }

  @Test
  void s11_contentType_isVerbatimOrAbsent() throws Exception {
    String type = "multipart/form-data; boundary=\"a b\"";
    assertThat(of(Call.get("/"), options())).doesNotContainKey("CONTENT_TYPE");
    assertThat(of(Call.get("/").with("CONTENT_TYPE", type), options()))
        .containsEntry("CONTENT_TYPE", type);
  }

  @Test
  void s12_s16_s22_fixedAndEmptyVariables_areThere() throws Exception {
    assertThat(of(Call.get(""), options()))
        .containsEntry("GATEWAY_INTERFACE", "CGI/1.1")
        .containsEntry("QUERY_STRING", "")
        .containsEntry("SCRIPT_NAME", "")
        .doesNotContainKey("PATH_INFO");
    assertThat(
            of(
                Call.get("/c").with("SCRIPT_NAME", "/a/b").with("QUERY_STRING", "a=%2F&b=+"),
                options()))
        .containsEntry("SCRIPT_NAME", "/a/b")
        .containsEntry("QUERY_STRING", "a=%2F&b=+");
  }

  @Test
  void s15_pathTranslated_isBelowTheDocumentRoot() throws Exception {
    assertThat(of(Call.get("/a"), options()))
        .doesNotContainKeys("PATH_TRANSLATED", "DOCUMENT_ROOT");
    assertThat(of(Call.get(""), options().documentRoot(Path.of("/srv"))))
        .doesNotContainKey("PATH_TRANSLATED")
        .containsEntry("DOCUMENT_ROOT", "/srv");
    assertThat(of(Call.get("/A b//c;d"), options().documentRoot(Path.of("/srv/x/../www"))))
        .containsEntry("PATH_TRANSLATED", "/srv/www/A b//c;d");
    assertThat(of(Call.get("/a"), options().documentRoot(Path.of("/"))))
        .containsEntry("PATH_TRANSLATED", "/a");
  }

  @Test
  void s17_s18_s19_peer_isAnAddress() throws Exception {
    assertThat(of(Call.get("/").with("REMOTE_ADDR", "[fe80::1%eth0]"), options()))
        .containsEntry("REMOTE_ADDR", "fe80::1")
        .containsEntry("REMOTE_HOST", "fe80::1")
        .doesNotContainKey("REMOTE_IDENT");
    assertThat(of(Call.get("/").with("REMOTE_ADDR", "unix:/run/x"), options()))
        .doesNotContainKeys("REMOTE_ADDR", "REMOTE_HOST");
    assertThat(of(Call.get("/").with("REMOTE_ADDR", ""), options()))
        .doesNotContainKeys("REMOTE_ADDR");
    assertThat(
            of(
                Call.get("/")
                    .with("REMOTE_ADDR", "::1")
                    .with("REMOTE_HOST", "h")
                    .with("REMOTE_IDENT", "evil"),
                options()))
        .containsEntry("REMOTE_HOST", "h")
        .doesNotContainKey("REMOTE_IDENT");
  }

  @Test
  void s21_method_keepsItsCase() throws Exception {
    assertThat(of(Call.of("get", "/"), options())).containsEntry("REQUEST_METHOD", "get");
  }

  @Test
  void s23_s24_server_isHostAndPort() throws Exception {
    assertThat(of(Call.get("/").with("SERVER_NAME", "::1").with("SERVER_PORT", "81"), options()))
        .containsEntry("SERVER_NAME", "[::1]")
        .containsEntry("SERVER_PORT", "81");
    assertThat(of(Call.get("/").with("SERVER_NAME", "[::1]"), options()))
        .containsEntry("SERVER_NAME", "[::1]");
    assertThat(of(Call.get("/").without("SERVER_NAME").without("SERVER_PORT"), options()))
        .containsEntry("SERVER_NAME", "localhost")
        .containsEntry("SERVER_PORT", "80");
  }

  @Test
  void s25_protocol_hasBothNumbers() throws Exception {
    for (String[] pair :
        new String[][] {
          {"HTTP/1.1", "HTTP/1.1"}, {"HTTP/2", "HTTP/2.0"}, {"HTTP/2.0", "HTTP/2.0"},
          {"HTTP/3", "HTTP/3.0"}, {"INCLUDED", "INCLUDED"}, {"", "HTTP/1.0"}
        }) {
      assertThat(of(Call.get("/").with("SERVER_PROTOCOL", pair[0]), options()))
          .containsEntry("SERVER_PROTOCOL", pair[1]);
    }
  }

  @Test
  void s26_software_isAProduct() throws Exception {
    assertThat(of(Call.get("/"), options()).get("SERVER_SOFTWARE"))
        .matches("[A-Za-z0-9.-]+(/[A-Za-z0-9.-]+)?");
    assertThat(of(Call.get("/").with("SERVER_SOFTWARE", "Jetty/12"), options()))
        .containsEntry("SERVER_SOFTWARE", "Jetty/12");
  }

  @Test
  void s27_s28_headers_arriveAsTheyWereMerged() throws Exception {
    assertThat(
            of(Call.get("/").with("HTTP_FOO_BAR", "a, b").with("HTTP_COOKIE", "a; b"), options()))
        .containsEntry("HTTP_FOO_BAR", "a, b")
        .containsEntry("HTTP_COOKIE", "a; b");
  }

  @Test
  void attackJ13_turkishLocale_changesNothing() throws Exception {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr-TR"));
    try {
      Call call = Call.get("/").with("HTTP_CONNECTION", "x-title-i").with("HTTP_X_TITLE_I", "evil");
      assertThat(of(call, options())).doesNotContainKey("HTTP_X_TITLE_I");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> options().environment("script_filename", "x"));
    } finally {
      Locale.setDefault(before);
    }
  }

  private Map<String, String> of(Call call, CgiApplication.Builder options) throws Exception {
    return environment(call, options, -1);
  }

  private Map<String, String> environment(Call call, CgiApplication.Builder options, long length)
      throws Exception {
    Environ environ = call.environ();
    return new HashMap<>(
        ProgramEnvironment.of(
            environ,
            options.options(),
            HostedFile.own(PROGRAM, processes(options), options.options().environment()),
            length,
            counters));
  }

  private Map<String, String> ofProgram(Call call, Program program) throws Exception {
    return ProgramEnvironment.of(
        call.environ(),
        options().options(),
        HostedFile.own(program, processes(options()), options().options().environment()),
        -1,
        counters);
  }

  private static ProcessOptions processes(CgiApplication.Builder options) {
    return options.processOptions(options.options().places());
  }

  private long count(String rule) {
    return counters.snapshot().getOrDefault(rule, 0L);
  }

  private void assertRefused(Call call, CgiApplication.Builder options, int status, String rule) {
    assertThatThrownBy(() -> of(call, options))
        .isInstanceOfSatisfying(
            GatewayException.class,
            e -> {
              assertThat(e.status()).isEqualTo(status);
              assertThat(e.diagnosis().rule()).isEqualTo(rule);
              assertThat(e).hasMessageEndingWith(" [" + rule + "]");
            });
  }

  private static CgiApplication.Builder options() {
    return CgiApplication.builder(PROGRAM.file());
  }

  private static String randomName(Random random) {
    String alphabet = "HTP_ABX- i\u00e9";
    return random(random, alphabet, random.nextBoolean() ? "HTTP_" : "");
  }

  private static String random(Random random, String alphabet, String start) {
    StringBuilder text = new StringBuilder(start);
    for (int i = random.nextInt(12); i >= 0; i--) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }

  /** RFC 3875 3.3: all that has another meaning in a URI, and all that a URI cannot have. */
  private static String encoded(String path) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : path.getBytes(StandardCharsets.ISO_8859_1)) {
      char c = (char) (b & 0xFF);
      boolean plain =
          c < 0x80 && (Character.isLetterOrDigit(c) || "/-._~!$&'()*+,:@".indexOf(c) >= 0);
      encoded.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
    }
    return encoded.toString();
  }
}
