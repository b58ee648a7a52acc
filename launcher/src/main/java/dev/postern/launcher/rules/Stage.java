package dev.postern.launcher.rules;

/** What has to go well for a response, in this order. */
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

  /** As it is told when all went well. */
  public String text() {
    return text;
  }
}
