import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Prints which tests were skipped and why, a line for each class and reason, from Surefire's
 * reports. Maven runs this file as it stands, after the tests of each module: {@code java
 * Skipped.java DIRECTORY}. Without reports, or without skipped tests, it prints nothing.
 */
final class Skipped {
  /** The message of a case of a contract that a gateway's server or client cannot pass. */
  private static final Pattern LACK = Pattern.compile("\\S+ needs ([A-Z_]+: .*)");

  /** How many tests of each class, and the name of the last one, by class and reason. */
  private final Map<String, Map<String, Tests>> found = new TreeMap<>();

  private record Tests(int count, String name) {}

  public static void main(String[] args) throws IOException {
    Path reports = Path.of(args[0]);
    if (!Files.isDirectory(reports)) {
      return;
    }
    Skipped skipped = new Skipped();
    try (Stream<Path> files = Files.list(reports)) {
      for (Path file : files.sorted().toList()) {
        if (file.getFileName().toString().matches("TEST-.*\\.xml")) {
          skipped.read(file);
        }
      }
    }
    skipped.print();
  }

  private void read(Path file) throws IOException {
    XMLInputFactory factory = XMLInputFactory.newInstance();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    try (InputStream in = Files.newInputStream(file)) {
      XMLStreamReader xml = factory.createXMLStreamReader(in);
      String type = "";
      String name = "";
      while (xml.hasNext()) {
        if (xml.next() != XMLStreamReader.START_ELEMENT) {
          continue;
        }
        if (xml.getLocalName().equals("testcase")) {
          type = xml.getAttributeValue(null, "classname");
          name = xml.getAttributeValue(null, "name");
        } else if (xml.getLocalName().equals("skipped")) {
          String message = xml.getAttributeValue(null, "message");
          add(type, name, message == null ? firstLine(xml.getElementText()) : message);
        }
      }
    } catch (XMLStreamException e) {
      throw new IOException("report must be XML: " + file, e);
    }
  }

  /** Of a stack trace, without the exception's class. */
  private static String firstLine(String trace) {
    String line = trace.strip().lines().findFirst().orElse("no reason was given");
    return line.replaceFirst("^[\\w.$]+(Exception|Error): ", "");
  }

  private void add(String type, String name, String reason) {
    Matcher lack = LACK.matcher(reason);
    String why = lack.matches() ? "it lacks " + lack.group(1) : reason;
    found
        .computeIfAbsent(type, any -> new TreeMap<>())
        .merge(why, new Tests(1, name), (old, one) -> new Tests(old.count + 1, one.name));
  }

  private void print() {
    StringBuilder text = new StringBuilder();
    found.forEach(
        (type, reasons) ->
            reasons.forEach(
                (why, tests) -> {
                  String simple = type.substring(type.lastIndexOf('.') + 1);
                  String what =
                      tests.count == 1 && !why.startsWith("it lacks ")
                          ? simple + "." + tests.name
                          : tests.count + (tests.count == 1 ? " test" : " tests") + " of " + simple;
                  text.append(printable("skipped: " + what + ", because " + why)).append('\n');
                }));
    System.out.print(text);
  }

  private static String printable(String line) {
    return line.replaceAll("\\p{Cntrl}", "?");
  }
}
