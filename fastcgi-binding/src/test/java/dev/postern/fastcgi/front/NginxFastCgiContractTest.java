package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class NginxFastCgiContractTest extends FrontContract {
  NginxFastCgiContractTest() {
    super(
        FrontContract::fastCgi,
        "unix:DIRECTORY/hello.sock",
        address -> Documented.nginx(Documented.block("nginx", "fastcgi_keep_conn"), address),
        Capability.HTTP_MAPPING.lacking("nginx maps the request"),
        Capability.REPEATED_HEADERS.lacking("nginx before 1.23 passes the first one"),
        Capability.ANY_METHOD.lacking("methods in lower case are 400"),
        Capability.SHORT_REQUEST.lacking("nginx closes its connection to the gateway"),
        Capability.STREAMED_RESPONSE.lacking(
            "held back, unless the response says X-Accel-Buffering: no"));
  }
}
