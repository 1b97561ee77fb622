-- SPDX-License-Identifier: GPL-2.0-only
--
-- What a packet's comment says of its process. A record has `self` and `peer`, the two ends; either may be missing.
-- An end has, where it is known: pid, tid, comm, exe, uid, start, via, ppid, parent, user, cmdline, cgroup, container,
-- container.name, container.image, pod.name, pod.namespace, unit, netns, nspid, pidns, host_pid, exe_device, exe_inode, mntns; texts are safe to show. And of our own making: `id`, pid and start time, which is who the process
-- is; `name`, what to call it; `introduces`, whether the comment tells what only a process's first packet does.
-- `at` is where `self` is, "sender", "receiver" or "unknown", if the comment says it.
local comment = {}

local directory = debug.getinfo(1, "S").source:gsub("^@", ""):match("^(.*[/\\])") or ""
local text = dofile(directory .. "text.lua")

local find, gsub, char = string.find, string.gsub, string.char

-- What a process's first packet tells, and the comment's key for it.
comment.introduction = {
    ppid = "ppid", parent = "pcomm", user = "user", cmdline = "cmdline", cgroup = "cgroup", container = "ctr",
    unit = "unit", netns = "netns", nspid = "nspid", exe_device = "exedev", exe_inode = "exeino", mntns = "mntns",
    host_pid = "hostpid", ["container.name"] = "ctrname", ["container.image"] = "ctrimage", ["pod.name"] = "pod",
    ["pod.namespace"] = "podns",
}

-- A value's bytes; nil: not of our grammar.
local function decode(value)
    if not find(value, "[^!-$&-~]") then
        return value
    end
    -- A control, a bare percent sign, or no UTF-8.
    if find(value, "[%c ]") or find(gsub(value, "%%%x%x", ""), "%", 1, true) or not text.is_utf8(value) then
        return nil
    end
    return (gsub(value, "%%(%x%x)", function(digits) return char(tonumber(digits, 16)) end))
end

local function number(value, most)
    if not value or find(value, "[^0-9]") or value == "" then
        return nil
    end
    local result = tonumber(value)
    return result <= most and result or nil
end

local function number32(value)
    return number(value, 4294967295)
end

-- A Lua number is exact up to 2^53 only.
local function number64(value)
    if not value or find(value, "[^0-9]") or value == "" then
        return nil
    end
    local high, low = 0, 0
    for digit in value:gmatch(".") do
        low = low * 10 + tonumber(digit)
        high = high * 10 + math.floor(low / 4294967296)
        low = low % 4294967296
        if high > 4294967295 then
            return nil
        end
    end
    return UInt64.new(low, high)
end

local function shown(value)
    if value and value ~= "" then
        return text.shown(value)
    end
end

-- Nanoseconds since the epoch, which a Lua 5.2 number can't hold.
local function time(value)
    if not value or find(value, "[^0-9]") or #value > 20 or #value < 1 then
        return nil
    end
    return NSTime.new(tonumber(value:sub(1, -10)) or 0, tonumber(value:sub(-9)))
end

-- "/usr/bin/curl" is curl, for tools that know no better name.
local function base_name(path)
    return path and (path:match("^.*/([^/]+)$") or path)
end

-- What follows from the rest, of every kind of end.
local function complete(process)
    process.name = process.comm or base_name(process.exe)
    if process.pid and process.st then
        process.id = string.format("%d-%s", process.pid, process.st)
    end
    return process
end

local function our_end(pairs_, prefix)
    local function get(key)
        return pairs_[prefix .. key]
    end
    local process = {
        pid = number32(get("pid")),
        tid = number32(get("tid")),
        comm = shown(get("comm")),
        exe = shown(get("exe")),
        uid = number32(get("uid")),
        start = time(get("st")),
        via = shown(get("via")),
        ppid = number32(get("ppid")),
        parent = shown(get("pcomm")),
        user = shown(get("user")),
        cmdline = shown(get("cmdline")),
        cgroup = shown(get("cgroup")),
        container = shown(get("ctr")),
        unit = shown(get("unit")),
        netns = number64(get("netns")),
        nspid = number32(get("nspid")),
        pidns = number64(get("pidns")),
        host_pid = number32(get("hostpid")),
        exe_device = shown(get("exedev")),
        exe_inode = number64(get("exeino")),
        mntns = number64(get("mntns")),
        ["container.name"] = shown(get("ctrname")),
        ["container.image"] = shown(get("ctrimage")),
        ["pod.name"] = shown(get("pod")),
        ["pod.namespace"] = shown(get("podns")),
    }
    process.st = process.start and get("st")
    if next(process) == nil then
        return nil
    end
    for field in pairs(comment.introduction) do
        process.introduces = process.introduces or process[field] ~= nil
    end
    return complete(process)
