// SPDX-License-Identifier: GPL-2.0-only
// What tables share that can be sorted and searched.
// A column: name (of the header), key(row) (what to sort by), kind (a class), title, isTime. A table's
// state: sort (a column, null: as the rows come), descending.

function compare(a, b) {
  return typeof a === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0;
}

// Rows that have nothing to sort by come last.
function sorted(rows, columns, state) {
  if (!state.sort) {
    return rows;
  }
  const {key} = columns[state.sort];
  const keyed = rows.map((row) => [key(row), row]);
  const none = (value) => value === null || value === '';
  keyed.sort(([a], [b]) => none(a) || none(b) ? none(a) - none(b) : (state.descending ? -compare(a, b) : compare(a, b)));
  return keyed.map(([, row]) => row);
}

// show(): shows the table anew.
function sortHead(id, columns, state, show) {
  return el('thead', {}, el('tr', {}, Object.entries(columns).map(([key, column], place) => {
    const chosen = state.sort === key;
    return el('th', {scope: 'col', class: column.kind, 'aria-sort': chosen ? (state.descending ? 'descending' : 'ascending') : 'none', title: column.title},
      button([column.name, el('span', {class: 'arrow', 'aria-hidden': 'true'}, chosen ? (state.descending ? ' \u25be' : ' \u25b4') : '')], () => {
        state.descending = chosen ? !state.descending : (column.kind || '').includes('number') && !column.isTime;
        state.sort = key;
        show();
        byId(id).querySelector(`th:nth-child(${place + 1}) button`).focus();
      }, {class: 'sort'}));
  })));
}

// A test of texts in small letters: every word must be in it, and none that has a "-" before it. null: no words.
function searchTest(search) {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word && word !== '-');
  const wanted = words.filter((word) => !word.startsWith('-'));
  const unwanted = words.filter((word) => word.startsWith('-')).map((word) => word.slice(1));
  return words.length ? (text) => wanted.every((word) => text.includes(word)) && !unwanted.some((word) => text.includes(word)) : null;
}

// One of IPv6 may go on in another line, after a colon.
const addressText = (text) => el('span', {class: text.startsWith('[') || /:.*:/.test(text) ? 'address long' : 'address'},
  text.split(/(?<=:)/).flatMap((part, i) => i === 0 ? [part] : [el('wbr'), part]));

const timeCell = (us) => el('td', {class: 'number', title: us === null ? null : `${formatTime(us, 6, true)} ${zoneText()}`},
  formatTime(us, data.last - data.first < 60e6 ? 3 : 0, spansDays()));
