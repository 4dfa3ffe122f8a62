import { Agent, type ClientRequest, request } from 'node:http';
import type { OriginContext } from './origin-context.ts';
import { SOCKET_BUFFER } from './shared-reading.ts';
import type { OriginUpgradeHead } from './upgrade.ts';

/** Connections for upgrades: each has its own, which allows that one side closes before the other. */
export function upgradeAgent(tcpNoDelay: boolean): Agent {
  // What Agent does not know it hands to the sockets.
  const options = {
    keepAlive: false,
    noDelay: tcpNoDelay,
    highWaterMark: SOCKET_BUFFER,
    allowHalfOpen: true,
  };
  return new Agent(options);
}

/** Sends an HTTP/1.1 request to upgrade to the origin. */
export function openUpgradeRequest(
  { headers }: OriginUpgradeHead,
  path: string,
  context: OriginContext,
): ClientRequest {
  const { host, port } = context.address;
  const opened = request({
    agent: context.upgrades,
    host,
    port,
    method: 'GET',
    path,
    headers,
    maxHeaderSize: context.limits.maxHeaderSize,
    insecureHTTPParser: false,
    setHost: false,
  });
  // All of them: they are counted later.
  opened.maxHeadersCount = 0;
  opened.end();
  return opened;
}
