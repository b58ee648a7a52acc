package dev.postern.cgi.javaprograms;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DateFormat;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.text.MessageFormat;
import java.text.NumberFormat;
import java.text.SimpleDateFormat;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Calendar;
import java.util.Date;
import java.util.Formatter;
import java.util.GregorianCalendar;
import java.util.Locale;
import java.util.Scanner;
import java.util.TimeZone;
import java.util.function.Function;

/** Says numbers, text and times by the defaults of a locale and a zone that it sets first. */
public final class Formats {
  private Formats() {}

  private static final class Own extends SimpleDateFormat {
    private static final long serialVersionUID = 1;

    Own() {
      super("HH EEEE");
    }
  }

  static void print(String language, String zone) throws Exception {
    Locale.setDefault(Locale.forLanguageTag(language));
    TimeZone.setDefault(TimeZone.getTimeZone(zone));
    Date date = new Date(0);
    System.out.println(String.format("%,.2f", 1234.5) + " " + "%,d".formatted(12345));
    System.out.printf("%.1f%n", 2.5);
    System.out.println("TITLE".toLowerCase() + " " + "title".toUpperCase());
    Function<String, String> upper = String::toUpperCase;
    System.out.println(upper.apply("i"));
    System.out.println(String.class.getMethod("toLowerCase").invoke("TITLE"));
    DateFormat format =
        (DateFormat) DateFormat.class.getMethod("getTimeInstance", int.class).invoke(null, 1);
    System.out.println(format.getTimeZone().getID());
    System.out.println(NumberFormat.getInstance().format(1234.5));
    System.out.println(NumberFormat.getPercentInstance().format(0.25));
    System.out.println(NumberFormat.getCurrencyInstance().getCurrency());
    System.out.println(new DecimalFormat("#,##0.0").format(9876.5));
    System.out.println(DecimalFormatSymbols.getInstance().getDecimalSeparator());
    System.out.println(new MessageFormat("{0,number}").format(new Object[] {1234.5}));
    System.out.println(new Formatter().format("%.1f", 0.5));
    System.out.println(new SimpleDateFormat("HH EEEE").format(date));
    System.out.println(new SimpleDateFormat("HH EEEE", Locale.ROOT).format(date));
    System.out.println(new Own().format(date));
    System.out.println(
        DateFormat.getDateTimeInstance(DateFormat.LONG, DateFormat.SHORT).format(date));
    System.out.println(DateFormat.getDateInstance().format(date));
    System.out.println(DateFormat.getTimeInstance(DateFormat.SHORT, Locale.ROOT).format(date));
    System.out.println(
        DateTimeFormatter.ofPattern("EEEE").format(LocalDateTime.of(2020, 1, 1, 0, 0)));
    System.out.println(Calendar.getInstance().getTimeZone().getID());
    System.out.println(new GregorianCalendar().getFirstDayOfWeek());
    System.out.println(ZonedDateTime.now().getZone());
    System.out.println(OffsetDateTime.now().getOffset().equals(ZonedDateTime.now().getOffset()));
    // By the name of a class that inherits the method.
    System.out.println(GregorianCalendar.getInstance().getTimeZone().getID());
    System.out.println(DecimalFormat.getInstance().format(1234.5));
    System.out.println(DecimalFormat.getCurrencyInstance().getCurrency());
    System.out.println(SimpleDateFormat.getDateInstance().format(date));
    System.out.println(Own.getTimeInstance().format(date));
    Locale.setDefault(Locale.Category.FORMAT, Locale.FRANCE);
    System.out.println(Locale.getDefault() + " " + Locale.getDefault(Locale.Category.DISPLAY));
    System.out.println(Locale.getDefault(Locale.Category.FORMAT) + " " + "TITLE".toLowerCase());
    System.out.println(NumberFormat.getInstance().format(0.5) + String.format(" %.1f", 0.5));
    Locale.setDefault(Locale.CHINA);
    System.out.println(Locale.getDefault(Locale.Category.FORMAT));
  }

  public static final class InTurkish {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain; charset=utf-8\n\n");
      print("tr-TR", "Asia/Tokyo");
    }
  }

  public static final class InGerman {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain; charset=utf-8\n\n");
      print("de-DE", "America/New_York");
    }
  }

  /** What was there before it set anything. */
  public static final class Untouched {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain; charset=utf-8\n\n");
      System.out.println(Locale.getDefault().getLanguage());
      System.out.println("TITLE".toLowerCase());
      System.out.println(String.format("%.1f", 1.5));
    }
  }

  /** Waits in between, so that many at once would see what others have set. */
  public static final class Mine {
    public static void main(String[] args) throws Exception {
      String tag = System.getenv("QUERY_STRING");
      Locale.setDefault(Locale.forLanguageTag(tag));
      TimeZone.setDefault(TimeZone.getTimeZone(tag.startsWith("tr") ? "Asia/Tokyo" : "UTC"));
      Thread.sleep(2);
      System.out.print("Content-Type: text/plain; charset=utf-8\n\n");
      System.out.print(
          Locale.getDefault().toLanguageTag()
              + " "
              + "I".toLowerCase()
              + " "
              + new SimpleDateFormat("HH").format(new Date(0)));
    }
  }

  /** Ends with an exception if a text is not the same after it was written and read. */
  public static final class Encoded {
    private static final String TEXT = "gr\u00fcn \u2713";

    private static void check(String read) {
      if (!read.equals(TEXT)) {
        throw new IllegalStateException("wrong: " + read);
      }
    }

    public static void main(String[] args) throws Exception {
      byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
      check(new String(bytes));
      check(new String(TEXT.getBytes(), StandardCharsets.UTF_8));
      check((String) String.class.getMethod("valueOf", Object.class).invoke(null, TEXT));
      check(new String((byte[]) String.class.getMethod("getBytes").invoke(TEXT), "UTF-8"));
      Path file = Path.of("encoded");
      try (Writer out = new FileWriter("encoded")) {
        out.write("gr\u00fcn");
      }
      try (Writer out = new FileWriter("encoded", true)) {
        out.write(" \u2713");
      }
      check(Files.readString(file));
      try (BufferedReader in = new BufferedReader(new FileReader("encoded"))) {
        check(in.readLine());
      }
      try (Scanner in = new Scanner(Files.newInputStream(file))) {
        check(in.nextLine());
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      new PrintStream(out).print(TEXT);
      check(out.toString());
      check(new BufferedReader(new InputStreamReader(new ByteArrayInputStream(bytes))).readLine());
      try (PrintWriter written = new PrintWriter(new File("encoded"))) {
        written.print(TEXT);
      }
      check(Files.readString(file));
      Files.delete(file);
      System.out.print("Content-Type: text/plain\n\n");
      System.out.println(Charset.defaultCharset() + " " + System.getProperty("file.encoding"));
    }
  }
}
