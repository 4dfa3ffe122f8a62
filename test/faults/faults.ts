/** The faults of the matrix: how each begins and how it ends. */
import type { Conditions } from '../../src/demo/lane.ts';
import type { World } from './world.ts';

export interface Fault {
  readonly name: string;
  /** Longest that it may last, ms; otherwise as long as there is time. */
  readonly longest?: number;
  begin(world: World): void | Promise<void>;
  end(world: World): void | Promise<void>;
}

/** Conditions of the link, both ways, and what is put in their place again. */
function link(name: string, conditions: Partial<Conditions>, normal: Partial<Conditions>): Fault {
  const change = (world: World, to: Partial<Conditions>): void => {
    world.link.change('up', to);
    world.link.change('down', to);
  };
  return { name, begin: (world) => change(world, conditions), end: (world) => change(world, normal) };
}

const loss = (percent: number): Fault => link(`loss ${percent} %`, { loss: percent }, { loss: 0 });

const onEach = (fault: (end: 'client' | 'server') => Fault): readonly Fault[] => [
  fault('client'),
  fault('server'),
];

export const FAULTS: readonly Fault[] = [
  loss(0),
  loss(1),
  loss(5),
  loss(30),
  link('reordering', { reordering: 20 }, { reordering: 0 }),
  link('duplication', { duplication: 20 }, { duplication: 0 }),
  link('corruption', { corruption: 5 }, { corruption: 0 }),
  link('jitter', { jitter: 100 }, { jitter: 0 }),
  link('rate collapse', { rate: 1 }, { rate: Number.POSITIVE_INFINITY }),
  {
    name: 'blackout',
    longest: 10_000,
    begin: ({ link }) => link.cut(),
    end: ({ link }) => link.restore(),
  },
  { name: 'origin crash', begin: ({ origin }) => origin.crash(), end: ({ origin }) => origin.serve() },
  { name: 'origin hang', begin: ({ origin }) => origin.hang(), end: ({ origin }) => origin.resume() },
  ...onEach((end) => ({
    name: `kill ${end}`,
    longest: 0,
    begin: (world) => world.killAndRestart(end, true),
    end: () => {},
  })),
  {
    // Its successor's stateless resets say nothing to the client.
    name: 'replace server',
    longest: 0,
    begin: (world) => world.killAndRestart('server', false),
    end: () => {},
  },
  ...onEach((end) => ({
    name: `stop ${end}`,
    begin: (world) => world.signal(end, 'SIGSTOP'),
    end: (world) => world.signal(end, 'SIGCONT'),
  })),
  ...onEach((end) => ({
    name: `descriptors ${end}`,
    begin: (world) => world.exhaustDescriptors(end, true),
    end: (world) => world.exhaustDescriptors(end, false),
  })),
];
