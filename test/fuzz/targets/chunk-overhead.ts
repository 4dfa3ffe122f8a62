import { ChunkOverhead } from '../../../src/proxy/chunk-overhead.ts';
import { Input } from '../input.ts';
import { check, type Target } from '../target.ts';

/** Bytes of chunk extensions that are always taken, and how many beyond that never are. */
const ALWAYS = 4096 - 64;
const NEVER = 4096 + 64;

/** A chunk: bytes of content, and of extension. */
interface Chunk {
  readonly content: number;
  readonly extension: number;
}

const ZEROS = new Uint8Array(1024);

const HEAD = { method: 'POST', url: '/', rawHeaders: ['Host', 'a', 'Transfer-Encoding', 'chunked'] };
const HEAD_SIZE = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'.length;

/**
 * What a chunked request may spend on chunk extensions, with chunks of any size, read in parts of any size: ordinary
 * chunks are never refused, and much more than 4 KB of extensions always is.
 */
export const chunkOverhead: Target = {
  name: 'chunk-overhead',
  maxLength: 96,
  seeds: [
    Uint8Array.of(255, 5, 0, 1, 0, 1, 0, 1, 0),
    Uint8Array.of(40, 255, 255, 255, 255, 255, 255, 255, 255),
    Uint8Array.of(1, 1, 200, 1, 200, 1, 200, 1, 200, 1, 200, 1, 200, 1, 200, 1, 200, 1, 200, 1, 200),
  ],
  dictionary: [Uint8Array.of(1, 255, 1, 255, 1, 255, 1, 255), Uint8Array.of(0, 255), Uint8Array.of(255, 0)],
  run(bytes, trace) {
    const input = new Input(bytes);
    const part = 16 + input.byte() * 8;
    const chunks: Chunk[] = [];
    while (!input.done) chunks.push({ content: 1 + input.byte() * 4, extension: input.byte() * 4 });
    const { taken, pieces } = read(chunks, part);
    const extensions = chunks.reduce((sum, { extension }) => sum + extension, 0);
    trace.hit(taken ? 1 : 2);
    trace.size(3, extensions);
    trace.size(4, pieces);
    check(taken || extensions > ALWAYS, 'few extensions are let pass');
    check(!taken || extensions <= NEVER + pieces * 12, 'many extensions are refused');
  },
};

// Reads `part` bytes at a time; a chunk's content is told as far as it was read, as the parser does.
function read(chunks: readonly Chunk[], part: number): { taken: boolean; pieces: number } {
  const socket = { bytesRead: HEAD_SIZE };
  const request = { ...HEAD, rawTrailers: [], readableLength: 0, socket };
  // It looks at nothing else of a message.
  const overhead = new ChunkOverhead(request as never, 0);
  let position = HEAD_SIZE;
  let pieces = 0;
  const tell = (length: number): boolean => {
    pieces++;
    return overhead.allows(ZEROS.subarray(0, length));
  };
  for (const { content, extension } of chunks) {
    position += content.toString(16).length + extension + 2;
    for (let left = content; left > 0; ) {
      const missing = position + 1 - socket.bytesRead;
      if (missing > 0) socket.bytesRead += Math.ceil(missing / part) * part;
      const length = Math.min(left, socket.bytesRead - position);
      if (!tell(length)) return { taken: false, pieces };
      position += length;
      left -= length;
    }
    position += 2;
  }
  socket.bytesRead = position + '0\r\n\r\n'.length;
  return { taken: overhead.allowsEnd(true), pieces };
}
