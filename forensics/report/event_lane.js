// SPDX-License-Identifier: GPL-2.0-only
// Events above the traffic: a row of marks for each kind. Events that are too close to be told apart are one mark, with their number.

const kKinds = {
  failure: ['failed', 'Failed calls'],
  drop: ['drops', 'Dropped packets'],
  start: ['starts', 'Processes that began'],
  end: ['ends', 'Processes that ended'],
  other: ['others', 'Other events'],
};
const kRowHeight = 16;
const kMarkWidth = 3;
const kMarkApart = 4;  // pixels: what begins in the same such piece is one mark

// Events with their exact times, and what the page only has the number of.
const eventLane = {items: [], marks: [], first: null, last: null};
for (const bin of data.lane) {
  eventLane.first = eventLane.first === null ? bin.first : Math.min(eventLane.first, bin.first);
  eventLane.last = eventLane.last === null ? bin.last : Math.max(eventLane.last, bin.last);
  const whole = bin.events.length === bin.count;
  eventLane.items.push(...(whole ? bin.events.map((event) => ({kind: bin.kind, count: 1, first: event.time, last: event.time, events: [event]})) : [bin]));
}
eventLane.items.sort((a, b) => a.first - b.first);
eventLane.kinds = Object.keys(kKinds).filter((kind) => eventLane.items.some((item) => item.kind === kind));
eventLane.height = eventLane.kinds.length ? eventLane.kinds.length * kRowHeight + 8 : 0;

const eventWho = (event) => event.process === null ? event.who || 'no process' : processText(processes[event.process]);

// Items of the lane with a part from `from` to `to`.
const laneItems = (from, to) => eventLane.items.filter((item) => item.last >= from && item.first <= to);

const countOf = (items) => items.reduce((sum, item) => sum + item.count, 0);

function laneMarks() {
  const marks = new Map();
  for (const item of laneItems(plot.from, plot.to)) {
    const from = Math.max(plot.from, item.first);
    const key = `${item.kind} ${Math.floor(xOf(from) / kMarkApart)}`;
    const mark = marks.get(key) || {kind: item.kind, from, to: from, items: []};
    mark.to = Math.max(mark.to, Math.min(plot.to, item.last));
    mark.items.push(item);
    marks.set(key, mark);
  }
  return [...marks.values()];
}

function drawLane() {
  const rows = el('g', {class: 'lane'});
  eventLane.kinds.forEach((kind, row) => {
    const y = kMargin.top + row * kRowHeight;
    rows.append(el('rect', {class: 'lane-row', x: kMargin.left, y: y + 1, width: plotWidth(), height: kRowHeight - 2}),
      el('text', {class: 'kind', x: kMargin.left - 8, y: y + 12, 'text-anchor': 'end'}, kKinds[kind][0]));
  });
  eventLane.marks = laneMarks();
  eventLane.marks.forEach((mark, index) => {
    const x = xOf(mark.from) - kMarkWidth / 2;
    rows.append(el('rect', {class: 'mark', 'data-kind': mark.kind, 'data-mark': index, x: x.toFixed(2), y: kMargin.top + eventLane.kinds.indexOf(mark.kind) * kRowHeight + 1,
      width: (xOf(mark.to) + kMarkWidth / 2 - x).toFixed(2), height: kRowHeight - 2}));
  });
  const shown = laneItems(plot.from, plot.to);
  byId('event-legend').replaceChildren(...eventLane.kinds.map((kind) => el('span', {}, el('span', {class: 'swatch', 'data-kind': kind}),
    `${kKinds[kind][1]}: ${formatCount(countOf(shown.filter((item) => item.kind === kind)))}`)));
  return rows;
}

const eventItem = (event) => el('li', {class: 'event'}, el('strong', {}, formatTime(event.time, 6, spansDays())), ' ',
  el('bdi', {class: 'name'}, event.name), ' ', el('bdi', {class: 'name'}, eventWho(event)), el('bdi', {class: 'name below'}, event.fields));

// What a mark stands for, for the tip.
function markLines(mark) {
  const events = mark.items.flatMap((item) => item.events).sort((a, b) => a.time - b.time);
  const count = countOf(mark.items);
  const shown = events.slice(0, 6);
  return [el('p', {}, el('span', {class: 'swatch', 'data-kind': mark.kind}), el('strong', {}, `${kKinds[mark.kind][1]}: ${formatCount(count)}`)),
    el('ul', {}, shown.map(eventItem), count > shown.length ? el('li', {class: 'hint'}, `and ${formatCount(count - shown.length)} more` +
      (events.length > shown.length ? '; zoom in to see them' : '')) : null)];
}

// How many events of each kind there are in a bar of traffic. Of many that the page has no times of, all count that are partly in it.
function eventCounts(from, to) {
  const within = laneItems(from, to).filter((item) => item.first < to);
  return eventLane.kinds.map((kind) => [kind, countOf(within.filter((item) => item.kind === kind))]).filter(([, count]) => count > 0)
    .map(([kind, count]) => el('li', {}, el('span', {class: 'swatch', 'data-kind': kind}), kKinds[kind][1], el('span', {class: 'value'}, formatCount(count))));
}