end

-- The pairs of `value` by their keys, each the first time that it stands there, and the first key. `prefix`: what every
-- key has to begin with. nil: not of our grammar.
local function parse_pairs(value, prefix)
    local pairs_ = {}
    local first
    for pair in (value .. " "):gmatch("([^ ]*) ") do
        local key, encoded = pair:match("^([a-z][a-z0-9._-]*)=(.*)$")
        local decoded = key and find(key, prefix, 1, true) == 1 and decode(encoded)
        if not decoded then
            return nil
        end
        first = first or key
        pairs_[key] = pairs_[key] or decoded
    end
    return pairs_, first
end

-- nil: another tool's or a person's.
local function parse_self(value)
    local pairs_, first = parse_pairs(value, "")
    if not pairs_ or first == "pid" and not number32(pairs_.pid) or first == "via" and pairs_.via == "" then
        return nil
    end
    local at = pairs_.at
    if at and at ~= "sender" and at ~= "receiver" then
        at = "unknown"
    end
    return {self = our_end(pairs_, ""), peer = our_end(pairs_, "peer."), at = at}
end

local function parse_peer(value)
    local pairs_ = parse_pairs(value, "peer.")
    return pairs_ and {peer = our_end(pairs_, "peer.")}
end

local function parsed(value, parts, parse)
    local part = parts[value] or parse(value)
    parts[value] = part
    return part
end

-- What is told of the two ends is parsed apart: there are many pairs of few processes. Not where pairs of the first
-- end stand behind the other's.
local function parse_ours(value, parts)
    if not find(value, "^pid=") and not find(value, "^via=") then
        return nil
    end
    local space = find(value, " peer.", 1, true)
    local one = parsed(space and value:sub(1, space - 1) or value, parts, parse_self)
    local other = one and space and parsed(value:sub(space + 1), parts, parse_peer)
    if one and space and not other then
        return parse_self(value)
    end
    return one and {self = one.self, peer = other and other.peer, at = one.at}
end

-- "PID: 310" and more on lines of their own, as ptcpdump writes. It doesn't tell the start time.
local function parse_lines(value)
    local lines = {}
    for line in (value .. "\n"):gmatch("([^\n]*)\n") do
        local key, rest = line:match("^%s*(%a+):%s*(.*)$")
        if key and not lines[key] then
            -- Not by one pattern, (.-)%s*$, which takes quadratic time over spaces.
            lines[key] = rest:match("^.*%S") or ""
        end
    end
    local pid = number32(lines.PID)
    if not pid then
        return nil
    end
    return {self = complete{
        pid = pid,
        exe = shown(lines.Cmd),
        cmdline = shown(lines.Args),
        uid = number32(lines.UserId),
        ppid = number32(lines.ParentPID),
        parent = shown(base_name(lines.ParentCmd)),
        container = shown(lines.ContainerId),
        ["container.name"] = shown(lines.ContainerName),
        ["container.image"] = shown(lines.ContainerImage),
    }}
end

local native_types = {
    pid = "number", tid = "number", comm = "string", exe = "string", cmdline = "string", ppid = "number", uid = "number",
    user = "string", start = "userdata",
}

-- What Wireshark itself has found (Apple's and Wireshark 5's blocks); texts are raw.
function comment.record_of(process)
    for key, value in pairs(process) do
        if type(value) ~= native_types[key] then
            process[key] = nil
        elseif type(value) == "string" then
            process[key] = shown(value)
        end
    end
    process.st = process.start and tostring(process.start)
    return {self = complete(process)}
end

-- A record, or nil if the comment doesn't tell of a process. `ours`: whether it is of pidcap's grammar. `parts`: what
-- other comments have told, by their texts; an end that is told of by the same text is the same table.
function comment.parse(value, parts)
    local record = parse_ours(value, parts)
    if record then
        record.ours = true
        return record
    end
    return parse_lines(value)
end

return comment
