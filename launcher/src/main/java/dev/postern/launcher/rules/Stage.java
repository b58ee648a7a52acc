package dev.postern.launcher.rules;

/** What must go well for a response, in this order. */
public enum Stage {
  REQUEST("the request can be passed on"),
  PROGRAM("the program may run"),
  START("it was started"),
  HEADER("it wrote a header block"),
  FIELDS("the fields say what the response is"),
  END("it wrote all of its body, and ended");

  private final String text;

  Stage(String text) {
    this.text = text;
  }

  /** Returns the text that says what went well. */
  public String text() {
    return text;
  }
}
