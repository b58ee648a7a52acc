package dev.postern.cgi.server;

import dev.postern.testing.Capability;

class NginxContractTest extends ServedContract {
  NginxContractTest() {
    super(
        WebServerKind.NGINX_FCGIWRAP,
        InstalledContract.COLD,
        Capability.HTTP_MAPPING.lacking("nginx maps the request"),
        Capability.REPEATED_HEADERS.lacking("nginx before 1.23 passes the first one"),
        Capability.ANY_METHOD.lacking("methods in lower case are 400"),
        Capability.STREAMED_REQUEST.lacking(
            "spooled by nginx, and fcgiwrap reads a response after it has sent the whole request"),
        Capability.STREAMED_RESPONSE.lacking(
            "held back, unless fastcgi_buffering is off and NO_BUFFERING is set"),
        Capability.CUT.lacking("fcgiwrap does not tell nginx how a program ends"));
  }
}
