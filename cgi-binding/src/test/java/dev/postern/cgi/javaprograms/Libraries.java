package dev.postern.cgi.javaprograms;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.config.Configurator;

/** Programs as people write them, with what they bring. */
public final class Libraries {
  private Libraries() {}

  static void head() {
    System.out.print("Content-Type: text/plain\n\n");
  }

  /** A value that Jackson reads and writes. */
  public record Order(String name, int count, List<String> tags) {}

  public static final class WithJackson {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static int calls;

    public static void main(String[] args) throws Exception {
      head();
      Map<String, Object> value = new LinkedHashMap<>();
      value.put("query", System.getenv("QUERY_STRING"));
      value.put("calls", ++calls);
      value.put("order", new Order("chair", 4, List.of("wood", "red")));
      String json = MAPPER.writeValueAsString(value);
      System.out.println(json);
      System.out.println(MAPPER.readTree(json).get("order").get("count").asInt() + 1);
      System.out.println(MAPPER.readValue("{\"name\":\"x\",\"count\":2,\"tags\":[]}", Order.class));
    }
  }

  public static final class WithLog4j {
    private static final Logger LOGGER = LogManager.getLogger(WithLog4j.class);

    public static void main(String[] args) {
      System.setProperty("log4j2.level", "INFO");
      head();
      System.out.println(LOGGER.isErrorEnabled() + " " + LOGGER.isDebugEnabled());
      Configurator.setRootLevel(Level.DEBUG);
      System.out.println(LOGGER.isDebugEnabled());
      // Its line has the time: on standard error, where nobody compares it.
      Configurator.setRootLevel(Level.OFF);
      System.out.println(LOGGER.isErrorEnabled() + System.getenv("QUERY_STRING"));
    }
  }

  public static final class WithCommonsCli {
    public static void main(String[] args) throws Exception {
      head();
      Options options = new Options();
      options.addOption("q", "query", true, "what is asked for");
      options.addOption("v", false, "more");
      CommandLine line =
          new DefaultParser()
              .parse(options, new String[] {"-q", System.getenv("QUERY_STRING"), "-v", "rest"});
      System.out.println(
          line.getOptionValue("query") + " " + line.hasOption("v") + " " + line.getArgList());
    }
  }

  public static final class WithDatabase {
    public static void main(String[] args) throws Exception {
      head();
      try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:orders");
          Statement statement = connection.createStatement()) {
        statement.execute("create table orders (name varchar(50), count int)");
        try (PreparedStatement insert =
            connection.prepareStatement("insert into orders values (?, ?)")) {
          insert.setString(1, System.getenv("QUERY_STRING"));
          insert.setInt(2, 3);
          insert.executeUpdate();
        }
        try (ResultSet found = statement.executeQuery("select name, count * 2 from orders")) {
          while (found.next()) {
            System.out.println(found.getString(1) + " " + found.getInt(2));
          }
        }
      }
    }
  }
}
