import { createPrivateKey, type KeyObject } from 'node:crypto';
import { describeContent, type PemBlock, parsePem } from './pem.ts';

/** A private key, or why it is none. */
export type KeyResult = { readonly key: KeyObject } | { readonly refusal: string };

const ALLOWED = 'allowed is one unencrypted private key (PKCS#8, PKCS#1 or SEC1)';
const LABELS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

/** Finds the private key in the content of a PEM file, which may hold certificates and parameters beside it. */
export function parsePrivateKey(content: Buffer): KeyResult {
  const blocks = parsePem(content);
  const keys = blocks.filter((block) => block.label.endsWith('PRIVATE KEY'));
  const [block] = keys;
  if (block === undefined) return { refusal: `found ${describeContent(content, blocks)}; ${ALLOWED}` };
  if (keys.length > 1) return { refusal: `found ${keys.length} private keys; ${ALLOWED}` };
  if (isEncrypted(block)) {
    return { refusal: `found an encrypted private key; ${ALLOWED}, as openssl pkey writes it` };
  }
  if (!LABELS.includes(block.label)) return { refusal: `found ${block.label}; ${ALLOWED}` };
  return decodeKey(block);
}

// RFC 5958 §3 has a label of its own for it, the older forms a header (RFC 1421 §4.6.1.1).
const isEncrypted = (block: PemBlock): boolean =>
  block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(block.text);

function decodeKey(block: PemBlock): KeyResult {
  try {
    const key = createPrivateKey(block.text);
    const refusal = whyUnusable(key);
    return refusal === undefined ? { key } : { refusal };
  } catch {
    return { refusal: `found a damaged ${block.label}; ${ALLOWED}` };
  }
}

const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const MIN_RSA_BITS = 2048;

function whyUnusable(key: KeyObject): string | undefined {
  const allowed = `allowed is RSA of ${MIN_RSA_BITS} bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519`;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const curve = key.asymmetricKeyDetails?.namedCurve ?? 'an unnamed curve';
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'rsa':
      return bits >= MIN_RSA_BITS ? undefined : `found an RSA key of ${bits} bits; ${allowed}`;
    case 'ec':
      return CURVES.includes(curve) ? undefined : `found an ECDSA key on ${curve}; ${allowed}`;
    default:
      return `found a key of type ${key.asymmetricKeyType}; ${allowed}`;
  }
}
