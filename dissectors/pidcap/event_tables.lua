-- SPDX-License-Identifier: GPL-2.0-only
--
-- Tables of events: `tshark -q -z pidcap,failures`, `-z pidcap,drops`, each with `,FILTER`; in Wireshark in the menu
-- Statistics, "Failed connections" and "Drops by reason". Alike events are one row with their number.
local event_tables = {}

-- values_of(event): the columns' values, without those that every table has; nil: the event doesn't count here.

local calls = {["socket:connect"] = true, ["socket:bind"] = true, ["socket:listen"] = true}
local no_error = {["0"] = true}

local failed = {
    name = "failures",
    title = "Failed connections",
    columns = {"Call", "Address", "Error"},
    values_of = function(event)
        local values = event.values
        local error = values.errno
        if not calls[event.name] or not error then
            return nil
        end
        if no_error[error] then
            -- Its end is known by its stage only.
            error = values.stage == "given-up" and values.stage
        end
        return error and {event.name:match(":(.*)$"), values.remote or values.address or values["local"] or "", error}
    end,
}

local drops = {
    name = "drops",
    title = "Drops by reason",
    columns = {"Reason", "Where", "Device"},
    values_of = function(event)
        local values = event.values
        return event.name == "drop:packet" and {values.reason or "", values.symbol or "", values.device or ""} or nil
    end,
}

local Table = {}
Table.__index = Table

function Table:add(pinfo)
    local event = self.event_of(pinfo)
    local values = event and self.kind.values_of(event)
    if not values then
        return
    end
    local who = event.process or ""
    local key = table.concat(values, "\n") .. "\n" .. who
    local row = self.rows[key]
    if not row then
        row = {values = values, process = who, count = 0, first = pinfo.rel_ts, place = #self.order}
        self.rows[key] = row
        self.order[#self.order + 1] = row
    end
    row.count = row.count + 1
    row.last = pinfo.rel_ts
end

function Table:text()
    table.sort(self.order, function(one, other)
        if one.count ~= other.count then
            return one.count > other.count
        end
        return one.place < other.place
    end)
    return self.lines_of(self.columns, self.order)
end

local function seconds(name)
    return function(row) return string.format("%.6f", row[name]) end
end

-- `event_of(pinfo)`: name, values and process of the event at hand, or nil.
function event_tables.register(statistics, event_of)
    for _, kind in ipairs({failed, drops}) do
        local columns = {{"Count", function(row) return string.format("%d", row.count) end, "right"}}
        for i, title in ipairs(kind.columns) do
            columns[#columns + 1] = {title, function(row) return row.values[i] end}
        end
        columns[#columns + 1] = {"Process", function(row) return row.process end}
        columns[#columns + 1] = {"First", seconds("first"), "right"}
        columns[#columns + 1] = {"Last", seconds("last"), "right"}
        statistics.register_table(kind.name, kind.title, function()
            return setmetatable({kind = kind, columns = columns, event_of = event_of, lines_of = statistics.lines_of,
                                 rows = {}, order = {}}, Table)
        end)
    end
end

return event_tables
