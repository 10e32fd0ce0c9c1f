// SPDX-License-Identifier: MIT
// Bouncy Castle as a CMS peer for the tests, for what `openssl cms` cannot do. Results go to standard output; what fails ends with
// exit code 1 and a reason on standard error.
//
//   verify MESSAGE.der [CONTENT]              all signatures, with the certificates inside; prints the content
//   decrypt MESSAGE.der CERT.pem KEY.pem      enveloped or authEnveloped; prints the content
//   uncompress MESSAGE.der                    prints the content
//   sign detached|opaque ALGORITHM CERT.pem KEY.pem CONTENT
//   encrypt CIPHER CERT.pem CONTENT           CIPHER: AES256-GCM, AES128-CBC, ...
//   compress CONTENT
import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.X509Certificate;
import java.util.*;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.*;
import org.bouncycastle.operator.jcajce.*;

public class CmsPeer {
  static final String BC = "BC";

  static byte[] file(String name) throws IOException {
    return Files.readAllBytes(Paths.get(name));
  }

  static X509CertificateHolder certificate(String name) throws IOException {
    try (PEMParser pem = new PEMParser(new FileReader(name))) {
      return (X509CertificateHolder) pem.readObject();
    }
  }

  static PrivateKey key(String name) throws IOException {
    try (PEMParser pem = new PEMParser(new FileReader(name))) {
      return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) pem.readObject());
    }
  }

  static void verify(String[] args) throws Exception {
    byte[] der = file(args[1]);
    CMSSignedData message =
        args.length > 2 ? new CMSSignedData(new CMSProcessableByteArray(file(args[2])), der) : new CMSSignedData(der);
    if (message.getSignerInfos().size() == 0) throw new Exception("no signer");
    for (SignerInformation signer : message.getSignerInfos()) {
      @SuppressWarnings("unchecked")
      Collection<X509CertificateHolder> found = message.getCertificates().getMatches(signer.getSID());
      if (found.isEmpty()) throw new Exception("the signer's certificate is not there");
      if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(found.iterator().next()))) {
        throw new Exception("a signature does not fit");
      }
    }
    message.getSignedContent().write(System.out);
  }

  static Recipient recipient(RecipientInformation information, PrivateKey key, boolean authenticated) throws Exception {
    if (information instanceof KeyTransRecipientInformation) {
      return authenticated ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC)
                           : new JceKeyTransEnvelopedRecipient(key).setProvider(BC);
    }
    if (authenticated) throw new Exception("no key agreement for authEnveloped in this Bouncy Castle");
    return new JceKeyAgreeEnvelopedRecipient(key).setProvider(BC);
  }

  @SuppressWarnings("unchecked")
  static void decrypt(String[] args) throws Exception {
    byte[] der = file(args[1]);
    X509CertificateHolder certificate = certificate(args[2]);
    PrivateKey key = key(args[3]);
    ASN1ObjectIdentifier type =
        org.bouncycastle.asn1.cms.ContentInfo.getInstance(ASN1Primitive.fromByteArray(der)).getContentType();
    boolean authenticated = type.equals(PKCSObjectIdentifiers.id_ct_authEnvelopedData);
    RecipientInformationStore recipients = authenticated ? new CMSAuthEnvelopedData(der).getRecipientInfos()
                                                         : new CMSEnvelopedData(der).getRecipientInfos();
    for (RecipientInformation information : recipients) {
      if (!information.getRID().match(certificate)) continue;
      System.out.write(information.getContent(recipient(information, key, authenticated)));
      return;
    }
    throw new Exception("the message is not for this certificate");
  }

  static void uncompress(String[] args) throws Exception {
    System.out.write(new CMSCompressedData(file(args[1])).getContent(new ZlibExpanderProvider()));
  }

  static void sign(String[] args) throws Exception {
    X509CertificateHolder certificate = certificate(args[3]);
    ContentSigner signer = new JcaContentSignerBuilder(args[2]).setProvider(BC).build(key(args[4]));
    CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
    generator.addSignerInfoGenerator(
        new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider(BC).build()).build(signer, certificate));
    generator.addCertificate(certificate);
    CMSTypedData content = new CMSProcessableByteArray(file(args[5]));
    System.out.write(generator.generate(content, args[1].equals("opaque")).getEncoded(ASN1Encoding.DER));
  }

  static ASN1ObjectIdentifier cipher(String name) throws Exception {
    switch (name) {
      case "AES128-CBC": return CMSAlgorithm.AES128_CBC;
      case "AES256-CBC": return CMSAlgorithm.AES256_CBC;
      case "AES128-GCM": return CMSAlgorithm.AES128_GCM;
      case "AES192-GCM": return CMSAlgorithm.AES192_GCM;
      case "AES256-GCM": return CMSAlgorithm.AES256_GCM;
      case "AES256-CCM": return CMSAlgorithm.AES256_CCM;
      case "DES-EDE3-CBC": return CMSAlgorithm.DES_EDE3_CBC;
      default: throw new Exception("no such cipher");
    }
  }

  static void encrypt(String[] args) throws Exception {
    X509Certificate certificate = new JcaX509CertificateConverter().setProvider(BC).getCertificate(certificate(args[2]));
    RecipientInfoGenerator recipient;
    if (certificate.getPublicKey().getAlgorithm().equals("RSA")) {
      recipient = new JceKeyTransRecipientInfoGenerator(certificate).setProvider(BC);
    } else {
      KeyPairGenerator ephemeral = KeyPairGenerator.getInstance("EC", BC);
      ephemeral.initialize(((java.security.interfaces.ECPublicKey) certificate.getPublicKey()).getParams());
      KeyPair pair = ephemeral.generateKeyPair();
      recipient = new JceKeyAgreeRecipientInfoGenerator(CMSAlgorithm.ECDH_SHA256KDF, pair.getPrivate(), pair.getPublic(),
                                                        CMSAlgorithm.AES256_WRAP)
                      .addRecipient(certificate)
                      .setProvider(BC);
    }
    CMSTypedData content = new CMSProcessableByteArray(file(args[3]));
    OutputEncryptor encryptor = new JceCMSContentEncryptorBuilder(cipher(args[1])).setProvider(BC).build();
    if (encryptor instanceof OutputAEADEncryptor) {
      CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
      generator.addRecipientInfoGenerator(recipient);
      System.out.write(generator.generate(content, (OutputAEADEncryptor) encryptor).getEncoded());
    } else {
      CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
      generator.addRecipientInfoGenerator(recipient);
      System.out.write(generator.generate(content, encryptor).getEncoded());
    }
  }

  static void compress(String[] args) throws Exception {
    System.out.write(new CMSCompressedDataGenerator()
                         .generate(new CMSProcessableByteArray(file(args[1])), new ZlibCompressor())
                         .getEncoded());
  }

  public static void main(String[] args) {
    Security.addProvider(new BouncyCastleProvider());
    try {
      switch (args[0]) {
        case "verify": verify(args); break;
        case "decrypt": decrypt(args); break;
        case "uncompress": uncompress(args); break;
        case "sign": sign(args); break;
        case "encrypt": encrypt(args); break;
        case "compress": compress(args); break;
        default: throw new Exception("no such command");
      }
      System.out.flush();
    } catch (Exception error) {
      System.err.println(error);
      for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) System.err.println("  " + cause);
      System.exit(1);
    }
  }
}
