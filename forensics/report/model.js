// SPDX-License-Identifier: GPL-2.0-only
// The data, and what of it is shown: the parts of the page tell each other through `view`.
// Times are microseconds from the first packet (data.base: its time since the epoch).

const data = JSON.parse(byId('data').textContent);

// The columns of a row of data.flows (report_page.cpp, flow_json).
const kFlow = Object.fromEntries(['protocol', 'local', 'remote', 'either', 'flags', 'localAddress', 'localPort', 'remoteAddress',
  'remotePort', 'dns', 'tls', 'http', 'state', 'sentPackets', 'sentBytes', 'receivedPackets', 'receivedBytes', 'first',
  'duration', 'rtt', 'localRetransmissions', 'remoteRetransmissions', 'localShares', 'remoteShares', 'eitherShares', 'question'].map((name, column) => [name, column]));
const kLocalBegan = 1;

const processes = data.processes;
const severalHosts = new Set(processes.map((process) => process.host || '')).size > 1;

processes.forEach((process, index) => {
  process.index = index;
  process.children = [];
  process.name = process.comm || (process.exe || '').split('/').pop() || 'process';
  process.sentBytes = process.sent[1];
  process.receivedBytes = process.received[1];
  process.eitherBytes = process.either[1];
  process.bytes = process.sentBytes + process.receivedBytes + process.eitherBytes;
  process.packets = process.sent[0] + process.received[0] + process.either[0];
});
processes.forEach((process) => {
  if (process.parent !== null) {
    processes[process.parent].children.push(process);
  }
});

// What makes a program worth a second look; an empty list for most.
function oddities(process) {
  const exe = process.exe || '';
  const odd = [];
  if (/^\/(tmp|var\/tmp|dev\/shm)\//.test(exe)) {
    odd.push('from a temporary folder');
  }
  if (exe.startsWith('/memfd:')) {
    odd.push('from memory only');
  } else if (exe.endsWith(' (deleted)')) {
    odd.push('program deleted');
  }
  return odd;
}

const view = {
  zone: 'utc',
  window: null,     // {from, to} of the plot, null: all
  withinWindow: true,
  processes: null,  // a Set of indices whose conversations are shown, null: all
  processesLabel: '',
  listeners: [],
  // what: 'zone', 'window', 'filter'
  changed(what) {
    this.listeners.forEach((listener) => listener(what));
  },
  on(listener) {
    this.listeners.push(listener);
  },
};

// "2026-11-22T02:21:53.123456" in the chosen zone; null where there is no such date.
function isoTime(us) {
  const absolute = data.base + us;
  let ms = Math.floor(absolute / 1000);
  const micros = Math.floor(absolute - ms * 1000);
  if (view.zone === 'local') {
    ms -= new Date(ms).getTimezoneOffset() * 60000;
  }
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, -1) + String(micros).padStart(3, '0');
}

const zoneText = () => {
  if (view.zone === 'utc') {
    return 'UTC';
  }
  return `local time (${Intl.DateTimeFormat().resolvedOptions().timeZone || 'of this browser'})`;
};

// digits: of the fraction of a second, 0 to 6.
function formatTime(us, digits, withDate) {
  if (us === null || us === undefined) {
    return '';
  }
  const iso = isoTime(us);
  if (iso === null) {
    return `${formatDuration(us)} after the first`;
  }
  const time = iso.slice(11, digits === 0 ? 19 : 20 + digits);
  return withDate ? `${iso.slice(0, 10)} ${time}` : time;
}
const spansDays = () => data.first !== null && (isoTime(data.first) || '').slice(0, 10) !== (isoTime(data.last) || '').slice(0, 10);

// The parent's name, where only the pid may be known.
const parentName = (process) => process.parent_comm || 'process';

// The process as something to click on.
function processLink(process, extra) {
  return button(
    [el('span', {class: 'swatch', 'data-series': process.series}), el('bdi', {class: 'name'}, process.name),
      el('span', {class: 'pid'}, String(process.pid)),
      severalHosts && process.host ? el('bdi', {class: 'host'}, '@' + process.host) : null, extra],
    () => showDetails(process), {class: 'link process', title: process.cmdline || process.exe || null});
}

function filterByProcess(process, withDescendants) {
  const wanted = new Set();
  const stack = [process];
  while (stack.length) {
    const one = stack.pop();
    wanted.add(one.index);
    if (withDescendants) {
      stack.push(...one.children);
    }
  }
  view.processes = wanted;
  view.processesLabel = `${process.name} ${process.pid}${withDescendants ? ' and its descendants' : ''}`;
  view.changed('filter');
}

function searchFlows(text) {
  byId('flow-search').value = text;
  view.changed('filter');
  byId('conversations').scrollIntoView();
}
