/** Every way in which a stream of a real connection ends. */
import { afterEach, describe, expect, it } from 'vitest';
import { SERVER_NAME } from '../support/certificates.ts';
import { patternHash } from '../support/pattern.ts';
import { openedStream, passMarker } from '../support/quic-end.ts';
import { closeAll, connectPair, QuicServer, quicOptions } from '../support/quic-pair.ts';
import { RawClient, rawConfig } from '../support/quic-raw.ts';

afterEach(closeAll);

const CANCELLED = 0x10c;

describe('the end of a stream', () => {
  it('is delivered of one without content', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    client.connection.write(id, Buffer.alloc(0), true);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).bytes).toBe(0);
  });

  it.each(['before', 'after'])(
    'that came alone while paused, %s the answer was sent, is delivered once after resume',
    async (when) => {
      const { client, server } = await connectPair();
      const id = await openedStream(client, server);
      server.connection.pauseStream(id);
      const end = async (): Promise<void> => {
        client.connection.write(id, Buffer.alloc(0), true);
        await passMarker(client, server);
      };
      if (when === 'before') await end();
      server.connection.write(id, Buffer.from('answer'), true);
      await client.received(id);
      if (when === 'after') await end();
      expect(server.stream(id).fin).toBe(false);
      server.connection.resumeStream(id);
      await server.until(() => server.stream(id).fin);
      await passMarker(client, server);
    },
  );

  it('that came with content while paused is delivered after it', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    server.connection.pauseStream(id);
    client.connection.write(id, Buffer.from('last words'), true);
    await passMarker(client, server);
    expect(server.stream(id)).toMatchObject({ bytes: 1, fin: false });
    server.connection.resumeStream(id);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).bytes).toBe(11);
  });

  it('is not lost on a stream paused and resumed again and again', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.connection.write(id, Buffer.alloc(0), true);
    for (let turn = 0; turn < 5; turn++) {
      server.connection.pauseStream(id);
      await passMarker(client, server);
      server.connection.resumeStream(id);
      server.connection.pauseStream(id);
      server.connection.resumeStream(id);
    }
    await server.until(() => server.stream(id).fin);
  });
});

describe('RESET_STREAM', () => {
  it.each(['flowing', 'paused'])('reaches a peer whose stream is %s', async (how) => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    if (how === 'paused') server.connection.pauseStream(id);
    client.connection.write(id, Buffer.alloc(100_000), false);
    if (how === 'paused') await passMarker(client, server);
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    expect(server.stream(id)).toMatchObject({ reset: CANCELLED, fin: false });
  });

  it('is the first that the peer sees of a stream', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    expect(server.stream(id)).toMatchObject({ reset: CANCELLED, bytes: 0 });
  });

  it('drops what was queued', async () => {
    const { client, server } = await connectPair({ server: { streamReceiveWindow: 10_000 } });
    const id = await openedStream(client, server);
    server.connection.pauseStream(id);
    client.connection.write(id, Buffer.alloc(1_000_000), false);
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    expect(server.stream(id).bytes).toBe(1);
  });

  it('leaves the other direction open', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    void server.send(id, 100_000, 9);
    expect(await client.received(id)).toBe(patternHash(100_000, 9));
  });

  it('is of no effect on a stream that has ended, or never was', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    client.connection.write(id, Buffer.from('all'), true);
    await server.until(() => server.stream(id).fin);
    client.connection.resetStream(id, CANCELLED);
    client.connection.resetStream(4000, CANCELLED);
    client.connection.stopSending(4000, CANCELLED);
    await passMarker(client, server);
    expect(server.stream(id).reset).toBeUndefined();
  });
});

describe('RESET_STREAM behind the end, which our own ends never send', () => {
  it.each(['flowing', 'paused'])('reaches a stream that is %s and not read to its end', async (how) => {
    const endpoint = await QuicServer.start({ streamReceiveWindow: 50_000 });
    const { identity } = await quicOptions('client');
    const config = rawConfig(identity.ca, identity.chain, identity.key);
    const client = await RawClient.start(endpoint.port, config, SERVER_NAME);
    const server = await endpoint.end();
    server.onData = (id) => {
      if (how === 'paused') server.connection.pauseStream(id);
    };
    client.engine.streamSend(0, Buffer.alloc(1000), false);
    client.flush();
    await server.until(() => server.stream(0).bytes > 0);
    client.engine.streamSend(0, Buffer.alloc(4000), true);
    if (how === 'flowing') client.loseNext = 1;
    client.flush();
    client.engine.streamShutdown(0, 1, CANCELLED);
    client.flush();
    await server.until(() => server.stream(0).reset !== undefined);
    expect(server.stream(0)).toMatchObject({ fin: false });
    client.close();
  });
});

describe('STOP_SENDING', () => {
  it('reaches a peer that has nothing to send', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.connection.stopSending(id, CANCELLED);
    await server.until(() => server.stream(id).stopped !== undefined);
    expect(server.stream(id).stopped).toBe(CANCELLED);
  });

  it('reaches a peer that has nothing to send while other streams are busy', async () => {
    const { client, server } = await connectPair();
    const busy = client.open();
    void client.send(busy, 20_000_000, 0);
    for (let turn = 0; turn < 20; turn++) {
      const id = await openedStream(client, server);
      client.connection.write(id, Buffer.alloc(0), true);
      await server.until(() => server.stream(id).fin);
      client.connection.stopSending(id, CANCELLED);
      await server.until(() => server.stream(id).stopped !== undefined);
    }
    client.connection.resetStream(busy, CANCELLED);
  });

  it('reaches a peer in the middle of sending, and drops what it had queued', async () => {
    const { client, server } = await connectPair({ client: { streamReceiveWindow: 20_000 } });
    const id = await openedStream(client, server);
    client.connection.pauseStream(id);
    void server.send(id, 1_000_000, 1);
    await client.until(() => client.stream(id).bytes === 0);
    await passMarker(client, server);
    client.connection.stopSending(id, CANCELLED);
    await server.until(() => server.stream(id).stopped !== undefined);
    expect(server.stream(id).stopped).toBe(CANCELLED);
    expect(server.connection.write(id, Buffer.alloc(10), false)).toBe(true);
  });

  it('ends delivery at once', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.onData = (which) => client.connection.stopSending(which, CANCELLED);
    void server.send(id, 1_000_000, 1);
    await server.until(() => server.stream(id).stopped !== undefined);
    await passMarker(client, server);
    const { bytes, fin, reset } = client.stream(id);
    expect({ fin, reset }).toEqual({ fin: false, reset: undefined });
    expect(bytes).toBeLessThanOrEqual(65_536);
  });

  it('changes nothing for a peer that has sent all', async () => {
    const { client, server } = await connectPair();
    const marker = await openedStream(client, server);
    const id = await openedStream(client, server);
    client.connection.pauseStream(id);
    server.connection.write(id, Buffer.from('all'), true);
    server.connection.write(marker, Buffer.from('!'), false);
    await client.until(() => client.stream(marker).bytes > 0);
    client.connection.stopSending(id, CANCELLED);
    client.connection.write(id, Buffer.alloc(0), true);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).stopped).toBeUndefined();
  });
});
