/** Two bare proxies of node:http, without TLS: what Node itself costs, and nothing else. */
import { fileURLToPath } from 'node:url';
import type { Subject } from '../subject.ts';
import { type EndMaker, startPair } from './pair.ts';

const PROGRAM = fileURLToPath(new URL('bare-proxy.ts', import.meta.url));

export const bare: Subject = {
  name: 'node',
  description: 'bare node:http proxy pair, HTTP/1.1 without TLS',
  version: process.versions.node,
  start: (originPort) => startPair(originPort, end, end),
};

const end: EndMaker = ({ port, upstream }) => [
  process.execPath,
  '--import',
  'tsx',
  PROGRAM,
  `${port}`,
  `${upstream}`,
];
