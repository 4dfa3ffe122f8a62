/** The whole program as one CommonJS file, for a single executable. */
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Native modules by the names that the program loads them by, with their files. */
export type NativeModules = Readonly<Record<string, string>>;

export interface Bundle {
  /** The QUIC engine's. */
  readonly needed: NativeModules;
  /** What the program can do without: sd-notify's, where it was compiled, for it needs libsystemd; and koffi's. */
  readonly optional: NativeModules;
  /** Directories of the packages that went into it, relative to the repository. */
  readonly packages: readonly string[];
}

/** Writes the program, `src/main.ts` and all that it imports, to `outfile`. */
export async function bundle(outfile: string, version: string): Promise<Bundle> {
  const engine = dirname(require.resolve('@matrixai/quic/package.json'));
  const needed = { 'quiche.node': engineModule(engine) };
  const notify = resolved('sd-notify/build/Release/notify.node');
  const koffi = koffiModule();
  const optional = present({ 'notify.node': notify, 'koffi.node': koffi });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.18',
    format: 'cjs',
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error', 'require-resolve-not-external': 'error' },
    metafile: true,
    plugins: [substitutions(version, optional)],
  });
  refuseDynamicImports(Object.values(metafile.outputs).flatMap((output) => output.imports));
  return {
    needed,
    optional,
    // Koffi's module is delivered without the licence that its package has.
    packages: packagesOf([engine, ...optionalPackages(optional), ...Object.keys(metafile.inputs)]),
  };
}

// Code from V8's cache, as a single executable has it, cannot import anything at run time.
function refuseDynamicImports(imports: readonly { path: string; kind: string }[]): void {
  const dynamic = imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => path);
  if (dynamic.length > 0) throw new Error(`not bundled, import these statically: ${dynamic.join(', ')}`);
}

function engineModule(engine: string): string {
  const fromEngine = createRequire(join(engine, 'package.json'));
  return fromEngine.resolve(`@matrixai/quic-${process.platform}-${process.arch}`);
}

/** Its own loader looks for files; which of them is for this system is known here, as Node.js itself comes from it. */
function koffiModule(): string | undefined {
  const { platform, arch } = process;
  return resolved(`@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`);
}

function optionalPackages(optional: NativeModules): readonly string[] {
  const koffi = 'koffi.node' in optional ? resolved('koffi') : undefined;
  return koffi === undefined ? [] : [koffi];
}

function present(modules: Readonly<Record<string, string | undefined>>): NativeModules {
  return Object.fromEntries(
    Object.entries(modules).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function resolved(id: string): string | undefined {
  try {
    return require.resolve(id);
  } catch {
    return undefined;
  }
}

/** What looks for files beside the program elsewhere, looks inside the executable here. */
function substitutions(version: string, optional: NativeModules): Plugin {
  const loader = JSON.stringify(join(root, 'packaging/embedded/native-asset.ts'));
  const without = "throw new Error('this executable was built without it');";
  const koffi = `import { loadAsset } from ${loader}; export default loadAsset('koffi.node');`;
  const modules: Readonly<Record<string, string>> = {
    './version.ts': `export const version = () => ${JSON.stringify(version)};`,
    '@matrixai/quic/native/quiche.js': `import { loadAsset } from ${loader}; export default loadAsset('quiche.node');`,
    bindings: `const { loadAsset } = require(${loader}); module.exports = (name) => loadAsset(name + '.node');`,
    koffi: 'koffi.node' in optional ? koffi : without,
    ...('notify.node' in optional ? {} : { 'sd-notify': without }),
  };
  const filter = new RegExp(`^(${Object.keys(modules).map(escaped).join('|')})$`);
  return {
    name: 'substitutions',
    setup(building) {
      building.onResolve({ filter }, ({ path }) => ({ path, namespace: 'embedded' }));
      building.onLoad({ filter: /^/, namespace: 'embedded' }, ({ path }) => ({
        contents: modules[path] ?? '',
        resolveDir: root,
      }));
    },
  };
}

function escaped(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function packagesOf(files: readonly string[]): readonly string[] {
  const directory = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
  const found = files.map((file) => directory.exec(relative(root, resolve(root, file)))?.[0]);
  return [...new Set(found.filter((name) => name !== undefined))].sort();
}
