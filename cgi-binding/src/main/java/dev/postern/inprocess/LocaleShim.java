package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import dev.postern.rewrite.Redirect;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.text.DateFormat;
import java.text.DecimalFormatSymbols;
import java.text.NumberFormat;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Calendar;
import java.util.Locale;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;

/** A program's default locale and time zone, and the methods of the JDK that use them silently. */
public final class LocaleShim {
  private LocaleShim() {}

  @Redirect("java/util/Locale.getDefault")
  public static Locale locale(Instance instance) {
    return instance.live().locale;
  }

  @Redirect("java/util/Locale.getDefault")
  public static Locale locale(Locale.Category category, Instance instance) {
    return instance.live().locale;
  }

  @Redirect("java/util/Locale.setDefault")
  public static void setLocale(Locale locale, Instance instance) {
    instance.live().locale = requireNonNull(locale);
  }

  @Redirect("java/util/Locale.setDefault")
  public static void setLocale(Locale.Category category, Locale locale, Instance instance) {
    instance.live().locale = requireNonNull(locale);
  }

  @Redirect("java/util/TimeZone.getDefault")
  public static TimeZone zone(Instance instance) {
    TimeZone zone = instance.live().zone;
    return zone == null ? TimeZone.getDefault() : (TimeZone) zone.clone();
  }

  @Redirect("java/util/TimeZone.setDefault")
  public static void setZone(@Nullable TimeZone zone, Instance instance) {
    instance.live().zone = zone == null ? null : (TimeZone) zone.clone();
  }

  @Redirect("java/time/ZoneId.systemDefault")
  public static ZoneId zoneId(Instance instance) {
    return zone(instance).toZoneId();
  }

  public static DecimalFormatSymbols symbols(Instance instance) {
    return DecimalFormatSymbols.getInstance(locale(instance));
  }

  // ---- text ----

  @Redirect("java/lang/String.format")
  public static String format(String format, Object[] arguments, Instance instance) {
    return String.format(locale(instance), format, arguments);
  }

  @Redirect(value = "java/lang/String.formatted", kind = VIRTUAL)
  public static String formatted(String format, Object[] arguments, Instance instance) {
    return String.format(locale(instance), format, arguments);
  }

  @Redirect(value = "java/lang/String.toUpperCase", kind = VIRTUAL)
  public static String toUpperCase(String text, Instance instance) {
    return text.toUpperCase(locale(instance));
  }

  @Redirect(value = "java/lang/String.toLowerCase", kind = VIRTUAL)
  public static String toLowerCase(String text, Instance instance) {
    return text.toLowerCase(locale(instance));
  }

  @Redirect(
      value = {"java/io/PrintStream.printf", "java/io/PrintStream.format"},
      kind = VIRTUAL)
  public static PrintStream printf(
      PrintStream out, String format, Object[] arguments, Instance instance) {
    return out.printf(locale(instance), format, arguments);
  }

  @Redirect(
      value = {"java/io/PrintWriter.printf", "java/io/PrintWriter.format"},
      kind = VIRTUAL)
  public static PrintWriter printf(
      PrintWriter out, String format, Object[] arguments, Instance instance) {
    return out.printf(locale(instance), format, arguments);
  }

  @Redirect("java/text/NumberFormat.getInstance")
  public static NumberFormat number(Instance instance) {
    return NumberFormat.getInstance(locale(instance));
  }

  @Redirect("java/text/NumberFormat.getNumberInstance")
  public static NumberFormat plainNumber(Instance instance) {
    return NumberFormat.getNumberInstance(locale(instance));
  }

  @Redirect("java/text/NumberFormat.getIntegerInstance")
  public static NumberFormat integer(Instance instance) {
    return NumberFormat.getIntegerInstance(locale(instance));
  }

  @Redirect("java/text/NumberFormat.getPercentInstance")
  public static NumberFormat percent(Instance instance) {
    return NumberFormat.getPercentInstance(locale(instance));
  }

  @Redirect("java/text/NumberFormat.getCurrencyInstance")
  public static NumberFormat currency(Instance instance) {
    return NumberFormat.getCurrencyInstance(locale(instance));
  }

  @Redirect("java/text/DecimalFormatSymbols.getInstance")
  public static DecimalFormatSymbols decimalSymbols(Instance instance) {
    return symbols(instance);
  }

  // ---- time ----

  @Redirect("java/text/DateFormat.getDateInstance")
  public static DateFormat date(int style, Instance instance) {
    return zoned(DateFormat.getDateInstance(style, locale(instance)), instance);
  }

  @Redirect("java/text/DateFormat.getTimeInstance")
  public static DateFormat time(int style, Instance instance) {
    return zoned(DateFormat.getTimeInstance(style, locale(instance)), instance);
  }

  @Redirect("java/text/DateFormat.getDateTimeInstance")
  public static DateFormat dateTime(int date, int time, Instance instance) {
    return zoned(DateFormat.getDateTimeInstance(date, time, locale(instance)), instance);
  }

  private static DateFormat zoned(DateFormat format, Instance instance) {
    format.setTimeZone(zone(instance));
    return format;
  }

  @Redirect("java/time/format/DateTimeFormatter.ofPattern")
  public static DateTimeFormatter ofPattern(String pattern, Instance instance) {
    return DateTimeFormatter.ofPattern(pattern, locale(instance));
  }

  @Redirect("java/util/Calendar.getInstance")
  public static Calendar calendar(Instance instance) {
    return Calendar.getInstance(zone(instance), locale(instance));
  }

  @Redirect("java/time/LocalDate.now")
  public static LocalDate localDate(Instance instance) {
    return LocalDate.now(zoneId(instance));
  }

  @Redirect("java/time/LocalTime.now")
  public static LocalTime localTime(Instance instance) {
    return LocalTime.now(zoneId(instance));
  }

  @Redirect("java/time/LocalDateTime.now")
  public static LocalDateTime localDateTime(Instance instance) {
    return LocalDateTime.now(zoneId(instance));
  }

  @Redirect("java/time/ZonedDateTime.now")
  public static ZonedDateTime zonedDateTime(Instance instance) {
    return ZonedDateTime.now(zoneId(instance));
  }

  @Redirect("java/time/OffsetDateTime.now")
  public static OffsetDateTime offsetDateTime(Instance instance) {
    return OffsetDateTime.now(zoneId(instance));
  }
}
