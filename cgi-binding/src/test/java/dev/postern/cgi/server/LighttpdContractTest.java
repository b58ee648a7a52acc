package dev.postern.cgi.server;

import dev.postern.testing.Capability;

class LighttpdContractTest extends ServedContract {
  LighttpdContractTest() {
    super(
        WebServerKind.LIGHTTPD,
        InstalledContract.COLD,
        Capability.HTTP_MAPPING.lacking("lighttpd maps the request"),
        Capability.ANY_METHOD.lacking("methods that it does not know are 501"),
        Capability.PATH_BYTES.lacking("refused: server.http-parseopts, url-invalid-utf8-reject"),
        Capability.STREAMED_REQUEST.lacking("spooled, unless server.stream-request-body is set"),
        Capability.STREAMED_RESPONSE.lacking(
            "held back, unless server.stream-response-body is set"),
        Capability.CUT.lacking("lighttpd does not look at how a program ends"));
  }
}
