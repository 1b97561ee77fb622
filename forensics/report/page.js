// SPDX-License-Identifier: GPL-2.0-only
// The order matters: the plot gives processes their colours.

choice('zone', {utc: 'UTC', local: 'Local time'}, 'utc', (zone) => {
  view.zone = zone;
  view.changed('zone');
});
showSummary();
startPlot();
startProcesses();
startFlows();
startGroups();
startLists();
