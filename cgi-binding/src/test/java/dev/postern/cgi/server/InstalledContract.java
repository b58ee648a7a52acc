package dev.postern.cgi.server;

import dev.postern.cgi.install.CgiExecutable;
import dev.postern.testing.ContractApplication;
import java.io.IOException;
import java.util.List;

/** The application of the gateway contract, installed as a CGI executable. */
enum InstalledContract {
  COLD {
    @Override
    CgiExecutable.Builder with(CgiExecutable.Builder builder) {
      return builder;
    }
  },
  WARM {
    @Override
    CgiExecutable.Builder with(CgiExecutable.Builder builder) {
      Tools.require("perl");
      return quick(builder.warm());
    }
  },
  WARM_BY_PERL {
    @Override
    CgiExecutable.Builder with(CgiExecutable.Builder builder) {
      Tools.require("perl");
      return quick(builder.warm().compiler(List.of()));
    }
  };

  static final String NAME = "contract";

  abstract CgiExecutable.Builder with(CgiExecutable.Builder builder);

  /** The second compiler would take longer than the requests of a test. */
  private static CgiExecutable.Builder quick(CgiExecutable.Builder builder) {
    return builder.jvmOption("-XX:TieredStopAtLevel=1").jvmOption("-XX:CompileThresholdScaling=3");
  }

  /** Installs it in the site. */
  void install(Site site) throws IOException {
    CgiExecutable.Builder builder =
        CgiExecutable.builder(ContractApplication.class.getName())
            .classPath(List.of(JavaProgram.source(ContractApplication.class)))
            .library(site.lib());
    with(builder).build().install(site.cgiBin().resolve(NAME));
  }

  /** Ends what was started behind it, and removes it. */
  static void remove(Site site) throws IOException {
    WarmServers.end(site.lib());
    site.close();
  }
}
