// SPDX-License-Identifier: GPL-2.0-only
// Mouse, wheel and keys on the plot: zoom, move, read values.

const kFewestSpans = 4;

function setWindow(from, to) {
  const least = eventLane.items.length || usage.first !== null ? kLeastWindow : Math.min(kFewestSpans * data.traffic.width, plot.end - plot.start);
  let width = Math.max(least, Math.min(to - from, plot.end - plot.start));
  from = Math.min(Math.max(plot.start, from), plot.end - width);
  plot.from = from;
  plot.to = Math.min(plot.end, from + width);
  const all = plot.from <= plot.start && plot.to >= plot.end;
  view.window = all ? null : {from: plot.from, to: plot.to};
  drawPlot();
  view.changed('window');
}

// factor < 1: closer.
function zoomAt(time, factor) {
  setWindow(time - (time - plot.from) * factor, time + (plot.to - time) * factor);
}

function showTip(bin) {
  const {tip} = plot;
  plot.cursor = bin;
  plot.marks.replaceChildren();
  tip.hidden = !bin;
  if (!bin) {
    return;
  }
  const left = Math.max(kMargin.left, xOf(bin.from));
  const right = Math.min(plot.width - kMargin.right, xOf(bin.from + plot.binWidth));
  plot.marks.append(el('rect', {class: 'cursor', x: left, y: plot.top, width: Math.max(1, right - left), height: plot.height - plot.top - kMargin.bottom}));
  const rate = 1e6 / plot.binWidth;
  const parts = plot.series.map((series, index) => ({series, bytes: bin.bytes[index]}))
    .filter((part) => part.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const digits = plot.binWidth >= 1e6 ? 0 : plot.binWidth >= 1e3 ? 3 : 6;
  tip.replaceChildren(
    el('p', {}, el('strong', {}, formatTime(bin.from, digits, spansDays())), ` +${formatDuration(plot.binWidth)}`),
    el('p', {}, `${formatRate(bin.total * rate)} \u00b7 ${formatBytes(bin.total)}`),
    el('ul', {}, parts.slice(0, 8).map(({series, bytes}) => el('li', {}, el('span', {class: 'swatch', 'data-series': series.key}),
      el('bdi', {class: 'name'}, series.name), series.pid === null ? null : el('span', {class: 'pid'}, String(series.pid)), el('span', {class: 'value'}, formatBytes(bytes)))),
    parts.length > 8 ? el('li', {class: 'hint'}, `and ${parts.length - 8} more`) : null, eventCounts(bin.from, bin.from + plot.binWidth)));
  placeTip(left, right);
}

// Beside the piece of the plot that it tells of.
function placeTip(left, right) {
  const {tip} = plot;
  const space = plot.width - tip.offsetWidth;
  const middle = (left + right) / 2;
  tip.style.left = `${Math.max(0, Math.min(space, middle > plot.width / 2 ? left - tip.offsetWidth - 12 : right + 12))}px`;
  tip.style.top = `${plot.top}px`;
}

function showMarkTip(mark) {
  showTip(null);
  plot.tip.hidden = false;
  plot.tip.replaceChildren(...markLines(mark));
  placeTip(xOf(mark.from), xOf(mark.to));
}

const binAt = (time) => plot.bins.find((bin) => time >= bin.from && time < bin.from + plot.binWidth) || null;

function moveCursor(by) {
  const visible = plot.bins.filter((bin) => bin.from + plot.binWidth > plot.from && bin.from < plot.to);
  const now = visible.indexOf(plot.cursor);
  const next = visible[Math.min(visible.length - 1, Math.max(0, now < 0 ? (by > 0 ? 0 : visible.length - 1) : now + by))];
  showTip(next);
  byId('plot-said').textContent = plot.tip.innerText.replace(/\n+/g, ', ');
}

function plotKey(event) {
  const middle = plot.cursor ? plot.cursor.from + plot.binWidth / 2 : (plot.from + plot.to) / 2;
  const quarter = (plot.to - plot.from) / 4;
  const actions = {
    ArrowLeft: () => event.shiftKey ? setWindow(plot.from - quarter, plot.to - quarter) : moveCursor(-1),
    ArrowRight: () => event.shiftKey ? setWindow(plot.from + quarter, plot.to + quarter) : moveCursor(1),
    '+': () => zoomAt(middle, 0.5),
    '=': () => zoomAt(middle, 0.5),
    '-': () => zoomAt(middle, 2),
    '0': () => setWindow(plot.start, plot.end),
    Escape: () => showTip(null),
  };
  if (actions[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    actions[event.key]();
  }
}

function startPlot() {
  startSeries();
  choice('lane', {all: 'Both', sent: 'Sent', received: 'Received'}, 'all', (lane) => {
    plot.lane = lane;
    drawPlot();
  });
  startUsage();
  startLives();
  drawPlot();
  showLegend();
  if (plot.empty) {
    return;
  }
  const place = byId('plot');
  const xOfEvent = (event) => event.clientX - place.getBoundingClientRect().left;
  let dragged = null;
  place.addEventListener('pointerdown', (event) => {
    if (event.button === 0) {
      dragged = xOfEvent(event);
      place.setPointerCapture(event.pointerId);
    }
  });
  place.addEventListener('pointermove', (event) => {
    const x = xOfEvent(event);
    if (dragged === null || Math.abs(x - dragged) < 4) {
      const mark = eventLane.marks[event.target.dataset.mark];
      if (mark) {
        showMarkTip(mark);
      } else {
        showTip(binAt(timeAt(x)));
      }
      return;
    }
    showTip(null);
    const [left, right] = [xOf(timeAt(dragged)), xOf(timeAt(x))].sort((a, b) => a - b);
    plot.marks.replaceChildren(el('rect', {class: 'brush', x: left, y: plot.top, width: right - left, height: plot.height - plot.top - kMargin.bottom}));
  });
  place.addEventListener('pointerup', (event) => {
    const x = xOfEvent(event);
    if (dragged !== null && Math.abs(x - dragged) >= 4) {
      const [from, to] = [timeAt(dragged), timeAt(x)].sort((a, b) => a - b);
      setWindow(from, to);
    }
    dragged = null;
  });
  place.addEventListener('pointercancel', () => {
    dragged = null;
    showTip(null);
  });
  place.addEventListener('pointerleave', () => showTip(null));
  place.addEventListener('dblclick', () => setWindow(plot.start, plot.end));
  place.addEventListener('wheel', (event) => {
    const out = event.deltaY > 0;
    if (out && !view.window) {
      return;  // nothing to zoom: the page scrolls
    }
    event.preventDefault();
    zoomAt(timeAt(xOfEvent(event)), out ? 1.25 : 0.8);
  }, {passive: false});
  place.addEventListener('keydown', plotKey);
  place.addEventListener('blur', () => showTip(null));
  byId('reset').addEventListener('click', () => {
    setWindow(plot.start, plot.end);
    place.focus();
  });
  view.on((what) => what === 'zone' && drawPlot());
  new ResizeObserver(() => place.clientWidth !== plot.width && drawPlot()).observe(place);
}
