/** Where descriptors begin that systemd passes (sd_listen_fds(3)). */
const FIRST = 3;

/** The socket to be taken when there are several: `FileDescriptorName=` in its unit. */
const NAME = 'http';

/** What systemd passed makes no sense. */
export class InheritedSocketError extends Error {
  override readonly name = 'InheritedSocketError';
}

/** Whether systemd passed anything to the process `pid`. */
export const passesSockets = (env: NodeJS.ProcessEnv, pid: number): boolean =>
  Boolean(env.LISTEN_FDS) && env.LISTEN_FDS !== '0' && env.LISTEN_PID === String(pid);

/**
 * The descriptor of the listening socket that systemd holds for the process `pid` (socket activation), or undefined
 * when there is none. Throws an InheritedSocketError when it cannot tell which one is meant.
 */
export function inheritedSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  if (!passesSockets(env, pid)) return undefined;
  const { LISTEN_FDS = '', LISTEN_FDNAMES = '' } = env;
  if (!/^[1-9]\d{0,3}$/.test(LISTEN_FDS)) {
    throw new InheritedSocketError(`LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}; allowed is a number`);
  }
  const count = Number(LISTEN_FDS);
  if (count === 1) return FIRST;
  const names = LISTEN_FDNAMES.split(':').slice(0, count);
  const named = names.flatMap((name, index) => (name === NAME ? [FIRST + index] : []));
  if (named.length === 1) return named[0];
  throw new InheritedSocketError(
    `systemd passed ${count} sockets (${names.join(', ') || 'without names'}); allowed is one, or one with FileDescriptorName=${NAME} among them`,
  );
}
