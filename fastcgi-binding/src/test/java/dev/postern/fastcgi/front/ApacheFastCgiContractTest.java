package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;

class ApacheFastCgiContractTest extends FrontContract {
  ApacheFastCgiContractTest() {
    super(
        FrontContract::fastCgi,
        "unix:DIRECTORY/hello.sock",
        address ->
            Documented.apache(
                Documented.block("apache", "fcgi://"),
                address,
                "mpm_event",
                "authz_core",
                "proxy",
                "proxy_fcgi"),
        Capability.HTTP_MAPPING.lacking("Apache maps the request"),
        Capability.EXACT_HEADERS.lacking("Apache writes types in lower case"),
        Capability.CONTENT_LENGTH.lacking(
            "dropped, unless ap_trust_cgilike_cl is set (CVE-2024-24795)"),
        Capability.STREAMED_REQUEST.lacking(
            "Apache reads the response after it has sent the request"),
        Capability.STREAMED_HEAD.lacking("Apache sends the head with the first bytes"),
        Capability.SHORT_REQUEST.lacking("Apache closes its connection to the gateway"),
        Capability.CUT.lacking(
            "Apache passes on as whole what ends without END_REQUEST, now and then"));
  }
}
