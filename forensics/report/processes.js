// SPDX-License-Identifier: GPL-2.0-only
// The tree of processes (without rings: report.cpp sees to it). A parent that the file only names stands as a placeholder.

const tree = {roots: [], closed: new Set(), rows: 200, search: ''};

function buildTree() {
  const placeholders = new Map();
  for (const process of processes) {
    if (process.parent !== null) {
      continue;
    }
    if (!process.ppid) {
      tree.roots.push(process);
      continue;
    }
    const key = JSON.stringify([process.host, process.ppid, parentName(process)]);
    if (!placeholders.has(key)) {
      placeholders.set(key, {placeholder: true, name: parentName(process), pid: process.ppid, host: process.host,
        children: [], bytes: 0, sentBytes: 0, receivedBytes: 0, eitherBytes: 0, flows: 0});
      tree.roots.push(placeholders.get(key));
    }
    placeholders.get(key).children.push(process);
  }
  // Without recursion: a file may tell of a chain of thousands.
  const order = [];
  const stack = [...tree.roots];
  while (stack.length) {
    const node = stack.pop();
    order.push(node);
    stack.push(...node.children);
  }
  for (const node of order.reverse()) {
    node.sum = {sentBytes: node.sentBytes, receivedBytes: node.receivedBytes, eitherBytes: node.eitherBytes, flows: node.flows, nodes: 1};
    for (const child of node.children) {
      child.above = node;
      for (const key of Object.keys(node.sum)) {
        node.sum[key] += child.sum[key];
      }
    }
    node.sum.bytes = node.sum.sentBytes + node.sum.receivedBytes + node.sum.eitherBytes;
    node.children.sort((a, b) => b.sum.bytes - a.sum.bytes);
  }
  tree.roots.sort((a, b) => b.sum.bytes - a.sum.bytes);
  tree.most = Math.max(1, ...processes.slice(0, 1).map((process) => process.bytes));
}

function matches(process, words) {
  process.text = process.text || [process.name, process.pid, process.exe, process.cmdline, process.user_name, process.container, process.container_name,
    process.container_image, process.pod_name, process.pod_namespace, process.unit,
    process.cgroup, process.host, ...oddities(process)].filter((part) => part !== undefined).join('\n').toLowerCase();
  return words.every((word) => process.text.includes(word));
}

const searchWords = () => tree.search.toLowerCase().split(/\s+/).filter((word) => word);

// The nodes to show with their depth, in order.
function visibleNodes() {
  const words = searchWords();
  let wanted = null;
  if (words.length) {
    wanted = new Set();
    for (const process of processes) {
      for (let node = matches(process, words) ? process : null; node && !wanted.has(node); node = node.above) {
        wanted.add(node);
      }
    }
  }
  const visible = [];
  const stack = tree.roots.map((node) => [node, 0]).reverse();
  while (stack.length) {
    const [node, depth] = stack.pop();
    if (wanted && !wanted.has(node)) {
      continue;
    }
    visible.push([node, depth]);
    if (wanted || !tree.closed.has(node)) {
      for (let i = node.children.length - 1; i >= 0; --i) {
        stack.push([node.children[i], depth + 1]);
      }
    }
  }
  return visible;
}

function trafficBar(of, most) {
  const bar = el('span', {class: 'bars', 'aria-hidden': 'true'});
  for (const [key, bytes] of [['sent', of.sentBytes], ['received', of.receivedBytes], ['either', of.eitherBytes]]) {
    if (bytes > 0) {
      const part = el('span', {class: key});
      part.style.width = `${Math.min(100, 100 * bytes / most)}%`;
      bar.append(part);
    }
  }
  return bar;
}

