// SPDX-License-Identifier: GPL-2.0-only
// Traffic over time: bytes a second, stacked by process, below the events (event_lane.js). Drawn anew for each change; plot_input.js
// is what mouse and keys do to it.

const plot = {lane: 'all', hidden: new Set(), series: [], from: 0, to: 1, bins: [], binWidth: 1, cursor: null, width: 0, height: 320};
const kMargin = {left: 68, right: 12, top: 12, bottom: 42};
const kLeastWindow = 10;  // microseconds, where there are events
const kLanes = {all: [0, 1, 2], sent: [0], received: [1]};

// 1, 2 or 5 times a power of ten, so that `span` has at most `count` steps of it.
function niceStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= count) || 10 * power;
}

const kTimeSteps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800].map((seconds) => seconds * 1e6);
function timeStep(span, count) {
  if (span / count < 30e6) {
    return Math.max(1, niceStep(span, count));
  }
  return kTimeSteps.find((step) => span / step <= count) || niceStep(span / 86400e6, count) * 86400e6;
}

function startSeries() {
  const {traffic} = data;
  plot.base = traffic.start || 0;  // of the first span; the capture begins somewhere in it
  const spans = traffic.spans > 0;
  const beside = [eventLane, usage].filter((one) => one.first !== null);
  plot.start = spans ? Math.max(plot.base, data.first || 0) : Infinity;
  plot.end = spans ? Math.max(plot.start + traffic.width, Math.min(plot.base + traffic.spans * traffic.width, data.last || 0)) : -Infinity;
  plot.start = Math.min(plot.start, ...beside.map((one) => one.first));
  plot.end = Math.max(plot.end, ...beside.map((one) => one.last), plot.start + (beside.length ? kLeastWindow : 0));
  plot.empty = !spans && !beside.length;
  let color = 0;
  for (const one of traffic.series) {
    if (!one.bytes.some((lane) => lane.length)) {
      continue;
    }
    const process = one.process === null ? null : processes[one.process];
    const key = one.kind === 'process' ? String(color++) : one.kind;
    if (process) {
      process.series = key;
    }
    plot.series.push({key, process, lanes: one.bytes,
      name: process ? process.name : one.kind === 'others' ? 'other processes' : 'without a process', pid: process ? process.pid : null});
  }
  plot.from = plot.start;
  plot.to = plot.end;
}

// Bytes of each series in bins of whole spans, aligned so that they don't jump when the view moves.
function fillBins() {
  const {width, spans} = data.traffic;
  if (spans === 0) {
    plot.binWidth = plot.to - plot.from;
    plot.bins = [];
    return;
  }
  const firstSpan = Math.max(0, Math.floor((plot.from - plot.base) / width));
  const lastSpan = Math.max(firstSpan, Math.min(spans, Math.ceil((plot.to - plot.base) / width)));
  const most = Math.max(60, Math.floor((plot.width - kMargin.left - kMargin.right) / 4));
  const perBin = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, lastSpan - firstSpan) / most)));
  plot.binWidth = perBin * width;
  plot.bins = [];
  for (let span = Math.floor(firstSpan / perBin) * perBin; span < lastSpan; span += perBin) {
    const bytes = plot.series.map(({key, lanes}) => {
      // What has no process isn't told to be sent or received.
      const shown = key === 'unattributed' ? kLanes.all : kLanes[plot.lane];
      let sum = 0;
      for (const lane of plot.hidden.has(key) ? [] : shown) {
        for (let i = span; i < span + perBin; ++i) {
          sum += lanes[lane][i] || 0;
        }
      }
      return sum;
    });
    // The last bin may go past the end of the capture; it is as wide as the others all the same.
    plot.bins.push({from: plot.base + span * width, bytes, total: bytes.reduce((a, b) => a + b, 0)});
  }
}

const plotWidth = () => plot.width - kMargin.left - kMargin.right;
const xOf = (us) => kMargin.left + (us - plot.from) / (plot.to - plot.from) * plotWidth();
const timeAt = (x) => plot.from + Math.min(1, Math.max(0, (x - kMargin.left) / plotWidth())) * (plot.to - plot.from);

