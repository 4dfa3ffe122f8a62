/** One block of a PEM file (RFC 7468 §2). */
export interface PemBlock {
  /** Such as `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string;
  /** The block with its BEGIN and END lines. */
  readonly text: string;
}

/** The complete blocks of a PEM file in order; text around them, which the format allows, is left out. */
export function parsePem(content: Buffer): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let lines: string[] = [];
  for (const line of content.toString('latin1').split(/\r?\n/)) {
    const begin = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$/.exec(line)?.[1];
    if (begin !== undefined) {
      label = begin;
      lines = [];
    }
    if (label === undefined) continue;
    lines.push(line.trimEnd());
    if (line.trimEnd() !== `-----END ${label}-----`) continue;
    blocks.push({ label, text: `${lines.join('\n')}\n` });
    label = undefined;
  }
  return blocks;
}

/** What a file holds instead of the block that was looked for: continues "found …". */
export function describeContent(content: Buffer, blocks: readonly PemBlock[]): string {
  if (content.length === 0) return 'an empty file';
  if (blocks.length > 0) return [...new Set(blocks.map((block) => block.label))].join(' and ');
  // A DER certificate or key is an ASN.1 SEQUENCE.
  if (content[0] === 0x30) return 'no PEM, perhaps DER (openssl x509 or pkey converts it with -inform DER)';
  return content.includes('-----BEGIN ') ? 'PEM that is cut off or damaged' : 'no PEM';
}
