import { required, type Table, unset, value } from './key.ts';
import { boolean, path } from './types.ts';

/** `[tls]`: who we are, and whom we trust. */
export const TLS = {
  ca: {
    type: path,
    default: unset("the system's roots"),
    doc: "PEM bundle of the certificate authorities that the other end's chain must lead to.",
  },
  skip_verify: {
    type: boolean,
    default: value(false),
    doc: 'Accept any certificate of the other end, which lets anybody in. `true` is refused unless `PTPROXY_INSECURE=1` is in the environment.',
  },
  cert: {
    type: path,
    default: required,
    doc: 'Our certificate chain as PEM, our own certificate first.',
  },
  key: {
    type: path,
    default: required,
    doc: 'The private key of our certificate as PEM: PKCS#8, PKCS#1 or SEC1, not encrypted; RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519.',
  },
} as const satisfies Table;
