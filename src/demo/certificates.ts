/**
 * A throw-away public key infrastructure: authorities and the leaf certificates that they issue, in PEM. For the
 * demo and for tests; real hosts get theirs from an authority that outlives the process.
 */
import './reflect-metadata.ts';

import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

export type KeyType = 'ECDSA' | 'RSA' | 'Ed25519';

/** Who signs: a root that signed itself. */
export interface Authority {
  /** PEM: what the other side puts into `ca`. */
  readonly certificate: string;
  readonly signer: Signer;
}

/** A leaf certificate and its private key (PKCS#8), both PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** What authorities and leaves have in common. */
export interface CertificateOptions {
  /** Default: ECDSA on P-256. RSA keys have 2048 bits. */
  readonly keyType?: KeyType;
  /** Default: one hour ago, so that clocks may differ a little. */
  readonly notBefore?: Date;
  /** Default: far enough ahead that nobody is warned. */
  readonly notAfter?: Date;
}

export interface LeafOptions extends CertificateOptions {
  /** DNS names and IP addresses that the certificate is for; the first is the subject's common name too. */
  readonly names: readonly [string, ...string[]];
  /** What the certificate may be used for (RFC 5280 §4.2.1.12). */
  readonly usage: 'client' | 'server';
}

/** Makes a root authority with the common name `name`. */
export async function createAuthority(name: string, options: CertificateOptions = {}): Promise<Authority> {
  const keys = await generateKeys(options.keyType);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(options),
    name: [{ CN: [name] }],
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), signer: { certificate, privateKey: keys.privateKey } };
}

/** Issues a leaf certificate, signed by `issuer`. */
export async function issueCertificate(issuer: Authority, options: LeafOptions): Promise<Identity> {
  const keys = await generateKeys(options.keyType);
  const certificate = await X509CertificateGenerator.create({
    ...validity(options),
    subject: [{ CN: [options.names[0]] }],
    issuer: issuer.signer.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: issuer.signer.privateKey,
    extensions: await leafExtensions(issuer, options, keys.publicKey),
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

interface Signer {
  readonly certificate: X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

async function leafExtensions(
  issuer: Authority,
  options: LeafOptions,
  publicKey: webcrypto.CryptoKey,
): Promise<Extension[]> {
  const purpose = options.usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth;
  const names = options.names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const);
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([purpose]),
    new SubjectAlternativeNameExtension(names),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.signer.certificate.publicKey),
  ];
}

const HOUR = 3_600_000;
const VALIDITY = 90 * 24 * HOUR;

function validity(options: CertificateOptions): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: options.notBefore ?? new Date(now - HOUR),
    notAfter: options.notAfter ?? new Date(now + VALIDITY),
  };
}

const KEY_ALGORITHMS = {
  ECDSA: { name: 'ECDSA', namedCurve: 'P-256' },
  RSA: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-256',
  },
  Ed25519: { name: 'Ed25519' },
} as const;

async function generateKeys(type: KeyType = 'ECDSA'): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHMS[type], true, ['sign', 'verify']);
  return keys as webcrypto.CryptoKeyPair;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
