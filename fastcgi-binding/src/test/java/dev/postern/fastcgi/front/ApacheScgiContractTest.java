package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class ApacheScgiContractTest extends FrontContract {
  ApacheScgiContractTest() {
    super(
        FrontContract::scgi,
        "127.0.0.1:0",
        address ->
            Documented.apache(
                Documented.block("apache", "scgi://"),
                address,
                "mpm_event",
                "authz_core",
                "proxy",
                "proxy_scgi"),
        Capability.HTTP_MAPPING.lacking("Apache maps the request"),
        Capability.EXACT_HEADERS.lacking("Apache writes types in lower case"),
        Capability.CONTENT_LENGTH.lacking(
            "dropped, unless ap_trust_cgilike_cl is set (CVE-2024-24795)"),
        Capability.STREAMED_REQUEST.lacking(
            "Apache reads the response after it has sent the request"),
        Capability.STREAMED_HEAD.lacking("Apache sends the head with the first bytes"),
        Capability.SHORT_REQUEST.lacking("Apache answers it itself"),
        Capability.CHUNKED_REQUEST.lacking("refused: SCGI needs the length first"),
        Capability.CUT.lacking("Apache puts a page of its own behind the part"));
  }
}
