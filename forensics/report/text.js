// SPDX-License-Identifier: GPL-2.0-only
// Elements and texts. Whatever the file says gets into the page as text nodes only.
'use strict';

// el('a', {class: 'x', onclick: f, title: 't'}, child…): children are elements or texts.
function el(tag, attributes, ...children) {
  const svg = ['svg', 'g', 'path', 'line', 'text', 'rect', 'defs', 'pattern', 'title', 'tspan'].includes(tag);
  const element = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

const byId = (id) => document.getElementById(id);

function button(text, onclick, attributes) {
  return el('button', {type: 'button', onclick, ...attributes}, text);
}

// Buttons of which one is on; pick(key) is called when another is chosen.
function choice(id, options, chosen, pick) {
  const buttons = Object.entries(options).map(([key, text]) => button(text, () => {
    for (const one of buttons) {
      one.setAttribute('aria-pressed', String(one.dataset.key === key));
    }
    pick(key);
  }, {'data-key': key, 'aria-pressed': String(key === chosen)}));
  byId(id).replaceChildren(...buttons);
}

const formatCount = (number) => number.toLocaleString('en-US');

// At least three significant digits, no more than one needs: "1.23 MB".
function scaled(number, units, base) {
  let unit = 0;
  while (number >= base * 0.9995 && unit < units.length - 1) {
    number /= base;
    ++unit;
  }
  const digits = unit === 0 && Number.isInteger(number) ? 0 : number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  return `${number.toFixed(digits)} ${units[unit]}`;
}
const kBytes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const formatBytes = (bytes) => scaled(bytes, kBytes, 1000);
const formatRate = (bytes) => scaled(bytes, kBytes.map((unit) => unit + '/s'), 1000);
const formatShare = (part, whole) => {
  const percent = whole === 0 ? 0 : 100 * part / whole;
  return part > 0 && percent < 0.1 ? '< 0.1 %' : part < whole && percent > 99.9 ? '> 99.9 %' : `${percent.toFixed(percent < 10 || percent > 99 ? 1 : 0).replace('.0', '')} %`;
};

function formatDuration(us) {
  if (us === null || us === undefined) {
    return '';
  }
  if (us < 59.95e6) {
    return us === 0 ? '0 s' : us < 1e6 ? scaled(us, ['\u00b5s', 'ms', 's'], 1000) : `${(us / 1e6).toFixed(us < 1e7 ? 2 : 1)} s`;
  }
  const seconds = Math.round(us / 1e6);
  const pad = (number) => String(number).padStart(2, '0');
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min` :
    `${Math.floor(minutes / 1440)} d ${Math.floor(minutes % 1440 / 60)} h`;
}

const kProtocols = {1: 'ICMP', 2: 'IGMP', 4: 'IPIP', 6: 'TCP', 17: 'UDP', 41: 'IPv6', 47: 'GRE', 50: 'ESP', 51: 'AH',
  58: 'ICMPv6', 89: 'OSPF', 103: 'PIM', 112: 'VRRP', 132: 'SCTP'};
const formatProtocol = (number) => kProtocols[number] || `IP ${number}`;
const formatEndpoint = (address, port) =>
  port === 0 ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
