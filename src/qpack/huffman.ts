/** Huffman coding of strings (RFC 7541 §5.2, RFC 9204 §4.1.2). A string holds one byte per character. */
import { CODE_LENGTHS, CODES, EOS, SYMBOLS } from './huffman-table.ts';

/**
 * Bytes that `text` takes when coded. Throws a RangeError when a character is no byte: cutting it down to one
 * could make a line feed of it.
 */
export function huffmanLength(text: string): number {
  let bits = 0;
  let seen = 0;
  for (let at = 0; at < text.length; at++) {
    const symbol = text.charCodeAt(at);
    seen |= symbol;
    bits += CODE_LENGTHS[symbol & 0xff] as number;
  }
  if (seen > 0xff) throw new RangeError('a field line holds a character that is no byte');
  return Math.ceil(bits / 8);
}

/** Writes the code of `text` and returns the offset behind it. The caller has made room ({@link huffmanLength}). */
export function writeHuffman(target: Uint8Array, offset: number, text: string): number {
  let at = offset;
  let pending = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    let code = CODES[symbol] as number;
    let length = CODE_LENGTHS[symbol] as number;
    // Up to seven bits wait for their byte: a code over 24 bits goes in two parts, so that 32 bits hold all.
    if (length > 24) {
      length -= 16;
      pending = (pending << length) | (code >>> 16);
      bits += length;
      while (bits >= 8) {
        bits -= 8;
        target[at++] = pending >>> bits;
      }
      code &= 0xffff;
      length = 16;
    }
    pending = (pending << length) | code;
    bits += length;
    while (bits >= 8) {
      bits -= 8;
      target[at++] = pending >>> bits;
    }
  }
  // The padding is the beginning of EOS: ones.
  if (bits > 0) target[at++] = (pending << (8 - bits)) | (0xff >>> bits);
  return at;
}

/**
 * Decodes `source` from `start` to `end` into `target` and returns the number of bytes written, or −1 when the code
 * is malformed (EOS inside, padding over seven bits or not of ones). Stops as soon as there are more than `limit`,
 * and then returns a number above it. The caller has made room for `limit` + 2.
 */
export function readHuffman(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  limit: number,
): number {
  let node = 0;
  let written = 0;
  for (let at = start; at < end && written <= limit; at++) {
    const byte = source[at] as number;
    const high = STEPS[(node << 4) | (byte >>> 4)] as number;
    const low = STEPS[((high & 0xff) << 4) | (byte & 0xf)] as number;
    if (((high | low) & FAIL) !== 0) return -1;
    if ((high & EMIT) !== 0) target[written++] = high >>> 16;
    if ((low & EMIT) !== 0) target[written++] = low >>> 16;
    node = low & 0xff;
  }
  return written > limit || MAY_END[node] === 1 ? written : -1;
}

/**
 * The decoder is a state machine that takes four bits a step. A state is an inner node of the code tree (256 for 257
 * leaves; the root is 0). A code has at least five bits, so that a step completes one symbol at most.
 *
 *     31      24 23      16 15   10   9      8     7      0
 *     |    0    |  symbol  |  0   | FAIL | EMIT | next node |
 */
const EMIT = 0x100;
const FAIL = 0x200;
const NODES = SYMBOLS - 1;

const CHILDREN = buildTree();
const STEPS = buildSteps(CHILDREN);
const MAY_END = buildEnds(CHILDREN);

// For each node the two it leads to: another node, or a leaf as the complement of its symbol.
function buildTree(): Int32Array {
  const children = new Int32Array(NODES * 2);
  let nodes = 1;
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    let node = 0;
    for (let bit = (CODE_LENGTHS[symbol] as number) - 1; bit > 0; bit--) {
      const branch = node * 2 + (((CODES[symbol] as number) >>> bit) & 1);
      if (children[branch] === 0) children[branch] = nodes++;
      node = children[branch] as number;
    }
    children[node * 2 + ((CODES[symbol] as number) & 1)] = ~symbol;
  }
  return children;
}

function buildSteps(children: Int32Array): Int32Array {
  const steps = new Int32Array(NODES * 16);
  for (let node = 0; node < NODES; node++) {
    for (let input = 0; input < 16; input++) steps[(node << 4) | input] = step(children, node, input);
  }
  return steps;
}

function step(children: Int32Array, from: number, input: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node * 2 + ((input >>> bit) & 1)] as number;
    if (~child === EOS) return FAIL;
    if (child < 0) emitted = EMIT | (~child << 16);
    node = Math.max(child, 0);
  }
  return emitted | node;
}

// A string may end at the root or after up to seven ones.
function buildEnds(children: Int32Array): Uint8Array {
  const ends = new Uint8Array(NODES);
  let node = 0;
  for (let ones = 0; ones <= 7; ones++) {
    ends[node] = 1;
    node = children[node * 2 + 1] as number;
  }
  return ends;
}
