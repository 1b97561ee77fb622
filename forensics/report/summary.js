// SPDX-License-Identifier: GPL-2.0-only
// The top of the page: which file, how much, and what has no process and why.

const kReasons = [
  ['kernel', 'The kernel', 'It sent or answered these itself: resets, ICMP errors, address resolution.'],
  ['forwarded', 'Forwarded', 'Routed or bridged through the machine for others.'],
  ['unknown', 'Unknown', 'The capture looked for the process and found none.'],
  ['silent', 'The file doesn\u2019t say', 'Captured without processes, or by a tool that names none.'],
];

function showSummary() {
  const file = data.file.split('/').pop();
  document.title = `${file} \u2013 pidcap report`;
  byId('file').textContent = file;
  byId('file').title = data.file;
  byId('problems').replaceChildren(...data.problems.map((problem) => el('p', {class: 'problem', role: 'note'},
    el('strong', {}, 'This isn\u2019t all of the file. '), el('bdi', {}, problem))));
  const figure = (name, value, title) => el('div', {}, el('dt', {}, name), el('dd', {title}, value));
  const [packets, bytes] = data.total;
  byId('figures').replaceChildren(
    figure('Packets', formatCount(packets)),
    figure('Bytes', formatBytes(bytes), `${formatCount(bytes)} bytes`),
    figure('Duration', data.first === null ? '\u2013' : formatDuration(data.last - data.first)),
    figure('Processes', formatCount(data.processCount)),
    figure('Conversations', formatCount(data.flowCount)),
    figure('Remote addresses', formatCount(data.talkerCount)),
    figure('Names', formatCount(data.nameCount)),
    eventLane.items.length ? figure('Events', formatCount(countOf(eventLane.items))) : '');
  showAttribution();
  showSpan();
  view.on((what) => what === 'zone' && showSpan());
}

function showSpan() {
  byId('span').textContent = data.first === null ? 'No packet has a time.' :
    `${formatTime(data.first, 6, true)} to ${formatTime(data.last, 6, spansDays())} ${zoneText()}`;
}

function showAttribution() {
  const [packets] = data.total;
  const without = kReasons.reduce((sum, [key]) => sum + data.unattributed[key][0], 0);
  const parts = [['process', packets - without], ...kReasons.map(([key]) => [key, data.unattributed[key][0]])];
  const bar = el('div', {class: 'share', role: 'img', 'aria-label': `${formatShare(packets - without, packets)} of the packets have a process`});
  for (const [key, count] of parts) {
    if (count > 0) {
      const part = el('span', {class: `why-${key}`});
      part.style.flexGrow = count / packets;
      bar.append(part);
    }
  }
  const rows = kReasons.filter(([key]) => data.unattributed[key][0] > 0).map(([key, name, why]) => {
    const [count, bytes] = data.unattributed[key];
    return el('li', {}, el('span', {class: `swatch why-${key}`}), el('strong', {}, `${name}: `),
      `${formatShare(count, packets)}, ${formatCount(count)} packets, ${formatBytes(bytes)}. `, el('span', {class: 'hint'}, why));
  });
  byId('attribution').replaceChildren(
    el('p', {}, el('strong', {}, packets === 0 ? 'The file has no packets.' : `${formatShare(packets - without, packets)} of the packets have a process. `),
      without > 0 ? `${formatCount(without)} have none (${formatShare(without, packets)}):` : ''),
    bar, el('ul', {class: 'reasons'}, rows));
}