function drawAxes(top, yOf) {
  const axes = el('g', {class: 'axes'});
  const right = plot.width - kMargin.right;
  const bottom = plot.height - kMargin.bottom;
  const stepY = niceStep(top, 5);
  for (let rate = 0; rate <= (plot.series.length ? top * 1.0001 : 0); rate += stepY) {
    axes.append(el('line', {class: rate ? 'grid' : 'base', x1: kMargin.left, x2: right, y1: yOf(rate), y2: yOf(rate)}),
      el('text', {class: 'y', x: kMargin.left - 8, y: yOf(rate) + 4, 'text-anchor': 'end'}, !plot.series.length ? '' : rate ? formatRate(rate).replace(/\.0+ /, ' ') : '0'));
  }
  const step = timeStep(plot.to - plot.from, Math.max(2, Math.floor(plotWidth() / (plot.width < 600 ? 75 : 110))));
  const digits = step >= 1e6 ? 0 : Math.min(6, Math.ceil(-Math.log10(step / 1e6) - 1e-9));
  const zoneShift = view.zone === 'local' ? new Date((data.base + plot.from) / 1000).getTimezoneOffset() * -60e6 || 0 : 0;
  const offset = (data.base + zoneShift) % step;
  let day = '';
  for (let us = Math.ceil((plot.from + offset) / step) * step - offset; us <= plot.to; us += step) {
    const x = xOf(us);
    axes.append(el('line', {class: 'tick', x1: x, x2: x, y1: bottom, y2: bottom + 5}));
    const date = (isoTime(us) || '').slice(0, 10);
    const label = step >= 86400e6 ? date : formatTime(us, digits, false);
    const anchor = x > right - 30 ? 'end' : x < kMargin.left + 30 ? 'start' : 'middle';
    axes.append(el('text', {class: 'x', x, y: bottom + 18, 'text-anchor': anchor}, label));
    if (date !== day && step < 86400e6) {
      axes.append(el('text', {class: 'x date', x, y: bottom + 34, 'text-anchor': anchor}, day ? date : `${date} ${view.zone === 'utc' ? 'UTC' : ''}`));
      day = date;
    }
  }
  return axes;
}

function drawPlot() {
  const place = byId('plot');
  plot.width = Math.max(280, place.clientWidth);
  // Of a file without traffic the events alone.
  plot.height = eventLane.height + (!plot.series.length ? kMargin.top + kMargin.bottom : plot.width < 600 ? 240 : 320);
  plot.top = kMargin.top + eventLane.height;
  if (plot.empty) {
    place.replaceChildren(el('p', {class: 'empty'}, 'No packet has a time: there is nothing to plot.'));
    return;
  }
  fillBins();
  const rate = 1e6 / plot.binWidth;
  const highest = Math.max(0, ...plot.bins.map((bin) => bin.total)) * rate;
  const top = Math.max(1, Math.ceil(highest / niceStep(highest || 1, 5) - 1e-9) * niceStep(highest || 1, 5));
  const bottom = plot.height - kMargin.bottom;
  const yOf = (value) => bottom - value / top * (bottom - plot.top);
  const svg = el('svg', {width: plot.width, height: plot.height, viewBox: `0 0 ${plot.width} ${plot.height}`, 'aria-hidden': 'true'});
  svg.append(drawAxes(top, yOf));
  const bars = el('g', {class: 'bars-area'});
  const below = plot.bins.map(() => 0);
  const left = kMargin.left;
  const right = plot.width - kMargin.right;
  plot.series.forEach(({key}, index) => {
    let path = '';
    plot.bins.forEach((bin, i) => {
      if (bin.bytes[index] > 0) {
        const x1 = Math.max(left, xOf(bin.from));
        const x2 = Math.min(right, xOf(bin.from + plot.binWidth));
        const y1 = yOf(below[i] * rate);
        below[i] += bin.bytes[index];
        const gap = x2 - x1 > 3 ? 0.5 : 0;
        if (x2 > x1) {
          path += `M${x1.toFixed(2)} ${y1.toFixed(2)}V${Math.min(yOf(below[i] * rate), y1 - 0.4).toFixed(2)}H${(x2 - gap).toFixed(2)}V${y1.toFixed(2)}Z`;
        }
      }
    });
    bars.append(el('path', {'data-series': key, d: path}));
  });
  plot.marks = el('g', {class: 'marks'});
  svg.append(bars, drawLane(), plot.marks);
  plot.tip = plot.tip || el('div', {class: 'tip', hidden: true});
  place.replaceChildren(svg, plot.tip);
  const zoomed = plot.from > plot.start || plot.to < plot.end;
  byId('reset').hidden = !zoomed;
  byId('plot-range').textContent = `${formatTime(plot.from, 3, spansDays())} to ${formatTime(plot.to, 3, spansDays())}, ` +
    formatDuration(plot.to - plot.from) + (plot.bins.length ? `; a bar is ${formatDuration(plot.binWidth)}` : '');
  showUsage();
  showLives();
}

function showLegend() {
  byId('legend').replaceChildren(...plot.series.map((series) => button(
    [el('span', {class: 'swatch', 'data-series': series.key}), el('bdi', {class: 'name'}, series.name),
      series.pid === null ? null : el('span', {class: 'pid'}, String(series.pid))],
    () => {
      if (!plot.hidden.delete(series.key)) {
        plot.hidden.add(series.key);
      }
      showLegend();
      drawPlot();
      [...byId('legend').children].find((one) => one.dataset.key === series.key).focus();
    }, {'data-key': series.key, 'aria-pressed': String(!plot.hidden.has(series.key)), title: 'Show or hide; double-click: only this one',
      ondblclick: () => {
        plot.hidden = new Set(plot.series.map((one) => one.key).filter((key) => key !== series.key));
        showLegend();
        drawPlot();
      }})),
  plot.hidden.size ? button('Show all', () => {
    plot.hidden.clear();
    showLegend();
    drawPlot();
  }, {class: 'link'}) : '');
  byId('plot-note').textContent = processes.length > 1 ?
    'A packet between two processes of this file counts at both: as sent at one, as received at the other.' : '';
}
