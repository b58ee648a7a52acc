/**
 * Tests for applications and for gateways.
 *
 * <p>To test an application you need {@link dev.postern.testing.InMemoryGateway} and {@link
 * dev.postern.testing.TestRequest}:
 *
 * <pre>{@code
 * TestResponse response = InMemoryGateway.of(new Hello()).run(TestRequest.get("/hello?name=x"));
 * assertThat(response.text()).isEqualTo("Hello x\n");
 * }</pre>
 *
 * <p>To test a gateway, extend {@link dev.postern.testing.GatewayContract}. To test a body of your
 * own, extend {@link dev.postern.testing.BodyContract}.
 */
@NullMarked
package dev.postern.testing;

import org.jspecify.annotations.NullMarked;
