/** Writes the references in docs/ from the tables that they describe: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { renderReference } from '../src/config/reference.ts';
import { renderMetrics } from '../src/observe/reference.ts';

const write = (name: string, text: string): void =>
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);

write('configuration.md', renderReference());
write('metrics.md', renderMetrics());
