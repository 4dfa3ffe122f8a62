import { distance } from 'fastest-levenshtein';
import { SCHEMA, SECTION_NAMES, type SectionName } from './schema.ts';

/**
 * What the user probably meant by an unknown `name` in `section` (or outside any), else what is allowed there:
 * continues a message.
 */
export function hintForKey(name: string, section: SectionName | undefined): string {
  const elsewhere = SECTION_NAMES.find(
    (other) => other !== section && Object.keys(SCHEMA[other]).includes(name),
  );
  if (elsewhere !== undefined) return `; ${name} belongs in [${elsewhere}]`;
  const near = section === undefined ? undefined : nearest(name, Object.keys(SCHEMA[section]));
  if (near !== undefined) return `; did you mean ${near}?`;
  for (const other of SECTION_NAMES) {
    const key = nearest(name, Object.keys(SCHEMA[other]));
    if (key !== undefined) return `; did you mean ${key} in [${other}]?`;
  }
  return section === undefined
    ? `; ${ALLOWED_SECTIONS}`
    : `; allowed in [${section}] are ${Object.keys(SCHEMA[section]).join(', ')}`;
}

/** What the user probably meant by an unknown section, else what is allowed: continues a message. */
export function hintForSection(name: string): string {
  const near = nearest(name, SECTION_NAMES);
  return near === undefined ? `; ${ALLOWED_SECTIONS}` : `; did you mean [${near}]?`;
}

const ALLOWED_SECTIONS = `allowed are the sections ${SECTION_NAMES.map((name) => `[${name}]`).join(', ')}`;

// A third of the letters may be wrong: more, and short keys would be taken for one another. The length is checked
// first because the distance takes the product of both lengths.
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const word = name.toLowerCase().replaceAll('-', '_');
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const allowed = Math.floor(candidate.length / 3);
    if (Math.abs(candidate.length - word.length) > allowed) continue;
    const steps = distance(word, candidate);
    if (steps > allowed || steps >= bestDistance) continue;
    best = candidate;
    bestDistance = steps;
  }
  return best;
}
