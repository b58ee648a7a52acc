package dev.postern.web;

import dev.postern.HttpException;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.FieldList;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A media type with its parameters (RFC 9110 8.3.1): {@code text/html; charset=utf-8}.
 *
 * <p>Immutable, thread-safe.
 */
public final class MediaType {
  private final String type;
  private final String subtype;
  private final List<String> parameters;

  private MediaType(String type, String subtype, List<String> parameters) {
    this.type = type;
    this.subtype = subtype;
    this.parameters = parameters;
  }

  /**
   * The media type that the text names; null when it names none, or when a parameter has no value.
   */
  public static @Nullable MediaType parse(String text) {
    List<String> elements = FieldList.split(text, ';');
    if (elements.isEmpty()) {
      return null;
    }
    String name = elements.get(0);
    int slash = name.indexOf('/');
    if (slash < 0
        || !Text.isToken(name.substring(0, slash))
        || !Text.isToken(name.substring(slash + 1))) {
      return null;
    }
    List<String> parameters = new ArrayList<>();
    for (String element : elements.subList(1, elements.size())) {
      int equals = element.indexOf('=');
      if (equals < 0) {
        return null;
      }
      String key = Text.lower(element.substring(0, equals));
      String value = element.substring(equals + 1);
      if (!Text.isToken(key) || !Text.isToken(value) && !FieldList.isQuoted(value)) {
        return null;
      }
      parameters.add(key);
      parameters.add(FieldList.unquoted(value));
    }
    return new MediaType(
        Text.lower(name.substring(0, slash)),
        Text.lower(name.substring(slash + 1)),
        List.copyOf(parameters));
  }

  /** {@code text} of {@code text/html}, in lower case. */
  public String type() {
    return type;
  }

  /** {@code html} of {@code text/html}, in lower case. */
  public String subtype() {
    return subtype;
  }

  /** {@code text/html}, in lower case and without parameters. */
  public String essence() {
    return type + "/" + subtype;
  }

  /** Whether this is {@code type/subtype}, whatever its parameters. */
  public boolean is(String essence) {
    return essence().equalsIgnoreCase(essence);
  }

  /** The first parameter of that name, or null. Case in names does not count. */
  public @Nullable String parameter(String name) {
    for (int i = 0; i < parameters.size(); i += 2) {
      if (parameters.get(i).equalsIgnoreCase(name)) {
        return parameters.get(i + 1);
      }
    }
    return null;
  }

  /**
   * The charset that the type names, or {@code otherwise} when it names none.
   *
   * @throws HttpException with status 415 when this JVM knows no such charset
   */
  public Charset charset(Charset otherwise) {
    String name = parameter("charset");
    if (name == null) {
      return otherwise;
    }
    try {
      return Charset.forName(name);
    } catch (IllegalArgumentException e) {
      throw new HttpException(415, "charset of a body must be known: " + Escapes.quote(name));
    }
  }

  List<String> parameters() {
    return parameters;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof MediaType that
        && type.equals(that.type)
        && subtype.equals(that.subtype)
        && parameters.equals(that.parameters);
  }

  @Override
  public int hashCode() {
    return essence().hashCode() + 31 * parameters.hashCode();
  }

  /** The text as it stands in a header. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(essence());
    for (int i = 0; i < parameters.size(); i += 2) {
      String value = parameters.get(i + 1);
      text.append("; ").append(parameters.get(i)).append('=');
      text.append(Text.isToken(value) ? value : FieldList.quoted(value));
    }
    return text.toString();
  }
}
