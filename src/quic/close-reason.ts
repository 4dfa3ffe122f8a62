/** What CONNECTION_CLOSE codes of the transport mean, in words that say what to do (RFC 9000 §20.1, RFC 8446 §6). */

/** TLS alerts travel as this plus the alert (RFC 9001 §4.8). */
export const CRYPTO_ERROR = 0x100;

/** The certificate does not carry the name that it should. */
export const BAD_CERTIFICATE = CRYPTO_ERROR + 42;

export const NO_ERROR = 0x00;
export const INTERNAL_ERROR = 0x01;
export const CONNECTION_REFUSED = 0x02;
export const PROTOCOL_VIOLATION = 0x0a;

/** Names of the codes of RFC 9000 §20.1, by code. */
const TRANSPORT_ERRORS: readonly string[] = [
  'NO_ERROR',
  'INTERNAL_ERROR',
  'CONNECTION_REFUSED',
  'FLOW_CONTROL_ERROR',
  'STREAM_LIMIT_ERROR',
  'STREAM_STATE_ERROR',
  'FINAL_SIZE_ERROR',
  'FRAME_ENCODING_ERROR',
  'TRANSPORT_PARAMETER_ERROR',
  'CONNECTION_ID_LIMIT_ERROR',
  'PROTOCOL_VIOLATION',
  'INVALID_TOKEN',
  'APPLICATION_ERROR',
  'CRYPTO_BUFFER_EXCEEDED',
  'KEY_UPDATE_ERROR',
  'AEAD_LIMIT_REACHED',
  'NO_VIABLE_PATH',
];

interface Alert {
  readonly name: string;
  /** What is wrong with the certificate that the alert is about. */
  readonly fault: string;
  /** What the owner of that certificate's end, or of the judging end, can do. */
  readonly remedy: string;
}

const UNTRUSTED: Omit<Alert, 'name'> = {
  fault: 'was not issued by the CA that this end trusts',
  remedy: 'compare tls.ca at the judging end with the issuer of the certificate',
};

/** Alerts about certificates, by number (RFC 8446 §6.2). */
const CERTIFICATE_ALERTS: Readonly<Record<number, Alert>> = {
  42: {
    name: 'bad_certificate',
    fault: 'does not carry the name in peer_hostname, or is damaged',
    remedy: 'compare general.peer_hostname at the judging end with the names in the certificate',
  },
  43: {
    name: 'unsupported_certificate',
    fault: 'is not meant for this use',
    remedy: 'issue it for client or server authentication as its end needs',
  },
  44: { name: 'certificate_revoked', fault: 'was revoked', remedy: 'issue a new one' },
  45: {
    name: 'certificate_expired',
    fault: 'has expired or is not valid yet',
    remedy: 'issue a new one, and compare the clocks of both ends',
  },
  46: { name: 'certificate_unknown', fault: 'was not accepted', remedy: 'run `ptproxy check` at its end' },
  48: { name: 'unknown_ca', ...UNTRUSTED },
  116: {
    name: 'certificate_required',
    fault: 'is missing',
    remedy: 'set tls.cert and tls.key at the end that connects',
  },
};

/** Whether a code is the TLS alert of an end that does not accept the other's certificate. */
export const isAboutCertificate = (code: number): boolean => code - CRYPTO_ERROR in CERTIFICATE_ALERTS;

/** bad_certificate from the peer: some TLS libraries say it of whatever they do not like. */
const BAD_TO_PEER: Alert = {
  name: 'bad_certificate',
  fault:
    'does not carry the name in peer_hostname, was issued by a CA that the peer does not trust, or is damaged',
  remedy: 'compare general.peer_hostname and tls.ca at the judging end with the certificate',
};

/** Other alerts, by number (RFC 8446 §6). */
const OTHER_ALERTS: Readonly<Record<number, string>> = {
  10: 'unexpected_message',
  20: 'bad_record_mac',
  40: 'handshake_failure',
  47: 'illegal_parameter',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  120: 'no_application_protocol',
};

/**
 * A transport error in words. `judge` says who raised it: `local` when we refused the peer, `remote` when it refused
 * us. `detail` is whatever else came with it.
 */
export function describeTransportError(code: number, judge: 'local' | 'remote', detail: string): string {
  const text =
    code >= CRYPTO_ERROR && code < 0x200 ? describeAlert(code - CRYPTO_ERROR, judge) : errorName(code);
  return detail === '' ? text : `${text}: ${detail}`;
}

function errorName(code: number): string {
  return TRANSPORT_ERRORS[code] ?? `transport error 0x${code.toString(16)}`;
}

function describeAlert(alert: number, judge: 'local' | 'remote'): string {
  const badToPeer = judge === 'remote' && CRYPTO_ERROR + alert === BAD_CERTIFICATE;
  const certificate = badToPeer ? BAD_TO_PEER : CERTIFICATE_ALERTS[alert];
  if (certificate === undefined) {
    const name = OTHER_ALERTS[alert] ?? `alert ${alert}`;
    return judge === 'local'
      ? `TLS handshake refused: ${name}`
      : `the peer refused the TLS handshake: ${name}`;
  }
  const { name, fault, remedy } = certificate;
  const whose = judge === 'local' ? "the peer's certificate" : 'the peer refused our certificate: it';
  return `${whose} ${judge === 'local' ? fault : fault.replace('this end', 'the peer')} (${name}); ${remedy}`;
}
