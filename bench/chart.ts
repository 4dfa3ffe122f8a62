/** Horizontal bars in groups, as SVG that reads well on light and dark pages. */

export interface Bar {
  readonly name: string;
  readonly value: number;
}

export interface BarGroup {
  readonly title: string;
  /** Drawn as a line across the group. */
  readonly limit: number;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  readonly limitName: string;
  readonly groups: readonly BarGroup[];
}

const WIDTH = 760;
const LEFT = 110;
const RIGHT = 70;
const BAR = 14;
const GAP = 4;
const HEAD = 30;
const GROUP_GAP = 34;
const COLOURS = ['#2f6f9f', '#b0562c', '#5a8f3c', '#8a6bb0', '#7f7f7f', '#c09a2b'];
const INK = '#808080';

export function barChart({ title, limitName, groups }: BarChart): string {
  const longest = Math.max(
    ...groups.flatMap(({ bars, limit }) => [limit, ...bars.map(({ value }) => value)]),
  );
  const scale = (WIDTH - LEFT - RIGHT) / longest;
  let y = HEAD;
  const parts = groups.map((group) => {
    const drawn = drawGroup(group, y, scale);
    y += GROUP_GAP + group.bars.length * (BAR + GAP);
    return drawn;
  });
  const note = text(LEFT, y + 8, `dashed: ${limitName}`, 'start', 11);
  const body = [text(LEFT, 18, title, 'start', 14), ...parts, note].join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 20}" font-family="sans-serif">\n<title>${escaped(title)}</title>\n${body}\n</svg>\n`;
}

function drawGroup({ title, limit, bars }: BarGroup, top: number, scale: number): string {
  const first = top + 24;
  const lines = bars.map(({ name, value }, index) => drawBar(name, value, index, first, scale));
  const x = round(LEFT + limit * scale);
  const bottom = first + bars.length * (BAR + GAP);
  const line = `<line x1="${x}" x2="${x}" y1="${first - 4}" y2="${bottom}" stroke="${INK}" stroke-dasharray="3 3"/>`;
  return [text(LEFT, top + 16, title, 'start', 12), ...lines, line].join('\n');
}

function drawBar(name: string, value: number, index: number, first: number, scale: number): string {
  const y = first + index * (BAR + GAP);
  const width = round(value * scale);
  const colour = COLOURS[index % COLOURS.length];
  const bar = `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" fill="${colour}"/>`;
  const label = text(LEFT - 8, y + 11, name, 'end', 11);
  const figure = text(LEFT + width + 6, y + 11, value.toFixed(0), 'start', 11);
  return [bar, label, figure].join('\n');
}

function text(x: number, y: number, content: string, anchor: string, size: number): string {
  return `<text x="${round(x)}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${INK}">${escaped(content)}</text>`;
}

const escaped = (content: string): string => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const round = (value: number): number => Math.round(value * 10) / 10;
