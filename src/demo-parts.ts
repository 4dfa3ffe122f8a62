import type { Logger } from 'pino';
import { startClient } from './client.ts';
import { loadIdentity } from './config/identity.ts';
import { loadConfig } from './config/load.ts';
import { isClient } from './config/schema.ts';
import type { DemoParts } from './demo/demo.ts';
import { observers } from './proxy/observer.ts';
import { startServer } from './server.ts';
import { createLogger } from './system/log.ts';

/** The two ends, for the demo: as `run` starts them, from configuration files. */
export const demoParts: DemoParts = {
  startServer: async (file) => {
    const config = loadConfig(file);
    if (isClient(config)) throw new TypeError(`${file} is not a server's`);
    const { quicPort, stop } = await startServer(
      config,
      loadIdentity(config.tls),
      quiet(),
      process.env,
      observers(),
    );
    return { quicPort, stop };
  },
  startClient: async (file) => {
    const config = loadConfig(file);
    if (!isClient(config)) throw new TypeError(`${file} is not a client's`);
    const { httpPort, ready, stop } = await startClient(
      config,
      loadIdentity(config.tls),
      quiet(),
      process.env,
      observers(),
    );
    return { httpPort, ready, stop };
  },
};

// The demo prints its own lines; only what goes wrong is worth one of the program's.
function quiet(): Logger {
  return createLogger('warn', 'pretty');
}
