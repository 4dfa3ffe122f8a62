import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Why a file cannot be read. */
export interface Unreadable {
  readonly reason: string;
}

/**
 * Reads a regular file of at most `limit` bytes. Devices and pipes are refused: they may never end, and a reload
 * could not read them again.
 */
export function readRegularFile(file: string, limit: number): Buffer | Unreadable {
  try {
    // Without O_NONBLOCK, opening a pipe waits for its writer.
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readHandle(handle, limit);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return { reason: systemReason(error) };
  }
}

/** Why `file` cannot be read, or `undefined` when it can. */
export function whyUnreadable(file: string): string | undefined {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return notRegular(stats.isDirectory());
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return systemReason(error);
  }
}

function readHandle(handle: number, limit: number): Buffer | Unreadable {
  const stats = fstatSync(handle);
  if (!stats.isFile()) return { reason: notRegular(stats.isDirectory()) };
  if (stats.size > limit) return { reason: `it has ${stats.size} bytes, more than the ${limit} allowed` };
  const content = Buffer.alloc(stats.size);
  let length = 0;
  while (length < content.length) {
    const count = readSync(handle, content, length, content.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return content.subarray(0, length);
}

const notRegular = (directory: boolean): string =>
  directory ? 'it is a directory' : 'it is not a regular file';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'its name is too long',
};

function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? error.message;
}