function processRow([node, depth]) {
  const closed = tree.closed.has(node) && !tree.search;
  const shown = closed ? node.sum : node;
  const toggle = node.children.length === 0 ? el('span', {class: 'toggle'}) : button(closed ? '\u25b8' : '\u25be', () => {
    if (!tree.closed.delete(node)) {
      tree.closed.add(node);
    }
    const row = [...byId('process-table').querySelectorAll('tbody tr')].indexOf(toggle.closest('tr'));
    showProcesses();
    byId('process-table').querySelectorAll('tbody tr')[row].querySelector('.toggle').focus();
  }, {class: 'toggle', 'aria-expanded': String(!closed), 'aria-label': `${closed ? 'Open' : 'Close'} what ${node.name} ${node.pid} started`});
  const name = el('td', {class: 'who'}, el('div', {},
    toggle,
    node.placeholder ? el('span', {class: 'placeholder'}, el('bdi', {class: 'name'}, node.name), el('span', {class: 'pid'}, String(node.pid)), el('span', {class: 'pid'}, '(not in the file)')) :
      processLink(node),
    node.placeholder ? null : el('span', {class: 'tags'}, oddities(node).map((odd) => el('span', {class: 'tag'}, odd))),
    closed ? el('span', {class: 'hint'}, ` with ${formatCount(node.sum.nodes - 1)} below`) : null));
  name.firstChild.style.paddingInlineStart = `${Math.min(depth, 12) * 1.1}rem`;
  const bytes = (number) => el('td', {class: 'number', title: number ? `${formatCount(number)} bytes` : null}, number ? formatBytes(number) : '');
  return el('tr', {}, name,
    el('td', {class: 'minor clip', title: node.uid === undefined ? null : `uid ${node.uid}`}, el('bdi', {class: 'name'}, node.user_name || (node.uid === undefined ? '' : String(node.uid)))),
    el('td', {class: 'minor clip command', title: node.cmdline}, el('bdi', {class: 'name'}, node.cmdline || node.exe || '')),
    el('td', {class: 'minor clip', title: node.container || node.unit}, el('bdi', {class: 'name'}, node.container_name || (node.container ? node.container.slice(0, 12) : node.unit || ''))),
    bytes(shown.sentBytes), bytes(shown.receivedBytes), data.hasEither ? bytes(shown.eitherBytes) : null,
    el('td', {class: 'bar-cell'}, trafficBar(shown, tree.most)),
    el('td', {class: 'number minor'}, shown.flows ? formatCount(shown.flows) : ''));
}

function showProcesses() {
  const visible = visibleNodes();
  const heads = ['Process', 'User', 'Command line', 'Container or unit', 'Sent', 'Received', data.hasEither ? 'Either' : null, 'Share', 'Conv.'];
  const titles = {Either: 'Sent or received: the file doesn\u2019t say at which end the process is', 'Conv.': 'Conversations'};
  const kinds = ['', 'minor', 'minor', 'minor', 'number', 'number', 'number', '', 'number minor'];
  byId('process-table').replaceChildren(
    el('thead', {}, el('tr', {}, heads.map((head, i) => head && el('th', {class: kinds[i], scope: 'col', title: titles[head] || null}, head)))),
    el('tbody', {}, visible.slice(0, tree.rows).map(processRow)));
  const found = processes.filter((process) => matches(process, searchWords())).length;
  byId('process-count').textContent = tree.search ? `${formatCount(found)} found` :
    data.processCount > processes.length ? `the ${formatCount(processes.length)} with the most bytes, of ${formatCount(data.processCount)}` : '';
  const more = byId('process-more');
  more.hidden = visible.length <= tree.rows;
  more.textContent = `Show more (${formatCount(visible.length - tree.rows)} left)`;
}

function startProcesses() {
  data.hasEither = processes.some((process) => process.eitherBytes > 0);
  buildTree();
  showProcesses();
  byId('process-more').addEventListener('click', () => {
    tree.rows += 500;
    showProcesses();
  });
  byId('process-search').addEventListener('input', (event) => {
    tree.search = event.target.value.trim();
    tree.rows = 200;
    showProcesses();
  });
}
