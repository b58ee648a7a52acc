package dev.postern.fastcgi.front;

import dev.postern.testing.Capability;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Not by itself, since HAProxy 2.6 ends now and then by a segmentation fault of its own when a
 * response is cut, and with it all cases that follow: {@code -Dpostern.haproxy=true}.
 */
@EnabledIfSystemProperty(
    named = "postern.haproxy",
    matches = "true",
    disabledReason = "HAProxy 2.6 may crash on it: -Dpostern.haproxy=true")
class HaproxyContractTest extends FrontContract {
  HaproxyContractTest() {
    super(
        FrontContract::fastCgi,
        "127.0.0.1:0",
        address -> Documented.haproxy(Documented.block("haproxy", "fcgi-app"), address),
        Capability.HTTP_MAPPING.lacking("HAProxy maps the request"),
        Capability.REPEATED_HEADERS.lacking("HAProxy passes the last one"),
        Capability.CHUNKED_REQUEST.lacking("HAProxy passes the chunks' own bytes on"),
        Capability.STREAMED_REQUEST.lacking("HAProxy passes the chunks' own bytes on"),
        Capability.CUT.lacking("HAProxy cannot be told: see FastCgiConnection"));
  }
}
