/** HAProxy at both ends: HTTP/2 over TLS between them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_NAME } from '../../test/support/certificates.ts';
import { versionOf } from '../programs.ts';
import type { Subject } from '../subject.ts';
import { type Command, configure, type EndPlan, startPair } from './pair.ts';

export const haproxy: Subject = {
  name: 'haproxy',
  description: 'HAProxy pair, HTTP/2 over TLS',
  version: versionOf('haproxy', ['-v'], /version (\S+)/),
  start: (originPort) => startPair(originPort, serverEnd, clientEnd),
};

function serverEnd(plan: EndPlan): Command {
  const tls = `ssl crt ${bundle(plan)} ca-file ${plan.ca} verify required alpn h2`;
  return run(
    plan,
    `bind 127.0.0.1:${plan.port} backlog 4096 ${tls}`,
    `server next 127.0.0.1:${plan.upstream}`,
  );
}

function clientEnd(plan: EndPlan): Command {
  const identity = `crt ${bundle(plan)} ca-file ${plan.ca}`;
  const tls = `ssl verify required ${identity} sni str(${SERVER_NAME}) verifyhost ${SERVER_NAME} alpn h2`;
  return run(
    plan,
    `bind 127.0.0.1:${plan.port} backlog 4096`,
    `server next 127.0.0.1:${plan.upstream} ${tls}`,
  );
}

function run(plan: EndPlan, bind: string, server: string): Command {
  const text = `
global
  maxconn 9900
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend front
  ${bind}
  default_backend back
backend back
  ${server}
`;
  return ['haproxy', '-db', '-f', configure(plan, text)];
}

/** HAProxy wants certificate and key in one file. */
function bundle({ folder, identity }: EndPlan): string {
  const file = join(folder, 'bundle.pem');
  writeFileSync(file, `${readFileSync(identity.cert, 'utf8')}\n${readFileSync(identity.key, 'utf8')}`, {
    mode: 0o600,
  });
  return file;
}
