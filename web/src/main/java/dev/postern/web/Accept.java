package dev.postern.web;

import dev.postern.internal.Escapes;
import dev.postern.web.internal.FieldList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Proactive negotiation (RFC 9110 12.4, 12.5). An element that is malformed is passed over. */
final class Accept {
  /**
   * One element of a list.
   *
   * @param weight in thousandths
   */
  private record Range(String value, int weight) {}

  private Accept() {}

  /** The best of the types by {@code Accept}, the first of equals; null when none is acceptable. */
  static @Nullable String type(@Nullable String header, String... offers) {
    List<Range> ranges = header == null ? List.of() : ranges(header);
    String best = null;
    int bestWeight = 0;
    for (String offer : offers) {
      MediaType type = MediaType.parse(offer);
      if (type == null) {
        throw new IllegalArgumentException("offer must be a media type: " + Escapes.quote(offer));
      }
      int weight = ranges.isEmpty() ? 1000 : typeWeight(ranges, type);
      if (weight > bestWeight) {
        best = offer;
        bestWeight = weight;
      }
    }
    return best;
  }

  /** The weight of the most specific range that matches; 0 when none does. */
  private static int typeWeight(List<Range> ranges, MediaType offer) {
    int specific = -1;
    int weight = 0;
    for (Range range : ranges) {
      MediaType type = MediaType.parse(range.value);
      int match = type == null ? -1 : match(type, offer);
      if (match > specific || match == specific && match >= 0 && range.weight > weight) {
        specific = match;
        weight = range.weight;
      }
    }
    return weight;
  }

  private static int match(MediaType range, MediaType offer) {
    if (range.type().equals("*")) {
      return range.subtype().equals("*") ? 0 : -1;
    }
    if (!range.type().equals(offer.type())) {
      return -1;
    }
    if (range.subtype().equals("*")) {
      return 1;
    }
    if (!range.subtype().equals(offer.subtype())) {
      return -1;
    }
    for (int i = 0; i < range.parameters().size(); i += 2) {
      String value = offer.parameter(range.parameters().get(i));
      if (value == null || !value.equalsIgnoreCase(range.parameters().get(i + 1))) {
        return -1;
      }
    }
    return 2 + range.parameters().size();
  }

  /**
   * The best of the content codings by {@code Accept-Encoding}, the first of equals. {@code
   * identity} is acceptable unless the header rules it out (RFC 9110 12.5.3).
   */
  static @Nullable String encoding(@Nullable String header, String... offers) {
    List<Range> ranges = header == null ? List.of() : ranges(header);
    String best = null;
    int bestWeight = 0;
    for (String offer : offers) {
      int weight = offer.equalsIgnoreCase("identity") ? 1 : 0;
      for (Range range : ranges) {
        if (range.value.equals("*")) {
          weight = range.weight;
        }
      }
      for (Range range : ranges) {
        if (isCoding(range.value, offer)) {
          weight = range.weight;
        }
      }
      if (weight > bestWeight) {
        best = offer;
        bestWeight = weight;
      }
    }
    return best;
  }

  /** Whether both name one coding; {@code x-gzip} is gzip (RFC 9110 8.4.1.3). */
  private static boolean isCoding(String value, String offer) {
    return value.equalsIgnoreCase(offer)
        || value.equalsIgnoreCase("x-gzip") && offer.equalsIgnoreCase("gzip");
  }

  /**
   * The best of the languages by {@code Accept-Language}. A range matches a tag that is equal to
   * the range, or that starts with the range and a hyphen (RFC 4647 3.3.1). If no range matches,
   * ranges lose their last subtags (3.4).
   */
  static @Nullable String language(@Nullable String header, String... offers) {
    if (header == null) {
      return offers.length == 0 ? null : offers[0];
    }
    List<Range> ranges = ranges(header);
    String best = null;
    int bestWeight = 0;
    for (String offer : offers) {
      int weight = languageWeight(ranges, offer);
      if (weight > bestWeight) {
        best = offer;
        bestWeight = weight;
      }
    }
    return best == null ? truncated(ranges, offers) : best;
  }

  private static int languageWeight(List<Range> ranges, String offer) {
    int specific = -1;
    int weight = 0;
    for (Range range : ranges) {
      boolean any = range.value.equals("*");
      int length = any ? 0 : range.value.length();
      if ((any || isPrefix(range.value, offer)) && length > specific) {
        specific = length;
        weight = range.weight;
      }
    }
    return weight;
  }

  private static boolean isPrefix(String range, String tag) {
    return tag.regionMatches(true, 0, range, 0, range.length())
        && (tag.length() == range.length() || tag.charAt(range.length()) == '-');
  }

  private static @Nullable String truncated(List<Range> ranges, String... offers) {
    String best = null;
    int bestWeight = 0;
    for (Range range : ranges) {
      String value = range.value;
      for (int dash = value.lastIndexOf('-'); dash > 0; dash = value.lastIndexOf('-')) {
        value = value.substring(0, dash);
        for (String offer : offers) {
          boolean refused = false;
          for (Range other : ranges) {
            refused |= other.weight == 0 && other.value.equalsIgnoreCase(offer);
          }
          if (!refused && offer.equalsIgnoreCase(value) && range.weight > bestWeight) {
            best = offer;
            bestWeight = range.weight;
          }
        }
      }
    }
    return best;
  }

  private static List<Range> ranges(String header) {
    List<Range> ranges = new ArrayList<>();
    for (String element : FieldList.split(header, ',')) {
      List<String> parts = FieldList.split(element, ';');
      int weight = 1000;
      StringBuilder value = new StringBuilder();
      for (int i = 0; i < parts.size(); i++) {
        String part = parts.get(i);
        if (i > 0 && part.length() > 2 && part.regionMatches(true, 0, "q=", 0, 2)) {
          weight = weight(part.substring(2));
          break;
        }
        value.append(i == 0 ? "" : ";").append(part);
      }
      if (weight >= 0 && value.length() > 0) {
        ranges.add(new Range(value.toString(), weight));
      }
    }
    return ranges;
  }

  /** {@code ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )} in thousandths, or -1. */
  private static int weight(String text) {
    if (text.length() > 5 || text.length() > 1 && text.charAt(1) != '.') {
      return -1;
    }
    char first = text.charAt(0);
    if (first != '0' && first != '1') {
      return -1;
    }
    int weight = first - '0';
    for (int i = 2; i < 5; i++) {
      int digit = i < text.length() ? text.charAt(i) - '0' : 0;
      if (digit < 0 || digit > 9) {
        return -1;
      }
      weight = weight * 10 + digit;
    }
    return weight > 1000 ? -1 : weight;
  }
}
