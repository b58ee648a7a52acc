package dev.postern.inprocess;

import static dev.postern.inprocess.ReflectionShim.isOverridden;
import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import dev.postern.rewrite.Redirect;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.text.DateFormat;
import java.text.DecimalFormatSymbols;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;

/**
 * A program's default locale, time zone and charset, and the methods of the JDK that use them
 * silently.
 */
public final class LocaleShim {
  private static final List<String> VARIABLES = List.of("LC_ALL", "LC_MESSAGES", "LANG");

  private LocaleShim() {}

  /**
   * The locale that a JVM would take from its environment: {@code
   * language[_COUNTRY][.charset][@modifier]}.
   */
  static Locale of(Map<String, String> environment) {
    for (String name : VARIABLES) {
      String value = environment.get(name);
      if (value != null && !value.isEmpty()) {
        String plain = value.split("[.@]", 2)[0].replace('_', '-');
        boolean portable = plain.equals("C") || plain.equals("POSIX");
        return portable ? Locale.ENGLISH : Locale.forLanguageTag(plain);
      }
    }
    return Locale.ENGLISH;
  }

  @Redirect("java/util/Locale.getDefault")
  public static Locale locale(Instance instance) {
    instance.kept.reads("java.util.Locale.setDefault");
    return instance.live().locale;
  }

  @Redirect("java/util/Locale.getDefault")
  public static Locale locale(Locale.Category category, Instance instance) {
    instance.kept.reads("java.util.Locale.setDefault");
    Run run = instance.live();
    return run.locales.getOrDefault(category, run.locale);
  }

  /** The locale of numbers, times and formatted text. */
  public static Locale format(Instance instance) {
    return locale(Locale.Category.FORMAT, instance);
  }

  @Redirect("java/util/Locale.setDefault")
  public static void setLocale(Locale locale, Instance instance) {
    Run run = instance.live();
    run.locale = requireNonNull(locale);
    run.locales.clear();
  }

  @Redirect("java/util/Locale.setDefault")
  public static void setLocale(Locale.Category category, Locale locale, Instance instance) {
    instance.live().locales.put(category, locale);
  }

  @Redirect("java/util/TimeZone.getDefault")
  public static TimeZone zone(Instance instance) {
    instance.kept.reads("java.util.TimeZone.setDefault");
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

  /** That of the program's standard output, whatever the server's default is. */
  @Redirect("java/nio/charset/Charset.defaultCharset")
  public static Charset charset(Instance instance) {
    return instance.live().charset;
  }

  public static DecimalFormatSymbols symbols(Instance instance) {
    return DecimalFormatSymbols.getInstance(format(instance));
  }

  // ---- text ----

  @Redirect("java/lang/String.format")
  public static String format(String format, Object[] arguments, Instance instance) {
    return String.format(format(instance), format, arguments);
  }

  @Redirect(value = "java/lang/String.formatted", kind = VIRTUAL)
  public static String formatted(String format, Object[] arguments, Instance instance) {
    return String.format(format(instance), format, arguments);
  }

  /** Calls the program's own method if there is one. So do the other methods here. */
  @Redirect(value = "java/io/PrintStream.printf", kind = VIRTUAL)
  public static PrintStream printf(
      PrintStream out, String format, Object[] arguments, Instance instance) {
    instance.live();
    return isOverridden(out, "printf", String.class, Object[].class)
        ? out.printf(format, arguments)
        : format(out, format, arguments, instance);
  }

  @Redirect(
      value = {"java/io/PrintStream.format", "super java/io/PrintStream.printf"},
      kind = VIRTUAL)
  public static PrintStream format(
      PrintStream out, String format, Object[] arguments, Instance instance) {
    instance.live();
    return isOverridden(out, "format", String.class, Object[].class)
        ? out.format(format, arguments)
        : formatInherited(out, format, arguments, instance);
  }

  @Redirect(value = "super java/io/PrintStream.format", kind = VIRTUAL)
  public static PrintStream formatInherited(
      PrintStream out, String format, Object[] arguments, Instance instance) {
    return out.format(format(instance), format, arguments);
  }

  @Redirect(value = "java/io/PrintWriter.printf", kind = VIRTUAL)
  public static PrintWriter printf(
      PrintWriter out, String format, Object[] arguments, Instance instance) {
    instance.live();
    return isOverridden(out, "printf", String.class, Object[].class)
        ? out.printf(format, arguments)
        : format(out, format, arguments, instance);
  }

  @Redirect(
      value = {"java/io/PrintWriter.format", "super java/io/PrintWriter.printf"},
      kind = VIRTUAL)
  public static PrintWriter format(
      PrintWriter out, String format, Object[] arguments, Instance instance) {
    instance.live();
    return isOverridden(out, "format", String.class, Object[].class)
        ? out.format(format, arguments)
        : formatInherited(out, format, arguments, instance);
  }

  @Redirect(value = "super java/io/PrintWriter.format", kind = VIRTUAL)
  public static PrintWriter formatInherited(
      PrintWriter out, String format, Object[] arguments, Instance instance) {
    return out.format(format(instance), format, arguments);
  }

  @SuppressWarnings("DefaultCharset")
  @Redirect(value = "java/io/ByteArrayOutputStream.toString", kind = VIRTUAL)
  public static String toString(ByteArrayOutputStream bytes, Instance instance) {
    instance.live();
    return isOverridden(bytes, "toString") ? bytes.toString() : inherited(bytes, instance);
  }

  @Redirect(value = "super java/io/ByteArrayOutputStream.toString", kind = VIRTUAL)
  public static String inherited(ByteArrayOutputStream bytes, Instance instance) {
    return bytes.toString(charset(instance));
  }

  /** Called after a DateFormat was made, because it has taken the JVM's time zone. */
  public static DateFormat zoned(DateFormat format, Instance instance) {
    format.setTimeZone(zone(instance));
    return format;
  }
}
