// SPDX-License-Identifier: GPL-2.0-only
// node_cluster.js PORT LOG: a web server of three workers. Its primary replaces one every two seconds. Each request is a
// line in LOG: milliseconds since the epoch, process, address and port of the client, port.
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const http = require('http');

const [port, path] = process.argv.slice(2);

if (cluster.isPrimary) {
    for (let i = 0; i < 3; i++) cluster.fork();
    setInterval(() => {
        cluster.fork();
        Object.values(cluster.workers)[0].disconnect();
    }, 2000);
} else {
    const log = fs.openSync(path, 'a');
    const server = http.createServer((request, response) => {
        const socket = request.socket;
        const claim = [Date.now(), process.pid, socket.remoteAddress, socket.remotePort, socket.localPort];
        fs.writeSync(log, claim.join(' ') + '\n');
        request.resume();
        response.end('x'.repeat(request.url === '/big' ? 300000 : 200));
    });
    server.keepAliveTimeout = 1000;
    server.listen(Number(port), '::');
}
