package dev.postern.cgi.javaprograms;

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
}
