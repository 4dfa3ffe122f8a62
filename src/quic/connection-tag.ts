import { createHash } from 'node:crypto';
import type { EngineConnection } from './native.ts';
import type { Role } from './port.ts';

/**
 * A short name for an established connection that both ends derive without a word between them: from the connection
 * ID that the server chose first (RFC 9000 §7.2), hashed, as log lines are no place for what routes packets. Eight
 * characters of base 32.
 */
export function connectionTag(engine: EngineConnection, role: Role): string {
  const id = role === 'server' ? engine.sourceId() : engine.destinationId();
  const digest = createHash('sha256').update(id).digest();
  return digest.readUIntBE(0, TAG_BYTES).toString(32).padStart(TAG_LENGTH, '0');
}

const TAG_BYTES = 5;
const TAG_LENGTH = 8;
