import { describe, expect, it } from 'vitest';
import { clientEnd, origin, serverEnd, tunnel } from '../integration/ends.fixture.ts';
import { later } from '../integration/later.fixture.ts';
import { closedUdpPort } from '../integration/ports.fixture.ts';
import { sharedPki } from '../support/certificates.ts';
import { fetchWhole } from '../support/http-client.ts';
import { canNotify, NotifySocket } from './notify-socket.fixture.ts';

describe.skipIf(!canNotify())('what systemd hears', () => {
  it('of a server end: accepting, stopping, finishing', async () => {
    const systemd = await NotifySocket.open();
    const { process } = await serverEnd(1, { env: { NOTIFY_SOCKET: systemd.path } });
    expect(await systemd.next()).toBe('STATUS=accepting connections; 0 requests in flight');
    expect(await systemd.next()).toBe('READY=1\nSTATUS=accepting connections; 0 requests in flight');
    expect(await process.stop()).toMatchObject({ code: 0 });
    expect(await systemd.next()).toBe(
      'STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000\n' +
        'STATUS=waiting for outstanding connections to close; 0 requests in flight',
    );
    expect(await systemd.next()).toBe('STATUS=waiting for endpoint to finish; 0 requests in flight');
  });

  it('of a client end: READY when the first attempt has come to something', async () => {
    const server = await serverEnd(1);
    const systemd = await NotifySocket.open();
    const { process } = await clientEnd(server.quicPort, { env: { NOTIFY_SOCKET: systemd.path } });
    expect(await systemd.next()).toBe('STATUS=attempting first connection; 0 requests in flight');
    expect(await systemd.next()).toMatch(
      /^READY=1\nSTATUS=tunnel established; rtt [\d.]+ ms, 0 requests in flight$/,
    );
    await process.stop();
    expect(await systemd.next()).toMatch(/^STOPPING=1\n/);
  });

  it('of a client end: READY when the first attempt has come to nothing, why, and when that is over', async () => {
    const systemd = await NotifySocket.open();
    const quicPort = await closedUdpPort();
    const config = { system: { connect_interval: 50 } };
    await clientEnd(quicPort, { config, env: { NOTIFY_SOCKET: systemd.path } });
    await systemd.next();
    expect(await systemd.next()).toMatch(
      /^READY=1\nSTATUS=client connection failed: cannot connect to .*:\d+: .+; 0 requests in flight$/,
    );
    await serverEnd(1, { config: { general: { quic_port: quicPort } } });
    expect(await systemd.nextLike(/established/)).toMatch(/^STATUS=tunnel established; /);
  });

  it('of a client end that does not wait: READY at once', async () => {
    const systemd = await NotifySocket.open();
    const config = { system: { wait_for_first_attempt: false } };
    await clientEnd(await closedUdpPort(), { config, env: { NOTIFY_SOCKET: systemd.path } });
    expect(await systemd.next()).toBe('READY=1\nSTATUS=attempting first connection; 0 requests in flight');
  });

  it('of a certificate that is about to expire', async () => {
    const pki = await sharedPki();
    const tls = await pki.server({ notAfter: new Date(Date.now() + 3.5 * 86_400_000) });
    const systemd = await NotifySocket.open();
    await serverEnd(1, { config: { tls: { ...tls } }, env: { NOTIFY_SOCKET: systemd.path } });
    expect(await systemd.next()).toBe(
      'STATUS=accepting connections; 0 requests in flight, our certificate expires in 3 days',
    );
  });

  it('of the tunnel that is lost', async () => {
    const systemd = await NotifySocket.open();
    const { server } = await tunnel(1, { client: { env: { NOTIFY_SOCKET: systemd.path } } });
    await systemd.nextLike(/^READY/);
    await server.process.stop();
    expect(await systemd.nextLike(/failed/)).toMatch(/^STATUS=client connection failed: (connection|cannot)/);
  });

  it('of requests in flight, also while they hold up the end', async () => {
    const arrived = later<void>();
    const released = later<void>();
    const { port } = await origin(async (_, response) => {
      arrived.happen();
      await released.happened;
      response.end();
    });
    const systemd = await NotifySocket.open();
    const { client } = await tunnel(port, { client: { env: { NOTIFY_SOCKET: systemd.path } } });
    const answer = fetchWhole({ port: client.httpPort });
    await arrived.happened;
    expect(await systemd.nextLike(/ 1 request /)).toMatch(
      /^STATUS=tunnel established; rtt [\d.]+ ms, 1 request in flight$/,
    );
    client.process.signal('SIGINT');
    expect(await systemd.nextLike(/^STOPPING/)).toMatch(/, 1 request in flight$/);
    released.happen();
    expect((await answer).status).toBe(200);
    expect(await systemd.nextLike(/finish/)).toMatch(/, 0 requests in flight$/);
  });

  it('of an error that nobody has dealt with: the end, its number and why', async () => {
    const systemd = await NotifySocket.open();
    const code = "process.on('SIGUSR2', () => process.kill(2 ** 22 + 1, 'SIGTERM'))";
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(code)}`;
    const { process } = await serverEnd(1, { env: { NOTIFY_SOCKET: systemd.path, NODE_OPTIONS } });
    process.signal('SIGUSR2');
    expect(await systemd.nextLike(/^STOPPING/)).toBe('STOPPING=1\nERRNO=3\nSTATUS=failed: Error: kill ESRCH');
    expect(await process.exited).toEqual({ code: 1, signal: null });
  });

  it('of the main loop: it turns at WATCHDOG_USEC / watchdog_factor', async () => {
    const systemd = await NotifySocket.open();
    const env = { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '300000' };
    await serverEnd(1, { config: { system: { watchdog_factor: 3 } }, env });
    await systemd.nextLike(/^WATCHDOG=1$/);
    const start = performance.now();
    for (let count = 0; count < 5; count++) await systemd.nextLike(/^WATCHDOG=1$/);
    const passed = performance.now() - start;
    expect(passed).toBeGreaterThan(400);
    expect(passed).toBeLessThan(1500);
  });
});
