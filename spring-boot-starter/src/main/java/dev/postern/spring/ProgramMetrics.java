package dev.postern.spring;

import dev.postern.cgi.CgiRun;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * {@code postern.cgi.runs}, a timer of all runs by name, status and rule; {@code
 * postern.cgi.queue}, a timer of how long they waited for their places; {@code
 * postern.cgi.refusals}, a counter by name. Thread-safe.
 */
final class ProgramMetrics implements MeterBinder {
  private final GatewayServlets servlets;
  private final List<MeterRegistry> registries = new CopyOnWriteArrayList<>();

  ProgramMetrics(GatewayServlets servlets) {
    this.servlets = servlets;
    servlets.onRun(this::record);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    registries.add(registry);
    servlets
        .programs()
        .forEach(
            (name, programs) ->
                FunctionCounter.builder("postern.cgi.refusals", programs, ProgramHealth::refusals)
                    .description("Requests and responses that were refused")
                    .tag("name", name)
                    .register(registry));
  }

  private void record(String name, CgiRun run) {
    for (MeterRegistry registry : registries) {
      Timer.builder("postern.cgi.runs")
          .description("Runs of CGI programs")
          .tag("name", name)
          .tag("status", Integer.toString(run.status()))
          .tag("rule", run.rule().isEmpty() ? "none" : run.rule())
          .register(registry)
          .record(run.totalTime());
      Timer.builder("postern.cgi.queue")
          .description("The time that requests waited for a place")
          .tag("name", name)
          .register(registry)
          .record(run.queueTime());
    }
  }
}
