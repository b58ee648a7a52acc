package dev.postern.cgi;

import dev.postern.testing.ApplicationContract;

class CgiApplicationContractTest extends ApplicationContract {
  CgiApplicationContractTest() {
    super(
        (program, silence) ->
            CgiApplication.builder(program).headerTimeout(silence).idleTimeout(silence).build());
  }
}
