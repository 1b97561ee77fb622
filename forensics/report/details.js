// SPDX-License-Identifier: GPL-2.0-only
// All that is known of one process, in a dialog.

function topOf(process, key, limit) {
  const sums = new Map();
  for (const flow of data.flows) {
    if (takesPart(flow, (index) => index === process.index)) {
      for (const text of key(flow)) {
        const sum = sums.get(text) || {text, flows: 0, bytes: 0};
        ++sum.flows;
        sum.bytes += flow[kFlow.sentBytes] + flow[kFlow.receivedBytes];
        sums.set(text, sum);
      }
    }
  }
  const sorted = [...sums.values()].sort((a, b) => b.bytes - a.bytes);
  return {shown: sorted.slice(0, limit), all: sorted.length};
}

function topList(title, top) {
  if (top.all === 0) {
    return null;
  }
  return el('div', {}, el('h3', {}, title), el('ul', {class: 'top'}, top.shown.map((one) => el('li', {},
    button(el('bdi', {class: 'name'}, one.text), () => {
      byId('details').close();
      searchFlows(one.text);
    }, {class: 'link'}), el('span', {class: 'hint'}, ` ${formatBytes(one.bytes)}, ${formatCount(one.flows)}\u00d7`))),
  top.all > top.shown.length ? el('li', {class: 'hint'}, `and ${formatCount(top.all - top.shown.length)} more`) : null));
}

function showDetails(process) {
  const dialog = byId('details');
  const rows = [];
  const row = (name, ...value) => {
    if (value.some((part) => part !== '' && part !== null && part !== undefined)) {
      rows.push(el('dt', {}, name), el('dd', {}, ...value));
    }
  };
  const told = (name, text, code) => row(name, text ? el(code ? 'code' : 'bdi', {class: 'name'}, text) : '');
  const amount = ([packets, bytes]) => packets === 0 ? '' : `${formatBytes(bytes)} in ${formatCount(packets)} packets`;
  const time = (us) => us === null || us === undefined ? '' : `${formatTime(us, 6, true)} ${zoneText()}`;

  told('Executable', process.exe, true);
  row('Its file', process.exe_inode === undefined ? '' : `inode ${process.exe_inode}`,
    process.exe_device ? ` of device ${process.exe_device}` : '',
    process.mntns === undefined ? '' : ` by its path in mount namespace ${process.mntns}`);
  told('Command line', process.cmdline, true);
  row('User', process.user_name ? el('bdi', {class: 'name'}, process.user_name) : '', process.uid === undefined ? '' : ` (uid ${process.uid})`);
  const parent = process.parent !== null ? processLink(processes[process.parent]) :
    process.ppid !== undefined ? el('span', {}, el('bdi', {class: 'name'}, parentName(process)), ` ${process.ppid}`) : '';
  row('Parent', parent);
  row('Children', ...process.children.slice(0, 30).map((child) => processLink(child)),
    process.children.length > 30 ? ` and ${formatCount(process.children.length - 30)} more` : '');
  told('Host', process.host);
  told('Container', process.container, true);
  told('Its name', process.container_name);
  told('Its image', process.container_image);
  told('Pod', process.pod_name);
  told('Its namespace', process.pod_namespace);
  told('Unit', process.unit);
  told('Control group', process.cgroup, true);
  row('Namespaces', process.netns === undefined ? '' : `network ${process.netns}`,
    process.nspid === undefined || process.nspid === process.pid ? '' : ` pid in its own ${process.nspid}`,
    process.host_pid === undefined ? '' : ` pid on the host ${process.host_pid}`,
    process.pidns === undefined ? '' : ' (not in the namespace of the capture)');
  row('Started', time(process.start_time));
  const life = data.lives.find((one) => one.process === process.index);
  row('Ended', life && life.end !== null ? `${time(life.end)}${lifeEnd(life) === 'ended' ? '' : `, ${lifeEnd(life)}`}` : time(process.end_time));
  row('First packet', time(process.first));
  row('Last packet', time(process.last));
  row('Sent', amount(process.sent));
  row('Received', amount(process.received));
  row('Sent or received', amount(process.either));
  row('Conversations', process.flows ? `${formatCount(process.flows)} with ${formatCount(process.peers)} addresses` : '');
  const silent = Math.max(0, process.packets - process.direct - process.inferred);
  row('Its packets were found', process.packets === 0 ? '' : [
    [process.direct, 'at a socket'], [process.inferred, 'by what is known of earlier packets'], [silent, 'in a way the file doesn\u2019t tell'],
  ].filter(([count]) => count > 0).map(([count, how]) => `${formatShare(count, process.packets)} ${how}`).join(', '));

  const go = (withDescendants) => () => {
    dialog.close();
    filterByProcess(process, withDescendants);
    byId('conversations').scrollIntoView();
  };
  const names = (flow) => new Set([flow[kFlow.dns], flow[kFlow.tls], flow[kFlow.http], flow[kFlow.question]].filter((name) => name));
  const addresses = (flow) => [flow[kFlow.remote] === process.index && flow[kFlow.local] !== process.index ? flow[kFlow.localAddress] : flow[kFlow.remoteAddress]];
  dialog.replaceChildren(
    el('div', {class: 'details-head'},
      el('h2', {id: 'details-title'}, el('span', {class: 'swatch', 'data-series': process.series}), el('bdi', {class: 'name'}, process.name), el('span', {class: 'pid'}, ` ${process.pid}`)),
      button('\u2715', () => dialog.close(), {class: 'close', 'aria-label': 'Close'})),
    el('p', {class: 'chips'}, oddities(process).map((odd) => el('span', {class: 'tag'}, odd))),
    el('p', {class: 'actions'},
      process.flows ? button('Show its conversations', go(false), {class: 'primary'}) : null,
      process.children.length ? button('Show those of its descendants too', go(true)) : null),
    el('dl', {class: 'facts'}, rows),
    el('div', {class: 'tops'}, topList('Most traffic with', topOf(process, addresses, 10)), topList('Names', topOf(process, names, 10))));
  if (!dialog.open) {
    dialog.showModal();
  }
  dialog.scrollTop = 0;
}

// A click beside it closes it, as Escape does.
byId('details').addEventListener('click', (event) => event.target === byId('details') && byId('details').close());
