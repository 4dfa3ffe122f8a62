/** nginx at both ends: HTTP/1.1 over TLS between them, connections kept. */
import { SERVER_NAME } from '../../test/support/certificates.ts';
import { versionOf } from '../programs.ts';
import type { Subject } from '../subject.ts';
import { type Command, configure, type EndPlan, startPair } from './pair.ts';

export const nginx: Subject = {
  name: 'nginx',
  description: 'nginx pair, HTTP/1.1 over TLS',
  version: versionOf('nginx', ['-v'], /nginx\/(\S+)/),
  start: (originPort) => startPair(originPort, serverEnd, clientEnd),
};

/** A configuration that touches nothing outside `folder`, of `workers` processes. */
export function nginxConfiguration(folder: string, workers: string, http: string): string {
  // Started by root, its workers would be somebody who cannot write here.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `
${user}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile 20000;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 15000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 0;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  ${http}
}
`;
}

function serverEnd(plan: EndPlan): Command {
  const { cert, key } = plan.identity;
  return run(
    plan,
    `listen 127.0.0.1:${plan.port} ssl backlog=4096;
     ssl_certificate ${cert}; ssl_certificate_key ${key};
     ssl_client_certificate ${plan.ca}; ssl_verify_client on;
     location / { proxy_pass http://next; }`,
  );
}

function clientEnd(plan: EndPlan): Command {
  const { cert, key } = plan.identity;
  return run(
    plan,
    `listen 127.0.0.1:${plan.port} backlog=4096;
     location / {
       proxy_pass https://next;
       proxy_ssl_certificate ${cert}; proxy_ssl_certificate_key ${key};
       proxy_ssl_trusted_certificate ${plan.ca}; proxy_ssl_verify on;
       proxy_ssl_name ${SERVER_NAME}; proxy_ssl_server_name on;
     }`,
  );
}

function run(plan: EndPlan, server: string): Command {
  const http = `
  upstream next { server 127.0.0.1:${plan.upstream}; keepalive 1000; keepalive_requests 100000000; }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_request_buffering off;
  server { ${server} }`;
  return ['nginx', '-c', configure(plan, nginxConfiguration(plan.folder, 'auto', http)), '-p', plan.folder];
}
