class SaysHello {
  public static void main(String[] args) {
    System.out.print("Content-Type: text/plain\r\n\r\nhello from java " + System.getenv("PATH_INFO") + "\n");
  }
}
