package dev.postern.cgi.server;

import dev.postern.testing.Capability;

/** Under Apache, whichever of its modules starts the program. */
abstract class ApacheContract extends ServedContract {
  ApacheContract(WebServerKind kind, InstalledContract program) {
    super(
        kind,
        program,
        Capability.HTTP_MAPPING.lacking("Apache maps the request"),
        Capability.EXACT_HEADERS.lacking("Apache writes types in lower case"),
        Capability.CONTENT_LENGTH.lacking(
            "dropped, unless ap_trust_cgilike_cl is set (CVE-2024-24795)"),
        Capability.CHUNKED_REQUEST.lacking("Apache passes such a body on without a length"),
        Capability.STREAMED_REQUEST.lacking(
            "Apache reads a response after it has sent the whole request"),
        Capability.CUT.lacking("Apache does not look at how a program ends"));
  }
}
