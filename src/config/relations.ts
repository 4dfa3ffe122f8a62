import { describePath } from './describe.ts';
import { whyUnreadable } from './files.ts';
import type { Problem } from './problem.ts';
import { SCHEMA, SECTION_NAMES } from './schema.ts';
import { problemAt, type Source } from './source.ts';
import { path } from './types.ts';
import type { Draft } from './validate.ts';

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Checks what no key shows alone: keys against one another, the environment, and the files that are named. */
export function checkRelations(source: Source, draft: Draft, env: Environment): readonly Problem[] {
  return [
    ...checkVerification(source, draft, env),
    ...checkPort(source, draft),
    ...checkKeepAlive(source, draft),
    ...checkFiles(source, draft),
  ];
}

function checkVerification(source: Source, draft: Draft, env: Environment): readonly Problem[] {
  if (draft.tls.get('skip_verify') !== true || env.PTPROXY_INSECURE === '1') return [];
  const allowed = 'allowed is false, or true with PTPROXY_INSECURE=1 in the environment';
  return [problemAt(source, ['tls', 'skip_verify'], `found true, which lets anybody in; ${allowed}`)];
}

function checkPort(source: Source, draft: Draft): readonly Problem[] {
  if (draft.general.get('mode') !== 'Client' || draft.general.get('quic_port') !== 0) return [];
  const message = 'found 0 with mode = "Client"; allowed is the port of the server, from 1 to 65535';
  return [problemAt(source, ['general', 'quic_port'], message)];
}

function checkKeepAlive(source: Source, draft: Draft): readonly Problem[] {
  const { max_idle_timeout, keep_alive_interval } = SCHEMA.transport;
  const idle = Number(draft.transport.get('max_idle_timeout') ?? max_idle_timeout.default.value);
  const interval = Number(draft.transport.get('keep_alive_interval') ?? keep_alive_interval.default.value);
  if (interval < idle) return [];
  const culprit = draft.transport.has('keep_alive_interval') ? 'keep_alive_interval' : 'max_idle_timeout';
  const found = `found keep_alive_interval = ${interval} with max_idle_timeout = ${idle} (ms)`;
  const message = `${found}; allowed is a keep_alive_interval under max_idle_timeout`;
  return [problemAt(source, ['transport', culprit], message)];
}

function checkFiles(source: Source, draft: Draft): readonly Problem[] {
  return SECTION_NAMES.flatMap((section) =>
    Object.entries(SCHEMA[section]).flatMap(([name, key]) => {
      const file = draft[section].get(name);
      if (key.type !== path || typeof file !== 'string') return [];
      const reason = whyUnreadable(file);
      if (reason === undefined) return [];
      const message = `cannot read ${describePath(file)}: ${reason}; allowed is ${key.type.allowed}`;
      return [problemAt(source, [section, name], message)];
    }),
  );
}
