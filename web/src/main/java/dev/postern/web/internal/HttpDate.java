package dev.postern.web.internal;

import dev.postern.internal.Text;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/** Dates of header fields (RFC 9110 5.6.7), in GMT whatever the locale. */
public final class HttpDate {
  private static final String MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
  private static final String DAYS = "MonTueWedThuFriSatSun";

  private HttpDate() {}

  /** {@code IMF-fixdate}, such as {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
  public static String text(Instant instant) {
    LocalDateTime time = LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
    int day = 3 * (time.getDayOfWeek().getValue() - DayOfWeek.MONDAY.getValue());
    int month = 3 * (time.getMonthValue() - 1);
    StringBuilder text = new StringBuilder(29);
    text.append(DAYS, day, day + 3).append(", ");
    two(text, time.getDayOfMonth()).append(' ').append(MONTHS, month, month + 3).append(' ');
    two(text, time.getYear() / 100);
    two(text, time.getYear() % 100).append(' ');
    two(text, time.getHour()).append(':');
    two(text, time.getMinute()).append(':');
    return two(text, time.getSecond()).append(" GMT").toString();
  }

  private static StringBuilder two(StringBuilder text, int number) {
    return text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
  }

  /**
   * The time that one of the three forms of RFC 9110 5.6.7 says, or null for anything else. A year
   * of two digits that seems to be more than 50 years ahead is taken for one of the past.
   */
  public static @Nullable Instant parse(String text) {
    String date = Text.trimmed(text);
    int comma = date.indexOf(',');
    try {
      if (comma < 0) {
        return asctime(date);
      }
      return date.indexOf('-') > 0 ? rfc850(date, comma) : imfFixdate(date, comma);
    } catch (DateTimeException | IndexOutOfBoundsException e) {
      return null;
    }
  }

  /** {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
  private static @Nullable Instant imfFixdate(String date, int comma) {
    if (comma != 3 || date.length() != 29 || !date.endsWith(" GMT")) {
      return null;
    }
    return of(digits(date, 12, 16), month(date, 8), digits(date, 5, 7), date.substring(17, 25));
  }

  /** {@code Sunday, 06-Nov-94 08:49:37 GMT}. */
  private static @Nullable Instant rfc850(String date, int comma) {
    String rest = date.substring(comma + 1).strip();
    if (rest.length() != 22 || !rest.endsWith(" GMT")) {
      return null;
    }
    int thisYear = LocalDateTime.now(ZoneOffset.UTC).getYear();
    int year = digits(rest, 7, 9);
    if (year >= 0) {
      year += thisYear - thisYear % 100;
      year = year > thisYear + 50 ? year - 100 : year;
    }
    return of(year, month(rest, 3), digits(rest, 0, 2), rest.substring(10, 18));
  }

  /** {@code Sun Nov 6 08:49:37 1994}. */
  private static @Nullable Instant asctime(String date) {
    if (date.length() != 24) {
      return null;
    }
    int day = date.charAt(8) == ' ' ? digits(date, 9, 10) : digits(date, 8, 10);
    return of(digits(date, 20, 24), month(date, 4), day, date.substring(11, 19));
  }

  private static @Nullable Instant of(int year, int month, int day, String time) {
    int hour = digits(time, 0, 2);
    int minute = digits(time, 3, 5);
    int second = digits(time, 6, 8);
    if (year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) {
      return null;
    }
    if (time.charAt(2) != ':' || time.charAt(5) != ':') {
      return null;
    }
    // LocalDateTime knows no leap second, so second 60 becomes second 59.
    return LocalDateTime.of(year, month, day, hour, minute, Math.min(second, 59))
        .toInstant(ZoneOffset.UTC);
  }

  private static int month(String date, int at) {
    int index = MONTHS.indexOf(date.substring(at, at + 3));
    return index >= 0 && index % 3 == 0 ? index / 3 + 1 : -1;
  }

  private static int digits(String text, int from, int to) {
    long number = Ascii.number(text.substring(from, to));
    return (int) number;
  }
}
