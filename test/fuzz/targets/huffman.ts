import { huffmanLength, readHuffman, writeHuffman } from '../../../src/qpack/huffman.ts';
import { CODE_LENGTHS, CODES, EOS, SYMBOLS } from '../../../src/qpack/huffman-table.ts';
import { check, sameBytes, type Target } from '../target.ts';

const MOST = 512;
const target = Buffer.alloc(1024);
const coded = Buffer.alloc(4096);

/** Huffman codes: decoded bit by bit from the table of RFC 7541, and coded again; and any text coded and decoded. */
export const huffman: Target = {
  name: 'huffman',
  maxLength: 256,
  seeds: ['www.example.com', 'no-cache', '\x00\xff{}', '302'].map((text) => code(text)),
  dictionary: ['a', '0', '/', '\xff', '\x00', '\n', '\\'].map((text) => code(text)),
  run(input, trace) {
    const written = readHuffman(input, 0, input.length, target, MOST);
    const wanted = reference(input);
    trace.size(wanted === undefined ? 1 : 2, Math.max(written, 0));
    check(
      written < 0 === (wanted === undefined),
      'what RFC 7541 §5.2 calls an error is one, and nothing else',
    );
    if (wanted !== undefined) {
      check(sameBytes(target.subarray(0, written), Buffer.from(wanted)), 'the text is that of the table');
      check(sameBytes(code(target.toString('latin1', 0, written)), input), 'it has one code');
      limited(input, written);
    }
    const text = Buffer.from(input).toString('latin1');
    const codeOfInput = code(text);
    const read = readHuffman(codeOfInput, 0, codeOfInput.length, target, MOST);
    check(target.toString('latin1', 0, read) === text, 'what was coded is decoded');
    for (const byte of input.subarray(0, 8)) trace.hit(256 + (CODE_LENGTHS[byte] as number));
  },
};

function code(text: string): Uint8Array {
  const end = writeHuffman(coded, 0, text);
  check(end === huffmanLength(text), 'the code is as long as was foretold');
  return Uint8Array.from(coded.subarray(0, end));
}

function limited(input: Uint8Array, length: number): void {
  if (length === 0) return;
  const more = readHuffman(input, 0, input.length, target, length - 1);
  check(more > length - 1 && more <= length + 1, 'a text over the limit is seen to be');
}

const SYMBOL_OF = new Map<number, number>();
for (let symbol = 0; symbol < SYMBOLS; symbol++) {
  SYMBOL_OF.set((CODE_LENGTHS[symbol] as number) * 2 ** 30 + (CODES[symbol] as number), symbol);
}

function reference(input: Uint8Array): number[] | undefined {
  const text: number[] = [];
  let bits = 0;
  let length = 0;
  for (const byte of input) {
    for (let bit = 7; bit >= 0; bit--) {
      bits = bits * 2 + ((byte >> bit) & 1);
      const symbol = SYMBOL_OF.get(++length * 2 ** 30 + bits);
      if (symbol === undefined) continue;
      if (symbol === EOS) return undefined;
      text.push(symbol);
      bits = 0;
      length = 0;
    }
  }
  return length < 8 && bits === 2 ** length - 1 ? text : undefined;
}
