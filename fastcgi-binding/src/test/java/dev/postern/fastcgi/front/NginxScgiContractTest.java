package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class NginxScgiContractTest extends FrontContract {
  NginxScgiContractTest() {
    super(
        FrontContract::scgi,
        "127.0.0.1:0",
        address -> Documented.nginx(Documented.block("nginx", "scgi_pass"), address),
        Capability.HTTP_MAPPING.lacking("nginx maps the request"),
        Capability.REPEATED_HEADERS.lacking("nginx before 1.23 passes the first one"),
        Capability.ANY_METHOD.lacking("methods in lower case are 400"),
        Capability.STREAMED_REQUEST.lacking(
            "SCGI needs the length first, and nginx spools for it"));
  }
}
