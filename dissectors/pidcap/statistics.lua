-- SPDX-License-Identifier: GPL-2.0-only
--
-- Tables by process and by flow: `tshark -q -z pidcap,processes`, `-z pidcap,flows`, each with `,FILTER`; in Wireshark
-- from the menu Statistics. A packet with two processes counts for both. Bytes are those on the wire. A flow has one row
-- for each end that has processes, named after the one that moved the most bytes there; where the end of a process isn't
-- known, one row for each process.
local statistics = {}

local no_process = {kernel = "(kernel)", forwarded = "(forwarded)", unknown = "(unknown)"}
local inbound, outbound = 1, 0  -- pinfo.p2p_dir, from the packet's direction flag

-- Which way a packet went for the first of its processes: "out" if it was sent by it. nil: the file doesn't say.
-- Without a process, the way is the interface's.
local function way_of(process, packet, at)
    if process.pid then
        return at == "sender" and "out" or at == "receiver" and "in" or nil
    end
    return packet.direction == outbound and "out" or packet.direction == inbound and "in" or nil
end

local opposite = {["in"] = "out", out = "in"}

local ip_protocols = {[1] = "icmp", [2] = "igmp", [6] = "tcp", [17] = "udp", [58] = "icmpv6", [132] = "sctp"}
local has_ports = {tcp = true, udp = true, sctp = true}

-- The protocol above IP, of the outermost header: pinfo's may be that of a packet which an ICMP error quotes. By the
-- bytes, because each field that a script reads costs every packet something, also where no table is asked for.
local function protocol_of(bytes, raw_ip)
    local at = raw_ip and 0 or 14
    if bytes:len() < at + 20 then
        return "other"
    end
    local ether_type = raw_ip and 0 or bytes(12, 2):uint()
    while (ether_type == 0x8100 or ether_type == 0x88A8) and bytes:len() >= at + 24 do
        ether_type = bytes(at + 2, 2):uint()
        at = at + 4
    end
    local version = bytes(at, 1):uint()
    if ether_type == 0x0806 then
        return "arp"
    elseif version >= 0x40 and version <= 0x4F then
        return ip_protocols[bytes(at + 9, 1):uint()] or "other"
    elseif version >= 0x60 and version <= 0x6F then
        return ip_protocols[bytes(at + 6, 1):uint()] or "other"
    end
    return "other"
end

local function endpoint(address, port, protocol)
    if not has_ports[protocol] then
        return address
    end
    return string.format(address:find(":", 1, true) and "[%s]:%d" or "%s:%d", address, port)
end

local function packet_of(pinfo, bytes)
    local raw_ip = tostring(pinfo.dl_src) == "NONE"
    local protocol = protocol_of(bytes, raw_ip)
    local source, destination = tostring(pinfo.src), tostring(pinfo.dst)
    return {
        direction = pinfo.p2p_dir,
        protocol = protocol,
        source_address = source,
        destination_address = destination,
        source = endpoint(source, pinfo.src_port, protocol),
        destination = endpoint(destination, pinfo.dst_port, protocol),
        bytes = pinfo.len,
        time = pinfo.rel_ts,
    }
end

local function identity_of(process)
    return process.id or string.format("%d %s", process.pid, process.name or "")
end

local most_kept = 32

-- The processes of one end of a flow, each with its bytes. Those after the first `most_kept` count as others.
local Participants = {}
Participants.__index = Participants

local function new_participants()
    return setmetatable({list = {}, by_identity = {}, others = 0, bytes = 0}, Participants)
end

