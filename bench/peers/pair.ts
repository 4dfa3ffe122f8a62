/** A pair of programs made the same way: a server end in front of the origin, and a client end in front of that. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IdentityFiles, sharedPki, temporaryFolder } from '../../test/support/certificates.ts';
import { freePort, Program } from '../programs.ts';
import { type Running, timed } from '../subject.ts';

/** What a configuration of one end is made of. */
export interface EndPlan {
  /** Where it listens, and where it sends requests. */
  readonly port: number;
  readonly upstream: number;
  readonly ca: string;
  readonly identity: IdentityFiles;
  /** A folder of its own. */
  readonly folder: string;
}

/** The command that runs an end in the foreground. */
export type Command = readonly [string, ...string[]];

export type EndMaker = (plan: EndPlan) => Command;

/** Starts both ends, and resolves when both listen. */
export async function startPair(originPort: number, server: EndMaker, client: EndMaker): Promise<Running> {
  const pki = await sharedPki();
  const [far, near] = [await freePort(), await freePort()];
  const common = { ca: pki.ca };
  const [serverUp, serverEnd] = await startEnd(server, {
    ...common,
    port: far,
    upstream: originPort,
    identity: await pki.server(),
    folder: temporaryFolder(),
  });
  const [clientUp, clientEnd] = await startEnd(client, {
    ...common,
    port: near,
    upstream: far,
    identity: await pki.client(),
    folder: temporaryFolder(),
  });
  return {
    port: near,
    ends: { client: clientEnd.pid, server: serverEnd.pid },
    startUp: { client: clientUp, server: serverUp },
    stop: async () => {
      await Promise.all([clientEnd.stop(), serverEnd.stop()]);
    },
  };
}

function startEnd(make: EndMaker, plan: EndPlan): Promise<[number, Program]> {
  const [command, ...args] = make(plan);
  return timed(() => new Program(command, args).listening(plan.port));
}

/** Writes a configuration into the end's folder; its path. */
export function configure(plan: EndPlan, text: string): string {
  const file = join(plan.folder, 'configuration');
  writeFileSync(file, text);
  return file;
}
