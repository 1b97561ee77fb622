// SPDX-License-Identifier: GPL-2.0-only
// DNS questions, TCP handshakes that failed, and tables of events. A column has cell(row), too.

const kFailures = {
  refused: ['refused', 'The side that was asked answered the SYN with a reset'],
  unanswered: ['no answer', 'No TCP segment of the side that was asked'],
  answered: ['not completed', 'The side that was asked accepted; no ACK of the side that began'],
  aborted: ['aborted', 'A reset by the side that began, or by the other one after it had accepted'],
};

const listProcess = (one) => one.process === null ? null : processes[one.process];
const processColumn = {name: 'Process', key: (one) => processText(listProcess(one)).toLowerCase(),
  cell: (one) => el('td', {class: 'who'}, listProcess(one) ? processLink(listProcess(one)) : el('span', {class: 'hint'}, 'no process'))};
const countColumn = (name, field, title) => ({name, title, kind: 'number', key: (one) => one[field],
  cell: (one) => el('td', {class: 'number'}, one[field] ? formatCount(one[field]) : '')});
const timeColumn = (name, field) => ({name, kind: 'number', isTime: true, key: (one) => one[field], cell: (one) => timeCell(one[field])});
const flowsLink = (content, search) => button(content, () => searchFlows(search), {class: 'link', title: 'Show its conversations'});

// A conversation has one of its questions.
const flowQuestions = new Set(data.flows.map((flow) => flow[kFlow.question].toLowerCase()));

const kQuestionColumns = {
  name: {name: 'Question', key: (one) => one.name, cell: (one) => {
    const name = el('bdi', {class: 'name'}, one.name);
    return el('td', {}, flowQuestions.has(one.name.toLowerCase()) ? flowsLink(name, one.name) : name);
  }},
  type: {name: 'Type', key: (one) => one.type, cell: (one) => el('td', {}, one.type)},
  process: processColumn,
  server: {name: 'Server', key: (one) => one.server, cell: (one) => el('td', {}, flowsLink(addressText(one.server), one.server))},
  asked: countColumn('Asked', 'asked', 'How often'),
  answered: countColumn('Answered', 'answered', 'Answers without an error'),
  nonexistent: countColumn('No such name', 'nonexistent', 'Answers that there is no such name (NXDOMAIN)'),
  failed: countColumn('Failed', 'failed', 'Answers with another error'),
};

const kHandshakeColumns = {
  process: processColumn,
  remote: {name: 'Remote address', key: (one) => one.remote, cell: (one) => el('td', {},
    el('span', {class: 'direction', title: one.began ? 'The local side began' : 'The remote side began'}, one.began ? '\u2192 ' : '\u2190 '),
    flowsLink(addressText(one.remote), one.began ? formatEndpoint(one.remote, one.port) : one.remote))},
  port: {name: 'Port', title: 'Of the side that was asked to connect', kind: 'number', key: (one) => one.port, cell: (one) => el('td', {class: 'number'}, String(one.port))},
  how: {name: 'Failure', key: (one) => kFailures[one.how][0], cell: (one) => el('td', {}, el('span', {class: `failure ${one.how}`, title: kFailures[one.how][1]}, kFailures[one.how][0]))},
  flows: countColumn('Conv.', 'flows', 'Conversations'),
  first: timeColumn('First', 'first'),
  last: timeColumn('Last', 'last'),
};

// A process without traffic has a name here and nothing else.
const eventProcess = (one) => listProcess(one) ? processText(listProcess(one)) : one.name || '';
const eventText = (place, name, title) => ({name, title, key: (one) => one.texts[place], cell: (one) => el('td', {}, el('bdi', {}, one.texts[place]))});
const eventColumns = (names) => ({
  process: {name: 'Process', key: (one) => eventProcess(one).toLowerCase(), cell: (one) => el('td', {class: 'who'},
    listProcess(one) ? processLink(listProcess(one)) : one.name ? el('bdi', {}, one.name) : el('span', {class: 'hint'}, 'no process'))},
  ...Object.fromEntries(names.map(([name, title], place) => [name.toLowerCase(), eventText(place, name, title)])),
  count: countColumn('Events', 'count', 'How often'),
  first: timeColumn('First', 'first'),
  last: timeColumn('Last', 'last'),
});

const kCallColumns = eventColumns([
  ['Call', 'The system call'],
  ['Address', 'That it was asked for'],
  ['Error', 'What the program got; given-up: it didn\u2019t wait for the answer'],
]);
const kDropColumns = eventColumns([
  ['Reason', 'As the kernel names it'],
  ['Where', 'The function of the kernel'],
  ['Device', 'The network device, if the packet had one'],
]);

// Only for captures with such events.
function startEventList(id, section, columns, rows, all, leftOut) {
  const none = rows.length === 0;
  byId(section).hidden = none;
  document.querySelector(`nav a[href="#${section}"]`).hidden = none;
  startList(id, columns, rows, {
    all,
    text: (one) => [eventProcess(one), ...one.texts].join('\n'),
    none: '',
    note: leftOut ? `; ${formatCount(leftOut)} events of further kinds aren\u2019t counted` : '',
  });
}

// `id` begins the ids of its elements. all: how many rows the file has; text(row): what a search looks at; none: said where there
// are no rows; note: more to say of their number.
function startList(id, columns, rows, {all, text, none, note}) {
  const state = {sort: null, descending: true, most: 15};
  const search = byId(`${id}-search`);
  const show = () => {
    const found = searchTest(search.value);
    const shown = sorted(found ? rows.filter((one) => found(text(one).toLowerCase())) : rows, columns, state);
    byId(`${id}-table`).replaceChildren(sortHead(`${id}-table`, columns, state, show), el('tbody', {},
      shown.slice(0, state.most).map((one) => el('tr', {}, Object.values(columns).map((column) => column.cell(one)))),
      shown.length ? null : el('tr', {}, el('td', {class: 'empty', colspan: Object.keys(columns).length}, rows.length ? 'Nothing matches.' : none))));
    byId(`${id}-count`).textContent = `${formatCount(shown.length)} of ${formatCount(rows.length)}` +
      (all > rows.length ? `; ${formatCount(all - rows.length)} less frequent ones are left out of this page` : '') + note;
    showMore(`${id}-more`, shown.length - state.most, () => {
      state.most += 50;
      show();
    });
  };
  search.addEventListener('input', show);
  view.on((what) => what === 'zone' && show());
  show();
}

function startLists() {
  startList('question', kQuestionColumns, data.questions, {
    all: data.questionCount,
    text: (one) => [one.name, one.type, processText(listProcess(one)), one.server].join('\n'),
    none: 'The packets show no questions to DNS servers.',
    note: data.questionsLeftOut ? `; ${formatCount(data.questionsLeftOut)} questions came after a million different ones and aren\u2019t counted` : '',
  });
  startList('handshake', kHandshakeColumns, data.handshakes, {
    all: data.handshakeCount,
    text: (one) => [processText(listProcess(one)), one.remote, formatEndpoint(one.remote, one.port), kFailures[one.how][0]].join('\n'),
    none: 'No TCP handshake failed.',
    note: '',
  });
  startEventList('failure', 'failures', kCallColumns, data.failures, data.failureCount, data.failuresLeftOut);
  startEventList('drop', 'drops', kDropColumns, data.drops, data.dropCount, data.dropsLeftOut);
}
