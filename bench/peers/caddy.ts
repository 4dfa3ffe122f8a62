/** Caddy at both ends: HTTP/2 over TLS between them. */
import { SERVER_NAME } from '../../test/support/certificates.ts';
import { versionOf } from '../programs.ts';
import type { Subject } from '../subject.ts';
import { type Command, configure, type EndPlan, startPair } from './pair.ts';

export const caddy: Subject = {
  name: 'caddy',
  description: 'Caddy pair, HTTP/2 over TLS',
  version: versionOf('caddy', ['version'], /v?(\d\S+)/),
  start: (originPort) => startPair(originPort, serverEnd, clientEnd),
};

function serverEnd(plan: EndPlan): Command {
  const { cert, key } = plan.identity;
  return run(
    plan,
    `https://${SERVER_NAME}:${plan.port} {
       bind 127.0.0.1
       tls ${cert} ${key} {
         client_auth {
           mode require_and_verify
           trusted_ca_cert_file ${plan.ca}
         }
       }
       reverse_proxy 127.0.0.1:${plan.upstream} {
         transport http {
           keepalive_idle_conns_per_host 1000
         }
       }
     }`,
  );
}

function clientEnd(plan: EndPlan): Command {
  const { cert, key } = plan.identity;
  return run(
    plan,
    `http://:${plan.port} {
       bind 127.0.0.1
       reverse_proxy https://127.0.0.1:${plan.upstream} {
         header_up Host ${SERVER_NAME}
         transport http {
           versions 2
           tls_client_auth ${cert} ${key}
           tls_trusted_ca_certs ${plan.ca}
           tls_server_name ${SERVER_NAME}
         }
       }
     }`,
  );
}

function run(plan: EndPlan, site: string): Command {
  const text = `{
  admin off
  auto_https off
  storage file_system ${plan.folder}
  log {
    output stderr
    level ERROR
  }
  servers {
    protocols h1 h2
  }
}
${site}
`;
  return ['caddy', 'run', '--adapter', 'caddyfile', '--config', configure(plan, text)];
}
