/** `npm run differential -- [count] [seed]`: the differential check at full length. Exit code 1 when it finds anything. */
import { differential } from './differential.ts';

const [count = '100000', seed = '1'] = process.argv.slice(2);
const start = performance.now();
let told = 0;

const report = await differential({
  count: Number(count),
  seed: Number(seed),
  onProgress: (requests) => {
    if (requests - told < 5000) return;
    told = requests;
    const elapsed = (performance.now() - start) / 1000;
    process.stderr.write(`${requests} requests, ${Math.round(requests / elapsed)} a second\n`);
  },
});

for (const { kind, what, text, cuts } of report.findings) {
  process.stdout.write(`\n${kind}: ${what}\n  cut at: [${cuts.join()}]\n  ${JSON.stringify(text)}\n`);
}
process.stdout.write(
  `\n${report.requests} requests on ${report.cases} connections, seed ${seed}: ${report.findings.length} discrepancies\n`,
);
process.exit(report.findings.length === 0 ? 0 : 1);
