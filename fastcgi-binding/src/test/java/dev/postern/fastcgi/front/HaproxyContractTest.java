package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class HaproxyContractTest extends FrontContract {
  HaproxyContractTest() {
    super(
        FrontContract::fastCgi,
        "127.0.0.1:0",
        address -> Documented.haproxy(Documented.block("haproxy", "fcgi-app"), address),
        Capability.HTTP_MAPPING.lacking("HAProxy maps the request"),
        Capability.REPEATED_HEADERS.lacking("HAProxy passes the last one"),
        Capability.CHUNKED_REQUEST.lacking("HAProxy passes the chunks' own bytes on"),
        Capability.STREAMED_REQUEST.lacking("HAProxy passes the chunks' own bytes on"));
  }
}
