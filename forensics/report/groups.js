// SPDX-License-Identifier: GPL-2.0-only
// Top talkers, and names looked up.

const groups = {by: 'address', talkers: 15, names: 15, search: ''};

const groupProcesses = (group) => el('td', {class: 'who'}, group.processes.slice(0, 3).map((index) => processLink(processes[index])),
  group.processes.length > 3 || group.more ? el('span', {class: 'hint', title: group.processes.map((index) => processText(processes[index])).join(', ')},
    group.more ? ` and more than ${group.processes.length - 3} others` : ` and ${group.processes.length - 3} more`) : null);

function heads(...names) {
  return el('thead', {}, el('tr', {}, names.map((name) =>
    el('th', {scope: 'col', class: ['Sent', 'Received', 'Conv.'].includes(name) ? 'number' : null, title: name === 'Conv.' ? 'Conversations' : null}, name))));
}

function showMore(id, left, more) {
  byId(id).hidden = left <= 0;
  byId(id).textContent = `Show more (${formatCount(left)} left)`;
  byId(id).onclick = more;
}

const bytesCell = (bytes) => el('td', {class: 'number', title: `${formatCount(bytes)} bytes`}, formatBytes(bytes));

function showTalkers() {
  const byProcess = groups.by === 'process';
  const all = byProcess ? processes.filter((process) => process.bytes > 0) : data.talkers;
  const size = (one) => byProcess ? one.bytes : one.sent + one.received;
  const most = Math.max(1, ...all.slice(0, 1).map(size));
  const rows = all.slice(0, groups.talkers).map((one) => byProcess ?
    el('tr', {}, el('td', {class: 'who'}, processLink(one)), bytesCell(one.sentBytes), bytesCell(one.receivedBytes),
      el('td', {class: 'bar-cell'}, trafficBar(one, most)), el('td', {class: 'number'}, formatCount(one.flows))) :
    el('tr', {}, el('td', {}, button(el('span', {class: 'address'}, one.address), () => searchFlows(one.address), {class: 'link', title: 'Show its conversations'}),
      one.name ? el('bdi', {class: 'name below'}, one.name) : null), groupProcesses(one), bytesCell(one.sent), bytesCell(one.received),
    el('td', {class: 'bar-cell'}, trafficBar({sentBytes: one.sent, receivedBytes: one.received, eitherBytes: 0}, most)),
    el('td', {class: 'number'}, formatCount(one.flows))));
  byId('talker-table').replaceChildren(
    byProcess ? heads('Process', 'Sent', 'Received', 'Share', 'Conv.') : heads('Remote address', 'Processes', 'Sent', 'Received', 'Share', 'Conv.'),
    el('tbody', {}, rows.length ? rows : el('tr', {}, el('td', {class: 'empty', colspan: 6}, 'None.'))));
  showMore('talker-more', all.length - groups.talkers, () => {
    groups.talkers += 50;
    showTalkers();
  });
}

function showNames() {
  const words = groups.search.toLowerCase().split(/\s+/);
  const all = data.names.filter((one) => words.every((word) => `${one.name} ${one.kind}`.toLowerCase().includes(word)));
  const rows = all.slice(0, groups.names).map((one) => el('tr', {},
    el('td', {}, button(el('bdi', {class: 'name'}, one.name), () => searchFlows(one.name), {class: 'link', title: 'Show its conversations'})),
    el('td', {}, el('span', {class: 'tag plain'}, one.kind)), groupProcesses(one), bytesCell(one.sent), bytesCell(one.received),
    el('td', {class: 'number'}, formatCount(one.flows))));
  byId('name-table').replaceChildren(heads('Name', 'Told by', 'Processes', 'Sent', 'Received', 'Conv.'),
    el('tbody', {}, rows.length ? rows : el('tr', {}, el('td', {class: 'empty', colspan: 6}, data.names.length ? 'No name matches.' : 'The packets show no names.'))));
  showMore('name-more', all.length - groups.names, () => {
    groups.names += 50;
    showNames();
  });
}

function startGroups() {
  choice('talker-by', {address: 'Remote address', process: 'Process'}, 'address', (by) => {
    groups.by = by;
    groups.talkers = 15;
    showTalkers();
  });
  byId('name-search').addEventListener('input', (event) => {
    groups.search = event.target.value.trim();
    showNames();
  });
  showTalkers();
  showNames();
}
