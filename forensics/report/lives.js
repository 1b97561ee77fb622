// SPDX-License-Identifier: GPL-2.0-only
// A bar for each process from its beginning to its end, as far as they are known, on the plot's time.

const kLifeHeight = 30;
const lives = {most: 12};

const lifeName = (life) => life.process === null ? life.name : processText(processes[life.process]);
const lifeFrom = (life) => life.start === null ? life.first : life.start;
const lifeTo = (life) => life.end === null ? life.last : life.end;

function lifeEnd(life) {
  if (life.signal) {
    return `ended by ${life.signal}`;
  }
  return life.code !== null ? `exit code ${life.code}` : life.end !== null ? 'ended' : '';
}

const endedBadly = (life) => life.signal !== '' || (life.code !== null && life.code !== 0);

function lifeTitle(life) {
  const time = (us) => us === null ? 'not known' : formatTime(us, 6, true);
  return [lifeName(life), `began: ${time(life.start)}`, `ended: ${time(life.end)}`, lifeEnd(life), `first seen: ${time(life.first)}`, `last seen: ${time(life.last)}`,
    life.failures ? `connections that failed: ${formatCount(life.failures)}` : '', life.drops ? `packets dropped: ${formatCount(life.drops)}` : ''].filter((line) => line).join('\n');
}

// The bar ends where the process did; without its end it goes on, faintly, from where it was last seen.
function lifeRow(life, row) {
  const left = Math.max(plot.from, Math.min(plot.to, lifeFrom(life)));
  const right = Math.max(left, Math.min(plot.to, lifeTo(life)));
  const process = life.process === null ? null : processes[life.process];
  const y = row * kLifeHeight;
  const x = xOf(left);
  const bar = (className, from, to) => el('rect', {class: className, x: xOf(from).toFixed(2), y: y + 19, width: Math.max(className === 'bar' ? kMarkWidth : 0, xOf(to) - xOf(from)).toFixed(2), height: 7,
    'data-series': process && process.series !== undefined ? process.series : null});
  const late = x > plot.width / 2;
  const end = lifeEnd(life);
  const ends = life.end !== null && life.end >= plot.from && life.end <= plot.to;
  return el('g', {class: `life${process ? ' known' : ''}`, onclick: process ? () => showDetails(process) : null},
    el('title', {}, lifeTitle(life)),
    el('rect', {class: 'whole', x: 0, y, width: plot.width, height: kLifeHeight}),
    el('text', {class: 'life-name', x: late ? Math.max(x, xOf(right)) : x, y: y + 14, 'text-anchor': late ? 'end' : 'start'}, el('tspan', {class: 'name'}, lifeName(life)),
      end ? el('tspan', {class: endedBadly(life) ? 'bad' : null}, `, ${end}`) : ''),
    bar('bar', left, right),
    life.end === null && right < plot.to ? bar('bar faint', right, plot.to) : null,
    ends ? el('rect', {class: `end${endedBadly(life) ? ' bad' : ''}`, x: (xOf(life.end) - kMarkWidth / 2).toFixed(2), y: y + 16, width: kMarkWidth, height: 13}) : null);
}

function showLives() {
  const within = data.lives.filter((life) => lifeFrom(life) !== null && lifeFrom(life) <= plot.to && (life.end === null || life.end >= plot.from));
  const shown = within.slice(0, lives.most);
  const height = shown.length * kLifeHeight;
  byId('lives').replaceChildren(el('svg', {width: plot.width, height, viewBox: `0 0 ${plot.width} ${height}`, role: 'img', 'aria-label': 'Processes over time'}, shown.map(lifeRow)));
  byId('life-count').textContent = `${formatCount(within.length)} in the time shown above` +
    (data.lifeCount > data.lives.length ? `; of ${formatCount(data.lifeCount)} the page has the ${formatCount(data.lives.length)} with the most bytes, then events` : '');
  showMore('life-more', within.length - lives.most, () => {
    lives.most += 50;
    showLives();
  });
}

// Only for captures with events.
function startLives() {
  byId('lives-part').hidden = data.lives.length === 0;
}
