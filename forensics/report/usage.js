// SPDX-License-Identifier: GPL-2.0-only
// CPU and memory of processes below the traffic, on its time: a line for each process that was sampled.

// The columns of a point (report_page.cpp, usage_json): CPU time in percent of one CPU, null where it isn't known.
const kPoint = {from: 0, to: 1, cpu: 2, memory: 3};
const kUsageHeight = 110;
const kUsageGap = 34;
const kLineWidth = 2;
const kUsageParts = [
  {column: kPoint.cpu, title: 'CPU', format: (value) => `${value < 10 ? value.toFixed(1).replace('.0', '') : value.toFixed(0)} %`},
  {column: kPoint.memory, title: 'Memory', format: formatBytes},
];

const usage = {
  first: data.usage.length ? Math.min(...data.usage.map((one) => one.points[0][kPoint.to])) : null,
  last: data.usage.length ? Math.max(...data.usage.map((one) => one.points[one.points.length - 1][kPoint.to])) : null,
};

const usageName = (one) => one.process === null ? one.name : processText(processes[one.process]);
const usageColor = (one) => one.process === null || processes[one.process].series === undefined ? null : processes[one.process].series;

// The points of which something is in the time shown.
const usagePoints = (one) => one.points.filter((point) => point[kPoint.to] >= plot.from && point[kPoint.from] <= plot.to);

// Steps: each value from where it begins to where it was taken, joined with the one before where that ends there.
function usageLine(points, column, yOf) {
  let path = '';
  let before = null;
  for (const point of points) {
    const value = point[column];
    if (value === null) {
      before = null;
      continue;
    }
    const left = Math.max(kMargin.left, xOf(point[kPoint.from]));
    const right = Math.min(plot.width - kMargin.right, Math.max(left + kLineWidth, xOf(point[kPoint.to])));
    const y = yOf(value) - kLineWidth / 2;
    if (before !== null && xOf(point[kPoint.from]) <= before.x + 1) {
      path += `M${left.toFixed(2)} ${Math.min(y, before.y).toFixed(2)}h${kLineWidth}v${(Math.abs(y - before.y) + kLineWidth).toFixed(2)}h${-kLineWidth}Z`;
    }
    path += `M${left.toFixed(2)} ${y.toFixed(2)}H${right.toFixed(2)}v${kLineWidth}H${left.toFixed(2)}Z`;
    before = {x: xOf(point[kPoint.to]), y};
  }
  return path;
}

function usagePart(part, top, within) {
  const highest = Math.max(0, ...within.flatMap(({points}) => points.map((point) => point[part.column] || 0)));
  const step = niceStep(highest || 1, 3);
  const most = Math.max(step, Math.ceil(highest / step - 1e-9) * step);
  const bottom = top + kUsageHeight;
  const yOf = (value) => bottom - value / most * kUsageHeight;
  const right = plot.width - kMargin.right;
  const rows = el('g', {'data-part': part.title}, el('text', {class: 'part', x: kMargin.left, y: top - 8}, part.title));
  for (let value = 0; value <= most * 1.0001; value += step) {
    rows.append(el('line', {class: value ? 'grid' : 'base', x1: kMargin.left, x2: right, y1: yOf(value), y2: yOf(value)}),
      el('text', {x: kMargin.left - 8, y: yOf(value) + 4, 'text-anchor': 'end'}, value ? part.format(value).replace(/\.0+ /, ' ') : '0'));
  }
  for (const {one, points} of within) {
    rows.append(el('path', {class: 'line', 'data-series': usageColor(one), d: usageLine(points, part.column, yOf)}, el('title', {}, usageName(one))));
  }
  return rows;
}

// Its CPU time in the time shown, on average and at most, and its memory.
function usageItem({one, points}) {
  const known = points.filter((point) => point[kPoint.cpu] !== null);
  const length = (point) => point[kPoint.to] - point[kPoint.from];
  const whole = known.reduce((sum, point) => sum + length(point), 0);
  const mean = whole ? known.reduce((sum, point) => sum + point[kPoint.cpu] * length(point), 0) / whole : null;
  const most = (column) => points.reduce((highest, point) => Math.max(highest, point[column] || 0), 0);
  const [cpu, memory] = kUsageParts.map((part) => part.format);
  const process = one.process === null ? null : processes[one.process];
  return el('li', {}, process ? processLink(process) : [el('bdi', {class: 'name'}, one.name)],
    el('span', {class: 'value'}, (mean === null ? '' : `${cpu(mean)}, at most ${cpu(most(kPoint.cpu))} \u00b7 `) + memory(most(kPoint.memory))));
}

function showUsage() {
  const within = data.usage.map((one) => ({one, points: usagePoints(one)})).filter(({points}) => points.length);
  const height = kUsageParts.length * (kUsageHeight + kUsageGap);
  byId('usage').replaceChildren(el('svg', {width: plot.width, height, viewBox: `0 0 ${plot.width} ${height}`, role: 'img', 'aria-label': 'CPU and memory of processes over time'},
    kUsageParts.map((part, index) => usagePart(part, index * (kUsageHeight + kUsageGap) + kUsageGap - 8, within))));
  byId('usage-list').replaceChildren(...within.map(usageItem));
  byId('usage-count').textContent = 'in percent of one CPU; resident memory' +
    (data.usageCount > data.usage.length ? `; of ${formatCount(data.usageCount)} processes the page has the ${formatCount(data.usage.length)} with the most CPU time` : '');
}

// Only for captures with samples.
function startUsage() {
  byId('usage-part').hidden = data.usage.length === 0;
}
