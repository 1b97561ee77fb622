-- SPDX-License-Identifier: GPL-2.0-only
--
-- Post-dissector for Wireshark 4.0 and later: the processes at a packet's ends as fields, process.pid, process.comm, …,
-- process.peer.pid, …, from the packet's comment (docs/file-format.md), or from what Wireshark knows itself.
--
-- Each process is introduced once in a file: its command line, parent, … stand in the comment of one packet and are
-- remembered here for the others. Wireshark dissects in order once, then again in any order: an introduction counts for
-- the packets from its own on, so that a packet's fields are the same each time.
if not register_postdissector then
    return
end
-- Where it is installed for everyone and for the user, the first that is loaded counts. Not by a global: 4.0's
-- scripts don't all share theirs.
if package.loaded.pidcap then
    return
end
package.loaded.pidcap = true

local directory = debug.getinfo(1, "S").source:gsub("^@", ""):match("^(.*[/\\])") or ""
local comment = dofile(directory .. "pidcap/comment.lua")
local statistics = dofile(directory .. "pidcap/statistics.lua")
local events = dofile(directory .. "pidcap/events.lua")
local event_tables = dofile(directory .. "pidcap/event_tables.lua")

-- "process" is a protocol of Wireshark 4.6's own.
local pidcap = Proto("pidcap", "Process")
pidcap.prefs.info = Pref.bool("Show the process in the Info column", false, "Appends it to each packet's information.")

-- How many colours process.color has; the profile has a rule for each.
local color_count = 12
-- Comments repeat: what they say is kept, until it takes about so many bytes. An end takes `end_bytes` once a tree has
-- had it (measured with Lua 5.2).
local most_bytes, end_bytes = 64000000, 4300

-- name, kind, title, description
local descriptions = {
    {"pid", "uint32", "PID"},
    {"id", "string", "Identity", "PID and start time: one process, also where the PID is used again"},
    {"tid", "uint32", "Thread"},
    {"name", "string", "Name", "What it calls itself, or else the last part of its executable's path"},
    {"comm", "string", "Comm", "What it calls itself"},
    {"exe", "string", "Executable"},
    {"exe_device", "string", "Executable's device", "Of its file system, major:minor"},
    {"exe_inode", "uint64", "Executable's inode"},
    {"mntns", "uint64", "Executable's mount namespace", "Inode number; only where it isn't that of the capture"},
    {"cmdline", "string", "Command line"},
    {"start", "time", "Start"},
    {"uid", "uint32", "UID"},
    {"user", "string", "User"},
    {"ppid", "uint32", "Parent PID"},
    {"parent", "string", "Parent"},
    {"cgroup", "string", "Cgroup"},
    {"container", "string", "Container", "Its id, or its name where it has no id"},
    {"container.name", "string", "Container's name"},
    {"container.image", "string", "Container's image"},
    {"pod.name", "string", "Pod", "In Kubernetes"},
    {"pod.namespace", "string", "Pod's namespace", "In Kubernetes"},
    {"unit", "string", "Unit", "systemd unit"},
    {"netns", "uint64", "Network namespace", "Inode number"},
    {"nspid", "uint32", "PID in its namespace"},
    {"pidns", "uint64", "PID's namespace", "Inode number of the PID namespace that process.pid is of; only where it isn't that of the capture"},
    {"host_pid", "uint32", "PID on the host", "Of a capture in a container or WSL"},
    {"via", "string", "Found via", "How the process was found, or why there is none"},
}

