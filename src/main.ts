#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { checkConfiguration } from './config/check.ts';
import { ConfigError } from './config/problem.ts';
import type { DemoOptions } from './demo/demo.ts';
import type { StatusOptions } from './status.ts';
import { tuneV8 } from './system/v8.ts';
import { version } from './version.ts';

const DEFAULT_CONFIG = '/etc/ptproxy/config.toml';

/** A command-line number from `min` to `max`. */
function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Allowed is a number from ${min} to ${max}.`);
    }
    return value;
  };
}

// Each command loads what it needs, and only that: the version and a check come without the QUIC engine.
async function runCommand(file: string): Promise<void> {
  tuneV8();
  const { run } = await import('./run.ts');
  await orConfigError(async () => run(file, process.env));
  // What may still be under way, as the look-up of a name, must not hold it up.
  process.exit();
}

async function orConfigError(action: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

function checkCommand(file: string): void {
  const { ok, report } = checkConfiguration(file);
  process.stdout.write(report);
  process.exitCode = ok ? 0 : 1;
}

async function statusCommand(file: string, options: StatusOptions): Promise<void> {
  const { showStatus } = await import('./status.ts');
  await orConfigError(async () => showStatus(file, options));
}

async function demoCommand(options: DemoOptions): Promise<void> {
  const [{ runDemo }, { demoParts }] = await Promise.all([
    import('./demo/demo.ts'),
    import('./demo-parts.ts'),
  ]);
  process.exitCode = await runDemo(options, demoParts);
}

const program = new Command('ptproxy')
  .description('Point-to-point HTTP tunnel: HTTP/1.1 in, HTTP/3 over one QUIC session, HTTP/1.1 out.')
  .version(version(), '-V, --version')
  .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
  .helpCommand(false)
  .action(async (options: { config: string }) => runCommand(options.config));

program
  .command('check')
  .description('validate configuration, keys and certificates, and say what the values imply')
  .option('-c, --config <file>', 'configuration file')
  .action((options: { config?: string }) =>
    checkCommand(options.config ?? program.opts<{ config: string }>().config),
  );

program
  .command('status')
  .description(
    'show what the running end says of itself; exit code 3 when it is not ready, 1 when it cannot be asked',
  )
  .option('-c, --config <file>', 'configuration file')
  .option('--watch', 'keep showing, until interrupted', false)
  .option('--json', 'all of it, as JSON', false)
  .action(({ config, ...options }: StatusOptions & { config?: string }) =>
    statusCommand(config ?? program.opts<{ config: string }>().config, options),
  );

program
  .command('demo')
  .description('origin, both ends, throw-away certificates and an emulated link in one process')
  .option('--rtt <ms>', 'round-trip time of the link', number(0, 10_000), 150)
  .option('--rate <mbit>', 'rate of the link, Mbit/s', number(0.1, 10_000), 30)
  .option('--loss <percent>', 'datagrams lost each way', number(0, 50), 0)
  .option('--once', 'make a few requests, print their timings, and end', false)
  .action(demoCommand);

// Not awaited: the single executable is bundled as CommonJS, which has no top-level await.
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`ptproxy: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
