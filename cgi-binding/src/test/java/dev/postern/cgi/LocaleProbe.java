package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.process.ProgramText;
import dev.postern.process.StartPath;
import dev.postern.system.FileNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Runs in a JVM of its own, with a locale of its own: prints what becomes of values and names that
 * are not ASCII. The arguments are a program that prints its environment as it is, and a directory.
 */
final class LocaleProbe {
  private LocaleProbe() {}

  public static void main(String[] args) throws Exception {
    Application program = CgiApplication.of(Path.of(args[0]));
    System.out.println(
        "charset "
            + ProgramText.charset()
            + " "
            + FileNames.CHARSET
            + " "
            + StartPath.inForce().name());
    for (String value : List.of("/x", "/caf\u00c3\u00a9", "/\u00e9", "/\u00ff\u0080", "/?")) {
      Call call = Call.get(value).with("HTTP_X_TITLE", value).to(program);
      String got = "";
      for (String variable : call.body().split("\0", -1)) {
        if (variable.startsWith("PATH_INFO=") || variable.startsWith("HTTP_X_TITLE=")) {
          got += " " + hex(variable.substring(variable.indexOf('=') + 1));
        }
      }
      System.out.println("value " + hex(value) + " " + call.status + got);
    }
    Application directory = CgiDirectory.of(Path.of(args[1]));
    for (String name :
        List.of(
            "/x",
            "/\u00c3\u00a9",
            "/\u00e9",
            "/link",
            "/X",
            "/d\u00c3\u00a9/x",
            "/d\u00e9 $x%/x")) {
      Call call = Call.get(name).to(directory);
      System.out.println("name " + hex(name) + " " + call.status + " " + hex(call.body()));
    }
    System.out.println(
        "locale " + "title".toUpperCase().equals("TITLE") + " " + Locale.getDefault());
  }

  private static String hex(String bytes) {
    StringBuilder hex = new StringBuilder();
    for (byte b : bytes.getBytes(StandardCharsets.ISO_8859_1)) {
      hex.append(String.format("%02x", b));
    }
    return hex.toString();
  }
}
