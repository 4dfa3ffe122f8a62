/**
 * A certificate that costs its reader far more than its size: each of its CRL distribution points is relative to its
 * issuer's name, and the engine's TLS library copies that name for each of them before it has checked any signature.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { Identity } from '../../src/demo/certificates.ts';

const SEQUENCE = 0x30;
const SET = 0x31;

/** A certificate of about `size` bytes, half of them issuer and half distribution points, and a key that fits it. */
export function hostileCertificate(size: number): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const name = relativeName('x');
  const issuer = der(SEQUENCE, ...fill(size / 2, der(SET, name)));
  const point = der(SEQUENCE, der(0xa0, der(0xa1, name)));
  const points = der(SEQUENCE, ...fill(size / 2, point));
  const extension = der(SEQUENCE, der(0x06, Buffer.from('551d1f', 'hex')), der(0x04, points));
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    issuer,
    der(SEQUENCE, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('490101000000Z'))),
    der(SEQUENCE, der(SET, name)),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, extension)),
  );
  const signature = der(0x03, Buffer.of(0), der(SEQUENCE, der(0x02, Buffer.of(1)), der(0x02, Buffer.of(1))));
  const certificate = der(SEQUENCE, body, algorithm, signature);
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

/** One attribute of a name: a common name (X.520). */
function relativeName(text: string): Buffer {
  return der(SEQUENCE, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(text)));
}

function fill(bytes: number, piece: Buffer): Buffer[] {
  return new Array<Buffer>(Math.floor(bytes / piece.length)).fill(piece);
}

/** One value in DER (X.690). */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const significant = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 | significant.length), significant, body]);
}