local all_fields = {}
local function new_field(kind, name, title, description)
    local field
    if kind == "uint32" then
        field = ProtoField.uint32(name, title, base.DEC, nil, nil, description)
    elseif kind == "uint64" then
        field = ProtoField.uint64(name, title, base.DEC, nil, nil, description)
    elseif kind == "time" then
        field = ProtoField.absolute_time(name, title, base.LOCAL, description)
    else
        field = ProtoField.string(name, title, base.NONE, description)
    end
    all_fields[#all_fields + 1] = field
    return field
end

local function new_fields(prefix, title_prefix)
    local fields = {}
    for i, d in ipairs(descriptions) do
        fields[i] = {name = d[1], field = new_field(d[2], prefix .. d[1], title_prefix .. d[3], d[4])}
    end
    return fields
end

local kinds = {
    self = {label = "Process", fields = new_fields("process.", "")},
    peer = {label = "Peer process", fields = new_fields("process.peer.", "Peer ")},
}

local function new_role(prefix, whose)
    return {
        {name = "pid", field = new_field("uint32", prefix .. "pid", "PID of " .. whose)},
        {name = "id", field = new_field("string", prefix .. "id", "Identity of " .. whose)},
        {name = "comm", field = new_field("string", prefix .. "comm", "Comm of " .. whose)},
        {name = "exe", field = new_field("string", prefix .. "exe", "Executable of " .. whose)},
    }
end

local any_fields = new_role("process.any.", "either end")
local roles = {
    sender = new_role("process.sender.", "the sender"),
    receiver = new_role("process.receiver.", "the receiver"),
    unknown = {},
}
kinds.self.at_field = new_field("string", "process.at", "End", "Where the process is: sender, receiver or unknown")
kinds.peer.at_field = new_field("string", "process.peer.at", "Peer end",
                                "Where the peer process is: sender, receiver or unknown")
kinds.self.color_field = new_field("uint32", "process.color", "Color", "The same for processes of one name")
pidcap.fields = all_fields

local unknown_expert = ProtoExpert.new("process.unknown", "The process of this packet was not found",
                                       expert.group.UNDECODED, expert.severity.NOTE)
pidcap.experts = {unknown_expert}

-- Where a field is absent from this version, so is what it would tell.
local function field_or_nil(name)
    local found, field = pcall(Field.new, name)
    return found and field or nil
end

local comment_value = Field.new("frame.comment")
local interface_name = field_or_nil("frame.interface_name")
-- By Wireshark 5 from option 8 and process information blocks; by 4.6 from Apple's blocks.
local native = {
    {pid = "frame.process.pid", tid = "frame.process.tid", comm = "frame.process.name", exe = "frame.process.path",
     cmdline = "frame.process.cmdline", ppid = "frame.process.ppid", uid = "frame.process.uid",
     user = "frame.process.user", start = "frame.process.start_time"},
    {pid = "frame.darwin.process_info.pid", comm = "frame.darwin.process_info.pname"},
}
for i = #native, 1, -1 do
    for name, abbreviation in pairs(native[i]) do
        native[i][name] = field_or_nil(abbreviation)
    end
    if not native[i].pid then
        table.remove(native, i)
    end
end

local records        -- by comment
local parts          -- of comments, see comment.parse()
local record_bytes   -- about what they take, if no end is in two
local introductions  -- by identity: {frame = …, process = …} in order of frames
local colors         -- by name
local next_color
local current        -- the record of the packet at hand, for the statistics
local lasting        -- what is asked of each packet; see ask()

local function forget()
    records, parts, record_bytes, introductions, colors, next_color = {}, {}, 0, {}, {}, 0
    current, lasting = nil, nil
end
forget()
pidcap.init = forget

local function color_of(name)
    local color = colors[name]
    if not color then
        color = next_color % color_count
        next_color = next_color + 1
        colors[name] = color
    end
    return color
end

-- What is asked of each packet, answered once a record. Colours are given in the order of the file, as first passes are.
local function prepared(record)
    local process, peer = record.self, record.peer
    if process and process.name then
        color_of(process.name)
    end
    record.introduces = process and process.introduces or peer and peer.introduces
    record.unknown = process and process.via == "unknown" and not process.pid
    return record
end

-- What `value` says, parsed once; false: nothing about a process.
local function record_of(value)
    local record = records[value]
    if record == nil then
        if record_bytes > most_bytes then
            records, parts, record_bytes = {}, {}, 0
        end
        record = comment.parse(value, parts)
        records[value] = record and prepared(record) or false
        record_bytes = record_bytes + 3 * #value + end_bytes * (record and record.self and record.peer and 2 or 1)
    end
    return record
end

local function native_record()
    for _, extractors in ipairs(native) do
        if extractors.pid() then
            local process = {}
            for name, extractor in pairs(extractors) do
                local info = extractor()
                process[name] = info and info.value
            end
            return prepared(comment.record_of(process))
        end
    end
end

-- A packet may have several comments, and from 4.4 on each line is one.
local function record_of_several(values)
    for _, info in ipairs(values) do
        local record = record_of(info.value)
        if record and record.ours then
            return record
        end
    end
    local native_one = native_record()
    if native_one then
        return native_one
    end
    local lines = {}
    for i, info in ipairs(values) do
        lines[i] = info.value
    end
    return record_of(table.concat(lines, "\n"))
end

local function read_record()
    local first, second = comment_value()
    if second then
        return record_of_several({comment_value()})
    end
    -- A call tells the same as `.value`, without looking that name up.
    local value = first and first()
    local record = records[value] or value and record_of(value)
    if record and record.ours then
        return record
    end
    return native_record() or record
end

-- The last introduction that stands in `frame` or before, and its place in the list; nil and 0: none.
local function introduction_at(list, frame)
    local low, high = 0, #list
    while low < high do
        local middle = math.ceil((low + high) / 2)
        if list[middle].frame <= frame then
            low = middle
        else
            high = middle - 1
        end
    end
    return list[low], low
end

-- With `--comments full` every packet introduces its process.
local function tells_the_same(one, other)
    for key in pairs(comment.introduction) do
        if one[key] ~= other[key] then
            return false
        end
    end
    return one.uid == other.uid and one.exe == other.exe
end

-- See ask(). A new table, because what records keep belongs to one.
local function lasting_as(asked, ends)
    return {any = asked.any, shown = asked.shown, ends = ends, lasting = true}
end

-- Not in first passes only: tshark's has no comments where no filter needs a tree.
local function remember(process, frame)
    if not process or not process.introduces or not process.id then
        return
    end
    local list = introductions[process.id] or {}
    introductions[process.id] = list
    local last, place = introduction_at(list, frame)
    if not last or last.process ~= process and not tells_the_same(last.process, process) then
        table.insert(list, place + 1, {frame = frame, process = process})
        lasting = lasting and lasting_as(lasting, lasting.ends)  -- what records keep may lack this introduction
    end
end

-- The process with what its introduction told. A user belongs to a uid, and a command line to what was executed: after
-- a change of these the old ones would be wrong.
local function introduced(process, frame)
    if not process or process.introduces or not process.id then
        return process
    end
    local list = introductions[process.id]
    local introduction = list and introduction_at(list, frame)
    if not introduction then
        return process
    end
    local told = introduction.process
    if process.told ~= told then
        local full = {}
        for key, value in pairs(process) do
            full[key] = value
        end
        for key in pairs(comment.introduction) do
            full[key] = told[key]
        end
        if told.uid ~= process.uid then
            full.user = nil
        end
        if told.exe ~= process.exe then
            full.cmdline = nil
        end
        full.told, full.full, full.entries = nil, nil, nil
        process.told, process.full = told, full
    end
    return process.full
end

local by_direction = {[0] = "sender", [1] = "receiver"}  -- pinfo.p2p_dir, from the packet's direction flag
local opposite = {sender = "receiver", receiver = "sender", unknown = "unknown"}

-- At which end `record.self` is (docs/file-format.md); nil: an event has none. On loopback the direction of another
-- tool's packet doesn't say.
local function at_of(record, pinfo)
    if events.event_of(pinfo) then
        return nil
    end
    if record.at then
        return record.at
    end
    if not record.ours then
        local interface = interface_name and interface_name()
        local name = interface and interface.value
        if name == "lo" or name == "lo0" then
            return "unknown"
        end
    end
    return by_direction[pinfo.p2p_dir] or "unknown"
end

-- The packet at hand: both ends and where the first is, for the statistics.
local function current_ends(pinfo)
    if current then
        local frame = pinfo.number
        return introduced(current.self, frame), introduced(current.peer, frame), at_of(current, pinfo)
    end
end

-- The sender left of the arrow, the receiver right of it, as in pidcap's lines.
local function ends_text(record, at)
    local function text(process)
        return process and process.pid and string.format("%s %d", process.name or "?", process.pid)
    end
    local left, right = text(record.self), text(record.peer)
    if not at then
        return left or right
    end
    if at == "receiver" then
        left, right = right, left
    end
    return (left and left .. " " or "") .. (at == "unknown" and "--" or "->") .. (right and " " .. right or "")
end

local ends = {sender = "sender", receiver = "receiver", unknown = "sender or receiver"}

local function title(process, at)
    local parts = {}
    if process.pid then
        parts[1] = string.format("%s (%d)", process.name or "unnamed", process.pid) .. (at and ", " .. ends[at] or "")
        if process.user or process.uid then
            parts[2] = process.user and "user " .. process.user or string.format("uid %d", process.uid)
        end
    else
        parts[1] = "none"
    end
    if process.via then
        parts[#parts + 1] = "via " .. process.via
    end
    return table.concat(parts, ", ")
end

local function append(entries, field, value)
    local size = #entries
    entries[size + 1], entries[size + 2] = field, value
end

-- Nothing is nil here, which `add` doesn't take.
local function append_fields(entries, fields, process)
    for _, one in ipairs(fields) do
        local value = process[one.name]
        if value ~= nil then
            append(entries, one.field, value)
        end
    end
end

-- What the tree has for a process at one of the `kinds` of ends: the line, and fields in order, each before its value;
-- those after the place `last_shown` are hidden.
local function new_entries(kind, process, at)
    local entries = {line = kind.label .. ": " .. title(process, at)}
    append_fields(entries, kind.fields, process)
    if process.pid and at then
        append(entries, kind.at_field, at)
    end
    entries.last_shown = #entries
    if process.pid then
        append_fields(entries, any_fields, process)
        append_fields(entries, at and roles[at] or roles.unknown, process)
    end
    if kind.color_field and process.name then
        append(entries, kind.color_field, color_of(process.name))
    end
    return entries
end

-- The same, made once for a process and an end: packets have few of these, and many fields.
local function entries_of(kind, process, at)
    local by_end = process.entries
    if not by_end then
        by_end = {}
        process.entries = by_end
    end
    local key = at or "none"
    local entries = by_end[key]
    if not entries then
        entries = new_entries(kind, process, at)
        by_end[key] = entries
    end
    return entries
end

-- TreeItem's methods, looked up once: a look-up costs as much as the call.
local referenced, add, set_hidden

-- Those of `entries` that something asks for in this tree, which isn't shown: no text of a line.
local function referenced_of(entries, tree)
    local found = {last_shown = 0}
    for place = 1, #entries, 2 do
        if referenced(tree, entries[place]) then
            append(found, entries[place], entries[place + 1])
            if place < entries.last_shown then
                found.last_shown = #found
            end
        end
    end
    return found
end

-- What is added for a process at one of the `kinds` of ends.
local function entries_for(tree, asked, kind, process, at)
    if not process then
        return nil
    end
    local entries = entries_of(kind, process, at)
    if asked.shown then
        return entries
    end
    if not asked.lasting then
        return referenced_of(entries, tree)
    end
    entries.lasting = entries.lasting or referenced_of(entries, tree)
    return entries.lasting
end

-- What is added for both ends, of which either may be missing.
local function both_entries(record, asked, pinfo, tree, at)
    local frame = pinfo.number
    return {self = entries_for(tree, asked, kinds.self, introduced(record.self, frame), at),
            peer = entries_for(tree, asked, kinds.peer, introduced(record.peer, frame), opposite[at])}
end

-- In the record, by the end. It is out of date when `asked` is another table.
local function keep(record, asked, at, both)
    if not record.kept or record.kept.asked ~= asked then
        record.kept = {asked = asked}
    end
    record.kept[at or "none"] = both
end

-- Adds a line and below it what `entries` have. Returns the line.
local function add_entries(tree, entries)
    local line, last_shown = entries.line, entries.last_shown
    local item = line and add(tree, pidcap, line) or add(tree, pidcap)
    for place = 1, #entries, 2 do
        local added = add(item, entries[place], entries[place + 1])
        if place > last_shown then
            set_hidden(added)
        end
    end
    return item
end

local show_in_info = false
function pidcap.prefs_changed()
    show_in_info = pidcap.prefs.info
end

local handle  -- of this dissector: referenced when any of its fields is

-- Whether something asks for a field that depends on the end at which a process is.
local function asks_for_ends(tree)
    for _, fields in pairs(roles) do
        for _, one in ipairs(fields) do
            if referenced(tree, one.field) then
                return true
            end
        end
    end
    return referenced(tree, kinds.self.at_field) or referenced(tree, kinds.peer.at_field)
end

local function append_to_info(record, pinfo)
    local process, peer = record.self, record.peer
    if process and process.pid or peer and peer.pid then
        pinfo.cols.info:append(" [" .. ends_text(record, at_of(record, pinfo)) .. "]")
    end
end

-- What is asked of a packet. `any`: anything of ours. `shown`: the tree is shown, and somebody wants every field; else
-- only those that are referenced are wanted. `ends`: at which end processes are. `lasting`: the next packets are asked
-- the same.
local nothing, everything, some = {}, {any = true, shown = true, ends = true}, {any = true, ends = true}

local function asked_now(tree)
    return not referenced(tree, handle) and nothing or tree.visible and everything or some
end

-- What a program without windows asks for while it reads a file for the first time is what its command line says.
-- In Wireshark filters, columns and rules change between two packets of a live capture.
local function ask(pinfo, tree)
    if not referenced then
        referenced, add, set_hidden = tree.referenced, tree.add, tree.set_hidden
    end
    local asked = asked_now(tree)
    if gui_enabled() or pinfo.visited then
        return asked
    end
    lasting = lasting_as(asked, asked.shown or asked.any and asks_for_ends(tree))
    return lasting
end

function pidcap.dissector(_, pinfo, tree)
    local record = read_record()
    current = record
    if not record then
        return
    end
    if record.introduces then
        remember(record.self, pinfo.number)
        remember(record.peer, pinfo.number)
    end
    if show_in_info then
        append_to_info(record, pinfo)
    end
    local asked = lasting
    if not asked or pinfo.visited then
        asked = ask(pinfo, tree)
    end
    if not asked.any then
        if record.unknown then
            tree:add_proto_expert_info(unknown_expert)
        end
        return
    end
    local at = asked.ends and at_of(record, pinfo) or nil
    local kept = record.kept
    local both = kept and kept.asked == asked and kept[at or "none"]
    if not both then
        both = both_entries(record, asked, pinfo, tree, at)
        if asked.lasting then
            keep(record, asked, at, both)
        end
    end
    local own, other = both.self, both.peer
    if own then
        local item = add_entries(tree, own)
        if record.unknown then
            item:add_proto_expert_info(unknown_expert)
        end
    end
    if other then
        add_entries(tree, other)
    end
end

register_postdissector(pidcap)
handle = Dissector.get("pidcap")
statistics.register(current_ends, events.event_of)
event_tables.register(statistics, events.event_of)
events.register(function()
    local record = read_record()
    local process = record and (record.self and record.self.pid and record.self or record.peer)
    return process and process.pid and string.format("%s[%d]", process.name or "?", process.pid)
end)