function Participants:add(process, bytes)
    self.bytes = self.bytes + bytes
    local identity = identity_of(process)
    local one = self.by_identity[identity]
    if not one and #self.list < most_kept then
        one = {bytes = 0, place = #self.list}
        self.by_identity[identity] = one
        self.list[#self.list + 1] = one
    end
    if not one then
        self.others = self.others + bytes
        return
    end
    one.process = process  -- the last one has what a later introduction tells
    one.bytes = one.bytes + bytes
end

-- Sorts by bytes, of equals the one that was seen first.
function Participants:sorted()
    local sorted = {table.unpack(self.list)}
    table.sort(sorted, function(one, other)
        if one.bytes ~= other.bytes then
            return one.bytes > other.bytes
        end
        return one.place < other.place
    end)
    return sorted
end

function Participants:main()
    local first = self:sorted()[1]
    return first and first.process
end

local Table = {}
Table.__index = Table

local function new_table(by_flow)
    return setmetatable({by_flow = by_flow, rows = {}, order = {}}, Table)
end

function Table:row(process, peer, packet, way)
    local who = process.pid and identity_of(process) or process.via or ""
    local key = who
    local either = process.pid and not way  -- it isn't known at which end it is
    local from_here = way ~= "in"
    local near = from_here and packet.source or packet.destination
    local far = from_here and packet.destination or packet.source
    if self.by_flow then
        -- Without a process or its end the two ends are in no order that is kept.
        if (not process.pid or either) and far < near then
            near, far = far, near
        end
        if process.pid and way and near ~= far then
            who = "process " .. (process.host or "")
        end
        key = table.concat({who, packet.protocol, near, far, either and "either" or ""}, " ")
    end
    local row = self.rows[key]
    if not row then
        row = {process = process, processes = new_participants(), peers_at_end = new_participants(), either = either, protocol = packet.protocol, near = near, far = far, packets = 0, bytes = 0,
               ["in"] = 0, out = 0, peers = {}, peer_count = 0, first = packet.time}
        self.rows[key] = row
        self.order[#self.order + 1] = row
    end
    local remote = from_here and packet.destination_address or packet.source_address
    if not row.peers[remote] then
        row.peers[remote] = true
        row.peer_count = row.peer_count + 1
    end
    return row
end

function Table:count(process, peer, packet, way)
    local row = self:row(process, peer, packet, way)
    if process.pid then
        row.processes:add(process, packet.bytes)
    end
    if peer and peer.pid then
        row.peers_at_end:add(peer, packet.bytes)
    end
    row.packets = row.packets + 1
    row.bytes = row.bytes + packet.bytes
    if way then
        row[way] = row[way] + packet.bytes
    end
    row.last = packet.time
end

local nobody = {}

-- `at`: where `process` is, "sender", "receiver" or "unknown".
function Table:packet(process, peer, at, packet)
    process = process or nobody
    local way = way_of(process, packet, at)
    self:count(process, peer, packet, way)
    if peer then
        self:count(peer, process, packet, opposite[way])
    end
end

local function name_of(process)
    if not process or not process.pid then
        return process and process.via and (no_process[process.via] or "(" .. process.via .. ")") or "(no process)"
    end
    return process.name or "(unnamed)"
end

local function text_of(number)
    return number and string.format("%d", number) or ""
end

local function seconds(time)
    return string.format("%.6f", time)
end

-- All processes of a row with their shares, if there are several.
local function shares_of(participants)
    if #participants.list < 2 then
        return ""
    end
    local function share(bytes)
        return string.format("%.1f %%", 100 * bytes / math.max(participants.bytes, 1))
    end
    local texts = {}
    for i, one in ipairs(participants:sorted()) do
        texts[i] = string.format("%s (%d) %s", name_of(one.process), one.process.pid, share(one.bytes))
    end
    if participants.others > 0 then
        texts[#texts + 1] = "others " .. share(participants.others)
    end
    return table.concat(texts, ", ")
end

-- See statistics.lines_of().
local process_columns = {
    {"Process", function(row) return name_of(row.process) end},
    {"PID", function(row) return text_of(row.process.pid) end, "right"},
    {"User", function(row) return row.process.user or text_of(row.process.uid) end},
    {"Packets", function(row) return text_of(row.packets) end, "right"},
    {"Bytes", function(row) return text_of(row.bytes) end, "right"},
    {"Received", function(row) return text_of(row["in"]) end, "right"},
    {"Sent", function(row) return text_of(row.out) end, "right"},
    {"Peers", function(row) return text_of(row.peer_count) end, "right"},
    {"First", function(row) return seconds(row.first) end, "right"},
    {"Last", function(row) return seconds(row.last) end, "right"},
    {"Executable", function(row) return row.process.exe or "" end},
}
local flow_columns = {
    {"Process", function(row) return name_of(row.process) .. (row.either and " (either end)" or "") end},
    {"PID", function(row) return text_of(row.process.pid) end, "right"},
    {"Protocol", function(row) return row.protocol end},
    {"Local", function(row) return row.near end},
    {"Remote", function(row) return row.far end},
    {"Peer", function(row) return row.peer and row.peer.pid and
        string.format("%s (%d)", name_of(row.peer), row.peer.pid) or "" end},
    {"Packets", function(row) return text_of(row.packets) end, "right"},
    {"Bytes", function(row) return text_of(row.bytes) end, "right"},
    {"Received", function(row) return text_of(row["in"]) end, "right"},
    {"Sent", function(row) return text_of(row.out) end, "right"},
    {"First", function(row) return seconds(row.first) end, "right"},
    {"Last", function(row) return seconds(row.last) end, "right"},
    {"Processes", function(row) return shares_of(row.processes) end},
}

-- What counts is code points, not bytes: texts are UTF-8.
local function width_of(value)
    return select(2, value:gsub("[^\128-\191]", ""))
end

local most_width = 100

-- One process with a long path doesn't push everything else out of sight.
local function cut(value)
    if width_of(value) <= most_width then
        return value
    end
    local parts = {}
    for code_point in value:gmatch("[^\128-\191][\128-\191]*") do
        parts[#parts + 1] = code_point
        if #parts == most_width - 1 then
            return table.concat(parts) .. "…"
        end
    end
end

-- The rows as aligned lines below the columns' titles. A column: title, value of a row, "right" for numbers.
function statistics.lines_of(columns, rows)
    local lines = {{}}
    local widths = {}
    for i, column in ipairs(columns) do
        lines[1][i] = column[1]
        widths[i] = width_of(column[1])
    end
    for _, row in ipairs(rows) do
        local cells = {}
        for i, column in ipairs(columns) do
            cells[i] = cut(column[2](row))
            widths[i] = math.max(widths[i], width_of(cells[i]))
        end
        lines[#lines + 1] = cells
    end
    for at, cells in ipairs(lines) do
        for i, column in ipairs(columns) do
            local padding = string.rep(" ", widths[i] - width_of(cells[i]))
            cells[i] = column[3] and padding .. cells[i] or cells[i] .. padding
        end
        lines[at] = table.concat(cells, "  "):match("^.*%S")
    end
    return table.concat(lines, "\n") .. "\n"
end

function Table:text()
    for place, row in ipairs(self.order) do
        row.place = place
        row.process = row.processes:main() or row.process
        row.peer = row.peers_at_end:main()
    end
    table.sort(self.order, function(one, other)
        if one.bytes ~= other.bytes then
            return one.bytes > other.bytes
        end
        return one.place < other.place
    end)
    return statistics.lines_of(self.by_flow and flow_columns or process_columns, self.order)
end

-- Counts into what `new()` returns, an object with the methods add(pinfo, bytes) and text(). `show(text)` gets the
-- table whenever Wireshark wants it drawn.
local function listen(new, filter, show)
    local listener = Listener.new("frame", filter)
    local tab, first
    local function begin()
        tab, first = new(), math.huge
    end
    begin()
    listener.reset = begin
    function listener.packet(pinfo, bytes)
        -- During a live capture Wireshark taps packets that have just come between the reset and the first one of the
        -- file, and later once more.
        if pinfo.number <= first then
            begin()
            first = pinfo.number
        end
        tab:add(pinfo, bytes)
    end
    function listener.draw()
        show(tab:text())
    end
    return listener
end

-- Registers a table: `-z pidcap,KIND`, with `,FILTER` behind it, and TITLE in the menu Statistics.
function statistics.register_table(kind, title, new)
    register_stat_cmd_arg("pidcap," .. kind, function(argument)
        local filter = argument and argument:match("^pidcap,%a+,(.+)$")
        listen(new, filter, function(text)
            print(title .. (filter and ", filter " .. filter or "") .. "\n" .. text)
        end)
    end)
    if gui_enabled() then
        register_menu(title, function()
            local window = TextWindow.new(title)
            local listener = listen(new, nil, function(text)
                window:set(text)
            end)
            window:set_atclose(function()
                listener:remove()
            end)
            retap_packets()
        end, MENU_STAT_UNSORTED)
    end
end

-- `ends(pinfo)`: both ends of the packet at hand, and where the first is. `is_event(pinfo)`: it is an event, and no traffic.
function statistics.register(ends, is_event)
    function Table:add(pinfo, bytes)
        if not is_event(pinfo) then
            local process, peer, at = ends(pinfo)
            self:packet(process, peer, at, packet_of(pinfo, bytes))
        end
    end
    statistics.register_table("processes", "Processes", function() return new_table(false) end)
    statistics.register_table("flows", "Process Flows", function() return new_table(true) end)
end

return statistics
