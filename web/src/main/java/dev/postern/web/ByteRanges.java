package dev.postern.web;

import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.FieldList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code Range} fields (RFC 9110 14). */
final class ByteRanges {
  /**
   * A client that resumes a download asks for one range, a viewer of documents for some. A request
   * for more ranges is an attack.
   */
  private static final int MOST = 32;

  private ByteRanges() {}

  /**
   * The ranges of bytes that a field asks for. Null if the standard lets a server ignore the field:
   * for another unit, a malformed field, more than 32 ranges, ranges that together are longer than
   * the whole, and every range of an empty representation.
   *
   * @param length of the representation
   * @throws HttpException with status 416 when no range has a byte of it
   */
  static @Nullable List<ByteRange> parse(String field, long length) {
    String value = Text.trimmed(field);
    if (length == 0 || !value.regionMatches(true, 0, "bytes=", 0, 6)) {
      return null;
    }
    List<ByteRange> ranges = new ArrayList<>(2);
    long left = length;
    boolean excess = false;
    int asked = 0;
    for (String element : FieldList.split(value.substring(6), ',')) {
      asked++;
      int dash = element.indexOf('-');
      if (dash < 0 || asked > MOST) {
        return null;
      }
      String firstText = Text.trimmed(element, 0, dash);
      String lastText = Text.trimmed(element, dash + 1, element.length());
      long first = Ascii.number(firstText);
      long last = Ascii.number(lastText);
      if (first < 0 && !firstText.isEmpty() || last < 0 && !lastText.isEmpty()) {
        return null;
      }
      if (first < 0 && last < 0 || first >= 0 && last >= 0 && last < first) {
        return null;
      }
      if (first < 0) {
        first = Math.max(0, length - last);
        last = last == 0 ? -1 : length - 1;
      } else {
        last = last < 0 ? length - 1 : Math.min(last, length - 1);
      }
      if (first < length && last >= first) {
        ranges.add(new ByteRange(first, last));
        excess |= last - first + 1 > left;
        left -= Math.min(left, last - first + 1);
      }
    }
    if (asked == 0) {
      return null;
    }
    if (ranges.isEmpty()) {
      throw new HttpException(
          416,
          "range must have a byte of the representation",
          Headers.of("Content-Range", "bytes */" + length));
    }
    return ranges.size() > 1 && excess ? null : List.copyOf(ranges);
  }
}
