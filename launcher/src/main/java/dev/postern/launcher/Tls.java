package dev.postern.launcher;

import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/**
 * A certificate chain and its key in PEM, as ACME clients write them. They are read again when the
 * files change. Used by one thread.
 */
final class Tls {
  private static final String ALIAS = "postern";
  private static final char[] NO_PASSWORD = new char[0];

  private final Path certificate;
  private final Path key;
  private final SslContextFactory.Server factory = new SslContextFactory.Server();
  private Object seen;

  private Tls(Path certificate, Path key) {
    this.certificate = certificate;
    this.key = key;
    this.seen = state();
    factory.setSniRequired(false);
    factory.setKeyStorePassword("");
    factory.setKeyStore(read());
  }

  /**
   * Reads both files.
   *
   * @throws LauncherException when one is missing, or they do not belong together
   */
  static Tls of(@Nullable String certificate, @Nullable String key) {
    if (certificate == null || key == null) {
      throw LauncherException.badArgument("--tls-cert must come with --tls-key");
    }
    return new Tls(path("--tls-cert", certificate), path("--tls-key", key));
  }

  private static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument("FILE of " + option + " must name a file");
    }
  }

  /** Returns what Jetty needs. New connections get what {@link #reload} has read. */
  SslContextFactory.Server factory() {
    return factory;
  }

  /**
   * Reads the files again if they have changed. If they are wrong, this logs the mistake, and the
   * old certificate stays.
   */
  void reload() {
    Object now = state();
    if (now.equals(seen)) {
      return;
    }
    seen = now;
    try {
      KeyStore next = read();
      factory.reload(changed -> changed.setKeyStore(next));
      Logs.own("postern: the certificate was read again");
    } catch (LauncherException e) {
      Logs.own("postern: the old certificate stays: " + e.getMessage());
    } catch (Exception e) {
      Logs.own("postern: the old certificate stays: " + e);
    }
  }

  private Object state() {
    return List.of(Configuration.state(certificate), Configuration.state(key));
  }

  private KeyStore read() {
    X509Certificate[] chain = certificates();
    PrivateKey secret = key();
    if (!belongs(chain[0].getPublicKey(), secret)) {
      throw LauncherException.badArgument(
          "--tls-key must be the key of the first certificate of --tls-cert: \"" + key + "\"");
    }
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, NO_PASSWORD);
      store.setKeyEntry(ALIAS, secret, NO_PASSWORD, (Certificate[]) chain);
      return store;
    } catch (IOException | GeneralSecurityException e) {
      throw LauncherException.failed("a key store must be made: " + e);
    }
  }

  private X509Certificate[] certificates() {
    List<X509Certificate> chain = new ArrayList<>();
    try (Reader reader = Files.newBufferedReader(certificate);
        PEMParser parser = new PEMParser(reader)) {
      for (Object next = parser.readObject(); next != null; next = parser.readObject()) {
        if (next instanceof X509CertificateHolder holder) {
          chain.add(new JcaX509CertificateConverter().getCertificate(holder));
        }
      }
    } catch (FileSystemException e) {
      throw Values.unreadable("--tls-cert", certificate.toString());
    } catch (IOException | GeneralSecurityException e) {
      throw wrong("--tls-cert", "certificates in PEM", certificate);
    }
    if (chain.isEmpty()) {
      throw wrong("--tls-cert", "certificates in PEM", certificate);
    }
    return chain.toArray(new X509Certificate[0]);
  }

  private PrivateKey key() {
    try (Reader reader = Files.newBufferedReader(key);
        PEMParser parser = new PEMParser(reader)) {
      JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
      for (Object next = parser.readObject(); next != null; next = parser.readObject()) {
        if (next instanceof PrivateKeyInfo info) {
          return converter.getPrivateKey(info);
        }
        if (next instanceof PEMKeyPair pair) {
          return converter.getPrivateKey(pair.getPrivateKeyInfo());
        }
      }
    } catch (FileSystemException e) {
      throw Values.unreadable("--tls-key", key.toString());
    } catch (IOException e) {
      // The algorithm may be unknown. The error below reports it.
    }
    throw wrong("--tls-key", "a private key in PEM without a password", key);
  }

  private static LauncherException wrong(String option, String what, Path file) {
    return LauncherException.badArgument(
        "FILE of " + option + " must hold " + what + ": \"" + file + "\"");
  }

  /** Returns whether the public key verifies what the private key signs. */
  private static boolean belongs(PublicKey open, PrivateKey secret) {
    String algorithm =
        switch (secret.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> secret.getAlgorithm();
        };
    try {
      byte[] text = {1, 2, 3};
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(secret);
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(open);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
