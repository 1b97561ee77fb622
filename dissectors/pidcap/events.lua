-- SPDX-License-Identifier: GPL-2.0-only
--
-- Events beside packets: frames of EtherType 0x88B5 on an interface whose description is a layout. Fields: trace.name,
-- trace.SYSTEM.NAME.FIELD and, where a number has a name, trace.SYSTEM.NAME.FIELD.name. Anybody may use that EtherType:
-- frames on other interfaces are left to whoever else reads them.
--
-- Wireshark runs each script of its folders by itself, too: only register() makes anything.
local events = {}

local directory = debug.getinfo(1, "S").source:gsub("^@", ""):match("^(.*[/\\])") or ""
local text = dofile(directory .. "text.lua")
local event_layout = dofile(directory .. "event_layout.lua")
local quote = dofile(directory .. "event_quote.lua")

local ether_type = 0x88B5
-- Layouts are kept until their descriptions have so many bytes.
local most_bytes = 4000000
-- Of a text, and of all that the Info column has.
local most_shown, most_info = 120, 400

local trace  -- the protocol
local all_fields = {}

local function new_field(make, name, title, ...)
    local field = make(name, title, ...)
    all_fields[#all_fields + 1] = field
    return field
end

local name_field
local cpu_field, memory_field  -- of samples
local other_field  -- what the list of names lacks

-- One letter of event_names.lua: the kinds of a layout that the field can show, and the field or fields.
local makers = {
    n = function(name, title) return {kinds = {u = true}, value = new_field(ProtoField.uint64, name, title, base.DEC)} end,
    s = function(name, title) return {kinds = {s = true}, value = new_field(ProtoField.int64, name, title, base.DEC)} end,
    p = function(name, title) return {kinds = {ptr = true}, value = new_field(ProtoField.uint64, name, title, base.HEX)} end,
    ["4"] = function(name, title) return {kinds = {ip4 = true}, value = new_field(ProtoField.ipv4, name, title)} end,
    ["6"] = function(name, title) return {kinds = {ip6 = true}, value = new_field(ProtoField.ipv6, name, title)} end,
    a = function(name, title)
        return {kinds = {sock = true}, value = new_field(ProtoField.string, name, title),
                ip4 = new_field(ProtoField.ipv4, name .. ".ip4", title .. ", address"),
                ip6 = new_field(ProtoField.ipv6, name .. ".ip6", title .. ", address"),
                port = new_field(ProtoField.uint16, name .. ".port", title .. ", port")}
    end,
    t = function(name, title)
        return {kinds = {str = true, chars = true}, value = new_field(ProtoField.string, name, title)}
    end,
    b = function(name, title)
        return {kinds = {dyn = true, bytes = true}, value = new_field(ProtoField.bytes, name, title)}
    end,
}

local catalogue = {}  -- fields by event and name

local function make_fields()
    name_field = new_field(ProtoField.string, "trace.name", "Event")
    other_field = new_field(ProtoField.string, "trace.field", "Field", base.NONE,
                            "FIELD=VALUE, of a field that has none of its own")
    cpu_field = new_field(ProtoField.double, "process.cpu", "CPU",
                          "In percent of one CPU, of the time since the sample of the process before")
    memory_field = new_field(ProtoField.uint64, "process.memory", "Memory", base.DEC, nil, nil, "Resident, in bytes")
    for event, list in pairs(dofile(directory .. "event_names.lua")) do
        local fields = {}
        local prefix = "trace." .. event:gsub(":", ".") .. "."
        for name, letter, named in list:gmatch("([%w_]+):(%w)(!?)") do
            fields[name] = makers[letter](prefix .. name, name)
            if named == "!" then
                fields[name].name = new_field(ProtoField.string, prefix .. name .. ".name", name .. ", name")
            end
        end
        catalogue[event] = fields
    end
end

local interface_name, interface_description

local layouts, layout_bytes = {}, 0  -- by description; false: none
local latest  -- the latest frame that is an event: frame, name, values, process

local function forget()
    layouts, layout_bytes, latest = {}, 0, nil
end

-- Name, values and process of the frame at hand, the one that was dissected last; nil: it is no event.
function events.event_of(pinfo)
    return latest and latest.frame == pinfo.number and latest or nil
end

local function layout_of(description)
    local layout = layouts[description]
    if layout == nil then
        if layout_bytes > most_bytes then
            layouts, layout_bytes = {}, 0
        end
        layout = event_layout.parse(description) or false
        layouts[description] = layout
        layout_bytes = layout_bytes + 2 * #description + 500
    end
    return layout
end

local function until_nul(bytes)
    return bytes:match("^[^%z]*")
end

local function cut(value, most)
    if #value <= most then
        return value
    end
    -- Not within a code point.
    return value:sub(1, most):gsub("[\192-\255]?[\128-\191]*$", "") .. "…"
end

-- The bytes that a locator names, or nil if they aren't wholly in the record.
local function located(record, range)
    local at, size = range(0, 2):le_uint(), range(2, 2):le_uint()
    return size > 0 and at + size <= record:len() and record(at, size) or nil
end

-- Each returns what stands in the Info column, or nil for no value, and puts it into `item` where `fields` are its.
local readers = {}

local function number_reader(value_of)
    return function(field, range, _, item, fields)
        local value = value_of(range, field.size)
        local name = field.values and field.values[value]
        if fields then
            item:add_le(fields.value, range)
            if name and fields.name then
                item:add(fields.name, range, name)
            end
        end
        return name or value
    end
end

readers.u = number_reader(function(range, size)
    return size == 8 and tostring(range:le_uint64()) or string.format("%d", range:le_uint())
end)
readers.s = number_reader(function(range, size)
    return size == 8 and tostring(range:le_int64()) or string.format("%d", range:le_int())
end)
readers.ptr = function(field, range, _, item, fields)
    if fields then
        item:add_le(fields.value, range)
    end
    local digits = {}
    for i = field.size - 1, 0, -1 do
        digits[#digits + 1] = string.format("%02x", range(i, 1):uint())
    end
    return "0x" .. (table.concat(digits):match("^0*(%x+)$"))
end

local function address_reader(method)
    return function(_, range, _, item, fields)
        if fields then
            item:add(fields.value, range)
        end
        return tostring(range[method](range))
    end
end
readers.ip4 = address_reader("ipv4")
readers.ip6 = address_reader("ipv6")

readers.sock = function(field, range, _, item, fields)
    local family = range(0, 2):le_uint()
    local is_ip4, is_ip6 = family == 2, family == 10 and field.size >= 24
    if not is_ip4 and not is_ip6 then
        return nil
    end
    local address = is_ip4 and range(4, 4) or range(8, 16)
    local port = range(2, 2)
    local value = string.format(is_ip4 and "%s:%d" or "[%s]:%d", tostring(is_ip4 and address:ipv4() or address:ipv6()),
                                port:uint())
    if fields then
        local below = item:add(fields.value, range, value)
        below:add(is_ip4 and fields.ip4 or fields.ip6, address)
        below:add(fields.port, port)
    end
    return value
end

local function add_text(range, item, fields)
    local value = text.shown(until_nul(range:raw()))
    if value == "" then
        return nil
    end
    if fields then
        item:add(fields.value, range, value)
    end
    return value
end
readers.chars = function(_, range, _, item, fields)
    return add_text(range, item, fields)
end
readers.str = function(_, range, record, item, fields)
    local found = located(record, range)
    return found and add_text(found, item, fields)
end

local function add_bytes(range, item, fields)
    if fields then
        item:add(fields.value, range)
    end
    local shown = {}
    for i = 0, math.min(range:len(), 16) - 1 do
        shown[i + 1] = string.format("%02x", range(i, 1):uint())
    end
    return table.concat(shown) .. (range:len() > 16 and "…" or "")
end
readers.bytes = function(_, range, _, item, fields)
    return add_bytes(range, item, fields)
end
readers.dyn = function(_, range, record, item, fields)
    local found = located(record, range)
    return found and add_bytes(found, item, fields)
end

local is_bytes = {bytes = true, dyn = true}

-- Reads every field; returns the values by name, and "FIELD=VALUE" of each that a line should have: no bytes, no removed
-- address, no thread, which the process has, too.
local function read_fields(record, layout, event, item)
    local values, parts = {}, {}
    local known = catalogue[event]
    for _, field in ipairs(layout) do
        if field.offset + field.size <= record:len() then
            local range = record(field.offset, field.size)
            local fields = known and known[field.name]
            if fields and not fields.kinds[field.kind] then
                fields = nil
            end
            local value = readers[field.kind](field, range, record, item, fields)
            if value then
                values[field.name] = value
                local part = field.name .. "=" .. cut(value, most_shown)
                if not fields then
                    item:add(other_field, range, field.name .. "=" .. value)
                end
                if not is_bytes[field.kind] and field.name ~= "common_pid" and value ~= "0x0" then
                    parts[#parts + 1] = part
                end
            end
        end
    end
    return values, parts
end

-- What a sample says, by names that are short, and with the share of a CPU as exactly as the record has it.
local function add_usage(values, item)
    local interval = tonumber(values.interval_ns or 0)
    local user, system = tonumber(values.interval_user_ns), tonumber(values.interval_system_ns)
    if interval > 0 and user and system then
        item:add(cpu_field, 100 * (user + system) / interval):set_generated()
    end
    if values.rss then
        item:add(memory_field, UInt64(values.rss)):set_generated()
    end
end

local process_text  -- of the frame at hand, or nil

-- The packet that was dropped, by Wireshark's own dissectors. Returns a line on it, or nil.
local function quoted(layout, record, tree, pinfo)
    for _, field in ipairs(layout) do
        if field.name == "data" and field.kind == "dyn" and field.offset + field.size <= record:len() then
            local packet = located(record, record(field.offset, field.size))
            return packet and quote.dissect(packet, pinfo, tree)
        end
    end
end

local former  -- who read such frames before

local function dissect(buffer, pinfo, tree)
    local description = interface_description()
    local layout = description and layout_of(description.value)
    if not layout then
        return former and former:call(buffer, pinfo, tree) or 0
    end
    local no_address = pinfo.net_src  -- Ethernet has set src and dst only
    local name = interface_name()
    local event = name and text.shown(name.value) or "event"
    local item = tree:add(trace, buffer(), "Event " .. event)
    item:add(name_field, event):set_generated()
    local record = buffer
    local values, parts = read_fields(record, layout, event, item)
    if event == "process:sample" then
        add_usage(values, item)
    end
    local process = process_text()
    latest = {frame = pinfo.number, name = event, values = values, process = process}
    local summary = event == "drop:packet" and quoted(layout, record, tree, pinfo)
    if summary then
        parts = {(values.reason or values.symbol or "dropped") .. (values.symbol and values.reason and " in " .. values.symbol or ""),
                 summary}
    end
    local info = cut(table.concat(parts, " "), most_info)
    item:append_text(info ~= "" and ", " .. info or "")
    -- Wireshark fills the columns from addresses, and leaves them alone where there are none.
    pinfo.src, pinfo.dst = no_address, no_address
    local columns = pinfo.cols
    columns.protocol = event
    columns.info = info
    columns.src = process or ""
    columns.dst = summary and values.device or values.remote or values.address or ""
    return buffer:len()
end

-- Makes the protocol. `text_of_process()`: the process of the frame at hand as text, or nil.
function events.register(text_of_process)
    process_text = text_of_process
    interface_name = Field.new("frame.interface_name")
    interface_description = Field.new("frame.interface_description")
    make_fields()
    trace = Proto("trace", "Event")
    trace.fields = all_fields
    trace.init = forget
    trace.dissector = dissect
    local by_ether_type = DissectorTable.get("ethertype")
    former = by_ether_type:get_dissector(ether_type)
    by_ether_type:add(ether_type, trace)
end

return events
