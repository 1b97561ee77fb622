// SPDX-License-Identifier: GPL-2.0-only
// The table of conversations, a page of rows at a time.

const kPageRows = 100;
const flows = {page: 0, sort: null, descending: true, search: '', shown: [], texts: []};

const processAt = (flow, column) => flow[kFlow[column]] === null ? null : processes[flow[kFlow[column]]];
const flowName = (flow) => flow[kFlow.tls] || flow[kFlow.http] || flow[kFlow.question] || flow[kFlow.dns];
const kEnds = ['local', 'remote', 'either'];
// Whether a process takes part: `test` gets its index.
const takesPart = (flow, test) => kEnds.some((end) => test(flow[kFlow[end]]) || (flow[kFlow[end + 'Shares']] || []).some(([index]) => test(index)));
const processText = (process) => process ? `${process.name} ${process.pid}` : '';

const kFlowColumns = {
  process: {name: 'Process', key: (flow) => processText(processAt(flow, 'local') || processAt(flow, 'either') || processAt(flow, 'remote')).toLowerCase()},
  protocol: {name: 'Proto', key: (flow) => formatProtocol(flow[kFlow.protocol])},
  local: {name: 'Local', key: (flow) => formatEndpoint(flow[kFlow.localAddress], flow[kFlow.localPort])},
  remote: {name: 'Remote', key: (flow) => formatEndpoint(flow[kFlow.remoteAddress], flow[kFlow.remotePort])},
  name: {name: 'Name', key: (flow) => flowName(flow).toLowerCase()},
  state: {name: 'State', key: (flow) => flow[kFlow.state], kind: 'minor'},
  packets: {name: 'Packets', key: (flow) => flow[kFlow.sentPackets] + flow[kFlow.receivedPackets], kind: 'number minor'},
  sent: {name: 'Sent', key: (flow) => flow[kFlow.sentBytes], kind: 'number'},
  received: {name: 'Received', key: (flow) => flow[kFlow.receivedBytes], kind: 'number'},
  first: {name: 'Begin', key: (flow) => flow[kFlow.first], kind: 'number', isTime: true},
  duration: {name: 'Duration', key: (flow) => flow[kFlow.duration], kind: 'number'},
  rtt: {name: 'RTT', key: (flow) => flow[kFlow.rtt], kind: 'number minor', title: 'Round trip of the TCP handshake'},
  retransmissions: {name: 'Retrans.', key: (flow) => flow[kFlow.localRetransmissions] + flow[kFlow.remoteRetransmissions], kind: 'number minor',
    title: 'TCP segments that were sent again, by either side'},
};

// All that a search looks at, made when it is first needed.
function flowText(index) {
  if (flows.texts[index] === undefined) {
    const flow = data.flows[index];
    flows.texts[index] = [...kEnds.flatMap((end) => [processText(processAt(flow, end)), ...(flow[kFlow[end + 'Shares']] || []).map(([index]) => processText(processes[index]))]),
      formatProtocol(flow[kFlow.protocol]), formatEndpoint(flow[kFlow.localAddress], flow[kFlow.localPort]),
      formatEndpoint(flow[kFlow.remoteAddress], flow[kFlow.remotePort]), flow[kFlow.dns], flow[kFlow.tls], flow[kFlow.http], flow[kFlow.question], flow[kFlow.state]]
      .join('\n').toLowerCase();
  }
  return flows.texts[index];
}

function selectFlows() {
  const found = searchTest(flows.search);
  const window = view.withinWindow ? view.window : null;
  const shown = [];
  data.flows.forEach((flow, index) => {
    if (view.processes && !takesPart(flow, (index) => view.processes.has(index))) {
      return;
    }
    if (window && (flow[kFlow.first] === null || flow[kFlow.first] > window.to || flow[kFlow.first] + (flow[kFlow.duration] || 0) < window.from)) {
      return;
    }
    if (found && !found(flowText(index))) {
      return;
    }
    shown.push(flow);
  });
  flows.shown = sorted(shown, kFlowColumns, flows);  // unsorted: most bytes first
}

// A mark that lists the processes of an end with their shares of its bytes, if there are several.
function severalMark(flow, end) {
  const shares = flow[kFlow[end + 'Shares']];
  if (!shares) {
    return null;
  }
  const sum = Math.max(shares.reduce((bytes, [, more]) => bytes + more, 0), 1);
  const lines = shares.map(([index, bytes]) => `${index === null ? 'others' : processText(processes[index])}: ${formatBytes(bytes)}, ${(100 * bytes / sum).toFixed(1)} %`);
  return el('span', {class: 'hint', title: ['Its packets name several processes:', ...lines].join('\n')}, '+');
}

