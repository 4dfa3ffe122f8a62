/** Where descriptors begin that systemd passes (sd_listen_fds(3)). */
const FIRST = 3;

/** The socket to be taken when there are several: `FileDescriptorName=` in its unit. */
const NAME = 'http';

/** What systemd passed makes no sense. */
export class InheritedSocketError extends Error {
  override readonly name = 'InheritedSocketError';
}

/**
 * The descriptor of the listening socket that systemd holds for the process `pid` (socket activation), or undefined
 * when there is none. Throws an InheritedSocketError when it cannot tell which one is meant.
 */
export function inheritedSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  if (!LISTEN_FDS || LISTEN_PID !== String(pid)) return undefined;
  if (!/^\d{1,4}$/.test(LISTEN_FDS)) {
    throw new InheritedSocketError(`LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}; allowed is a number`);
  }
  const count = Number(LISTEN_FDS);
  if (count <= 1) return count === 1 ? FIRST : undefined;
  const names = (LISTEN_FDNAMES ?? '').split(':').slice(0, count);
  const named = names.flatMap((name, index) => (name === NAME ? [FIRST + index] : []));
  if (named.length === 1) return named[0];
  throw new InheritedSocketError(
    `systemd passed ${count} sockets (${names.join(', ') || 'without names'}); allowed is one, or one with FileDescriptorName=${NAME} among them`,
  );
}
