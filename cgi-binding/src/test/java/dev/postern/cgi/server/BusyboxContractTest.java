package dev.postern.cgi.server;

import dev.postern.testing.Capability;

class BusyboxContractTest extends ServedContract {
  BusyboxContractTest() {
    super(
        WebServerKind.BUSYBOX,
        InstalledContract.COLD,
        Capability.HTTP_MAPPING.lacking("busybox maps the request"),
        Capability.REPEATED_HEADERS.lacking("busybox passes the last one"),
        Capability.ANY_METHOD.lacking("busybox writes methods in upper case"),
        Capability.ANY_PATH.lacking("busybox makes one slash of several, in REQUEST_URI too"),
        Capability.LAST_SLASH.lacking("busybox looks for an index file in the program"),
        Capability.EMPTY_BODY.lacking("busybox gives no CONTENT_LENGTH for a length of 0"),
        Capability.CHUNKED_REQUEST.lacking("busybox knows no chunks"),
        Capability.CONTINUE.lacking("busybox does not tell a client to go on"),
        Capability.CUT.lacking("busybox does not look at how a program ends"));
  }
}
