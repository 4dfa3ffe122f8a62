/** Writes docs/configuration.md from the tables of the configuration: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { renderReference } from '../src/config/reference.ts';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderReference());
