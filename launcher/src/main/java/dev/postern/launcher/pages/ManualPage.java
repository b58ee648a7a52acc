package dev.postern.launcher.pages;

import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Writes the manual page of a command, or of one of its words, in the macros of man(7). Used once.
 */
final class ManualPage {
  private final StringBuilder page = new StringBuilder(4096);

  private ManualPage() {}

  static String of(CommandLine command, String version) {
    ManualPage manual = new ManualPage();
    manual.write(command.getCommandSpec(), version);
    return manual.page.toString();
  }

  private void write(CommandSpec command, String version) {
    String name = command.qualifiedName("-");
    String[] description = command.usageMessage().description();
    page.append(".TH \"").append(name.toUpperCase(java.util.Locale.ROOT));
    page.append("\" \"1\" \"\" \"Postern ").append(escaped(version)).append("\" \"\"\n");
    section("NAME");
    String about = description.length == 0 ? "" : description[0];
    page.append(escaped(name)).append(" \\- ").append(escaped(withoutDot(about))).append('\n');
    section("SYNOPSIS");
    synopsis(command);
    section("DESCRIPTION");
    for (String line : description) {
      text(line);
    }
    options(command);
    words(command);
    exitCodes(command);
    seeAlso(command);
  }

  private void synopsis(CommandSpec command) {
    page.append(".B ").append(escaped(command.qualifiedName())).append('\n');
    for (OptionSpec option : command.options()) {
      if (!option.hidden() && !option.required()) {
        page.append("[").append(form(option)).append("]\n");
      }
    }
    for (OptionSpec option : command.options()) {
      if (!option.hidden() && option.required()) {
        page.append(form(option)).append('\n');
      }
    }
    for (PositionalParamSpec argument : command.positionalParameters()) {
      String label = "\\fI" + escaped(argument.paramLabel()) + "\\fR";
      page.append(argument.arity().min() == 0 ? "[" + label + "]" : label).append('\n');
    }
    if (!command.subcommands().isEmpty()) {
      page.append("\\fIWORD\\fR ...\n");
    }
  }

  private static String form(OptionSpec option) {
    String name = "\\fB" + escaped(option.longestName()) + "\\fR";
    String value =
        option.typeInfo().isBoolean() ? "" : " \\fI" + escaped(option.paramLabel()) + "\\fR";
    return name + value;
  }

  private void options(CommandSpec command) {
    List<OptionSpec> shown = command.options().stream().filter(one -> !one.hidden()).toList();
    if (!shown.isEmpty() || !command.positionalParameters().isEmpty()) {
      section("OPTIONS");
    }
    for (OptionSpec option : shown) {
      page.append(".TP\n");
      String separator = "";
      for (String name : option.names()) {
        page.append(separator).append("\\fB").append(escaped(name)).append("\\fR");
        separator = ", ";
      }
      if (!option.typeInfo().isBoolean()) {
        page.append(" \\fI").append(escaped(option.paramLabel())).append("\\fR");
      }
      page.append('\n');
      for (String line : option.description()) {
        text(line);
      }
    }
    for (PositionalParamSpec argument : command.positionalParameters()) {
      page.append(".TP\n\\fI").append(escaped(argument.paramLabel())).append("\\fR\n");
      for (String line : argument.description()) {
        text(line);
      }
    }
  }

  private void words(CommandSpec command) {
    if (command.subcommands().isEmpty()) {
      return;
    }
    section("WORDS");
    for (Map.Entry<String, CommandLine> word : command.subcommands().entrySet()) {
      page.append(".TP\n\\fB").append(escaped(word.getKey())).append("\\fR\n");
      for (String line : word.getValue().getCommandSpec().usageMessage().description()) {
        text(line);
      }
    }
  }

  private void exitCodes(CommandSpec command) {
    section("EXIT STATUS");
    command
        .root()
        .usageMessage()
        .exitCodeList()
        .forEach(
            (code, meaning) -> {
              page.append(".TP\n.B ").append(escaped(code)).append('\n');
              text(meaning);
            });
  }

  private void seeAlso(CommandSpec command) {
    section("SEE ALSO");
    CommandSpec root = command.root();
    page.append(root.equals(command) ? "" : "\\fBpostern\\fR(1)");
    String separator = root.equals(command) ? "" : ",\n";
    for (String word : root.subcommands().keySet()) {
      if (!word.equals(command.name())) {
        page.append(separator).append("\\fBpostern\\-").append(escaped(word)).append("\\fR(1)");
        separator = ",\n";
      }
    }
    page.append('\n');
  }

  private void section(String name) {
    page.append(".SH \"").append(name).append("\"\n");
  }

  /** Writes a line of text. Its start is escaped if the formatter would take it for a request. */
  private void text(String line) {
    String escaped = escaped(line);
    page.append(escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" : "");
    page.append(escaped).append('\n');
  }

  private static String withoutDot(String line) {
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }

  /** Escapes a text, so that dashes are those that a shell reads, and quotes are straight. */
  static String escaped(String text) {
    return text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("^", "\\(ha")
        .replace("~", "\\(ti")
        .replace("%%", "%");
  }
}
