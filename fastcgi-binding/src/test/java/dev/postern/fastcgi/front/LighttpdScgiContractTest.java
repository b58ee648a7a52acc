package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class LighttpdScgiContractTest extends FrontContract {
  LighttpdScgiContractTest() {
    super(
        FrontContract::scgi,
        "127.0.0.1:0",
        address -> Documented.lighttpd(Documented.block("lighttpd", "mod_scgi"), address),
        Capability.HTTP_MAPPING.lacking("lighttpd maps the request"),
        Capability.ANY_METHOD.lacking("methods that it does not know are 501"),
        Capability.PATH_BYTES.lacking("refused: server.http-parseopts, url-invalid-utf8-reject"),
        Capability.STREAMED_REQUEST.lacking("spooled, since SCGI needs the length first"),
        Capability.CUT.lacking("lighttpd takes the end of a connection for that of a response"));
  }
}
