package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class LighttpdFastCgiContractTest extends FrontContract {
  LighttpdFastCgiContractTest() {
    super(
        FrontContract::fastCgi,
        "unix:DIRECTORY/hello.sock",
        address ->
            Documented.lighttpd(Documented.block("lighttpd", "fastcgi.server = ( \"/\" "), address),
        Capability.HTTP_MAPPING.lacking("lighttpd maps the request"),
        Capability.ANY_METHOD.lacking("methods that it does not know are 501"),
        Capability.PATH_BYTES.lacking("refused: server.http-parseopts, url-invalid-utf8-reject"),
        Capability.CHUNKED_REQUEST.lacking("411: a body that is streamed needs its length"),
        Capability.SHORT_REQUEST.lacking("lighttpd closes its connection to the gateway"),
        Capability.CUT.lacking("lighttpd takes the end of a connection for that of a response"));
  }
}
