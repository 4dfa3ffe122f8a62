import type { TomlValue } from 'smol-toml';

const MAX_SHOWN = 80;

/** What stands in the file, for an error message: kind and value, on one line, of bounded length. */
export function describeValue(raw: TomlValue): string {
  if (typeof raw === 'string') return `the string ${quote(shorten(raw))}`;
  if (typeof raw === 'bigint') return `the integer ${raw}`;
  if (typeof raw === 'number') return `the float ${formatFloat(raw)}`;
  if (typeof raw === 'boolean') return `the boolean ${raw}`;
  if (Array.isArray(raw)) return raw.length === 0 ? 'an empty array' : 'an array';
  return raw instanceof Date ? 'a date or time' : 'a table';
}

/** A key as TOML writes it: quoted unless it is bare. */
export function describeKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? shorten(name) : quote(shorten(name));
}

/** A file's name: quoted where it would not be a plain piece of a line otherwise. */
export function describePath(file: string): string {
  return CONTROL.test(file) ? quote(file) : file;
}

// Terminals act upon some of these.
const CONTROL = /\p{Cc}/u;

// JSON writes only the first half of the control characters as escapes.
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /\p{Cc}/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}
