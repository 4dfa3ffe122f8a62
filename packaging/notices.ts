/** What the licences of all that is inside the executable ask to be handed on with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LICENCE = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i;

/** Where builds of Node.js keep their licence, from the directory above the executable's. */
const NODE_LICENCES = [
  'LICENSE',
  'share/doc/nodejs/LICENSE',
  'share/doc/node/LICENSE',
  'share/doc/nodejs/copyright',
];

/** The engine's native module is delivered compiled, without the licences of what it is made of. */
const ENGINE = `quiche, Copyright (C) 2018-2019, Cloudflare, Inc. (BSD-2-Clause)
https://github.com/cloudflare/quiche/blob/master/COPYING

BoringSSL (Apache-2.0, ISC, OpenSSL)
https://github.com/google/boringssl/blob/master/LICENSE
`;

/** Names, versions and licence texts of Node.js and of the packages in the directories given, paths from `root`. */
export function notices(root: string, packages: readonly string[]): string {
  const parts = packages.map((directory) => packageNotice(join(root, directory)));
  return [nodeNotice(), ENGINE, ...parts].join(`\n${'-'.repeat(78)}\n\n`);
}

function nodeNotice(): string {
  const prefix = dirname(dirname(process.execPath));
  const file = NODE_LICENCES.map((name) => join(prefix, name)).find(existsSync);
  const text =
    file === undefined
      ? `MIT and others: https://github.com/nodejs/node/blob/${process.version}/LICENSE\n`
      : readFileSync(file, 'utf8');
  return `Node.js ${process.version}\n\n${text}`;
}

function packageNotice(directory: string): string {
  const manifest: { name?: string; version?: string; license?: string } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  );
  const texts = readdirSync(directory)
    .filter((name) => LICENCE.test(name))
    .map((name) => readFileSync(join(directory, name), 'utf8'));
  return [`${manifest.name} ${manifest.version} (${manifest.license})\n`, ...texts].join('\n');
}