function flowRow(flow) {
  const local = processAt(flow, 'local');
  const remote = processAt(flow, 'remote');
  const either = processAt(flow, 'either');
  const began = flow[kFlow.flags] & kLocalBegan;
  const who = el('td', {class: 'who'},
    local ? processLink(local, severalMark(flow, 'local')) : null,
    remote ? [el('span', {class: 'hint'}, local ? (began ? ' \u2192 ' : ' \u2190 ') : ''), processLink(remote, severalMark(flow, 'remote'))] : null,
    !local && !remote && either ? [processLink(either, severalMark(flow, 'either')), el('span', {class: 'hint', title: 'The file doesn\u2019t say at which end it is'}, ' (either end)')] : null,
    !local && !remote && !either ? el('span', {class: 'hint'}, 'no process') : null);
  const names = [['DNS', 'dns'], ['TLS', 'tls'], ['HTTP', 'http'], ['DNS question', 'question']].filter(([, key]) => flow[kFlow[key]]);
  const bytes = (number) => el('td', {class: 'number', title: `${formatCount(number)} bytes`}, formatBytes(number));
  const [sent, received] = [flow[kFlow.sentBytes], flow[kFlow.receivedBytes]];
  const again = flow[kFlow.localRetransmissions] + flow[kFlow.remoteRetransmissions];
  return el('tr', {},
    who,
    el('td', {title: [...(flow[kFlow.interfaces].length ? [`Seen on ${flow[kFlow.interfaces].join(', ')}`] : []), ...(flow[kFlow.tunnel] ? [`In the tunnel ${flow[kFlow.tunnel]}`] : [])].join('\n') || null},
      formatProtocol(flow[kFlow.protocol])),
    el('td', {}, addressText(formatEndpoint(flow[kFlow.localAddress], flow[kFlow.localPort]))),
    el('td', {}, el('span', {class: 'direction', title: began ? 'The local side began' : 'The remote side began'}, began ? '\u2192 ' : '\u2190 '),
      addressText(formatEndpoint(flow[kFlow.remoteAddress], flow[kFlow.remotePort]))),
    el('td', {class: 'clip', title: names.map(([kind, key]) => `${kind} ${flow[kFlow[key]]}`).join('\n') || null}, el('bdi', {class: 'name'}, flowName(flow))),
    el('td', {class: 'minor'}, flow[kFlow.state] ? el('span', {class: `state ${flow[kFlow.state]}`}, flow[kFlow.state]) : ''),
    el('td', {class: 'number minor', title: `${formatCount(flow[kFlow.sentPackets])} sent, ${formatCount(flow[kFlow.receivedPackets])} received`},
      formatCount(flow[kFlow.sentPackets] + flow[kFlow.receivedPackets])),
    bytes(sent), bytes(received),
    timeCell(flow[kFlow.first]),
    el('td', {class: 'number'}, formatDuration(flow[kFlow.duration])),
    el('td', {class: 'number minor'}, formatDuration(flow[kFlow.rtt])),
    el('td', {class: 'number minor', title: again ? `${flow[kFlow.localRetransmissions]} sent, ${flow[kFlow.remoteRetransmissions]} received` : null}, again ? formatCount(again) : ''));
}

function showFlowPage() {
  const pages = Math.max(1, Math.ceil(flows.shown.length / kPageRows));
  flows.page = Math.min(flows.page, pages - 1);
  const rows = flows.shown.slice(flows.page * kPageRows, (flows.page + 1) * kPageRows);
  byId('flow-table').replaceChildren(sortHead('flow-table', kFlowColumns, flows, showFlows), el('tbody', {}, rows.map(flowRow),
    rows.length ? null : el('tr', {}, el('td', {class: 'empty', colspan: Object.keys(kFlowColumns).length}, 'No conversation matches.'))));
  const go = (text, page, label) => button(text, () => {
    flows.page = page;
    showFlowPage();
    byId('conversations').scrollIntoView();
    byId('conversations').focus({preventScroll: true});
  }, {disabled: page < 0 || page >= pages || page === flows.page, 'aria-label': label});
  byId('flow-pages').replaceChildren(...(pages === 1 ? [] : [go('\u00ab', 0, 'First page'), go('\u2039 Back', flows.page - 1, 'Page before'),
    el('span', {}, `Page ${formatCount(flows.page + 1)} of ${formatCount(pages)}`), go('Next \u203a', flows.page + 1, 'Next page'), go('\u00bb', pages - 1, 'Last page')]));
}

function showFlows() {
  selectFlows();
  flows.page = 0;
  showFlowPage();
  const bytes = flows.shown.reduce((sum, flow) => sum + flow[kFlow.sentBytes] + flow[kFlow.receivedBytes], 0);
  const left = data.flowCount - data.flows.length;
  byId('flow-count').textContent = `${formatCount(flows.shown.length)} of ${formatCount(data.flows.length)}, ${formatBytes(bytes)}${flows.sort ? '' : '; most bytes first'}` +
    (left > 0 ? `; ${formatCount(left)} with fewer bytes are left out of this page` : '');
  byId('flow-filter').replaceChildren(...(view.processes ? [button([`Only of `, el('bdi', {class: 'name'}, view.processesLabel), ' \u2715'], () => {
    view.processes = null;
    view.changed('filter');
  }, {class: 'chip', 'aria-label': `Remove the filter on ${view.processesLabel}`})] : []));
}

function startFlows() {
  let timer = 0;
  byId('flow-search').addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => view.changed('filter'), data.flows.length > 5000 ? 200 : 0);
  });
  byId('flow-window').addEventListener('change', (event) => {
    view.withinWindow = event.target.checked;
    view.changed('filter');
  });
  view.on((what) => {
    flows.search = byId('flow-search').value.trim();
    if (what === 'window') {
      clearTimeout(timer);
      timer = setTimeout(showFlows, 100);
    } else if (what === 'zone') {
      showFlowPage();
    } else {
      showFlows();
    }
  });
  showFlows();
}
