-- SPDX-License-Identifier: GPL-2.0-only
--
-- The layout of an event's record, from the description of its interface (docs/file-format.md, "Events"). Descriptions are
-- hostile: every number is bounded, what isn't valid is left out, and no pattern here backtracks over a whole text.
local event_layout = {}

local find, match, gmatch, gsub = string.find, string.match, string.gmatch, string.gsub

-- The limits of packet/event/layout.h.
local most_text, most_record, most_fields, most_values, most_name = 60000, 65535, 128, 1024, 64

local number_sizes = {[1] = true, [2] = true, [4] = true, [8] = true}
local function is_number_size(size) return number_sizes[size] end
local function exactly(wanted) return function(size) return size == wanted end end
local function any(size) return size > 0 end

local is_size = {
    u = is_number_size, s = is_number_size, ptr = is_number_size, ip4 = exactly(4), ip6 = exactly(16),
    sock = function(size) return size >= 16 and size <= 128 end,
    str = exactly(4), dyn = exactly(4), chars = any, bytes = any,
}
local is_number = {u = true, s = true, ptr = true}

-- Decimal, without a sign and not too long to be exact; else nil.
local function small_number(digits)
    return #digits <= 10 and tonumber(digits) or nil
end

-- The text that the number has as tostring() of a 64-bit integer, of which Lua 5.2 has none.
local function canonical(number)
    local digits = gsub(number, "^(-?)0+([0-9])", "%1%2")
    return digits == "-0" and "0" or digits
end

local function parse_values(list, kind)
    local values, count = {}, 0
    for entry in gmatch(list, "[^,]+") do
        local number, name = match(entry, "^ *(-?[0-9]+)=([!-~]+) *$")
        if number and (kind == "s" or find(number, "^[0-9]")) and #number <= 20 and #name <= most_name and
            not find(name, "[;=%[%]]") and count < most_values then
            number = canonical(number)
            values[number] = values[number] or name
            count = count + 1
        end
    end
    return count > 0 and values or nil
end

local function parse_field(text)
    local name, kind, offset, size, rest = match(text, "^ *([A-Za-z_][A-Za-z0-9_]*) (%l[a-z0-9]*) ([0-9]+) ([0-9]+)(.*)$")
    if not name or #name > most_name or not is_size[kind] or rest ~= "" and not find(rest, "^ ") then
        return nil
    end
    offset, size = small_number(offset), small_number(size)
    if not offset or not size or not is_size[kind](size) or size > most_record or offset > most_record - size then
        return nil
    end
    local list = is_number[kind] and match(rest, "^ %[(.*)$")
    local last = list and find(list, "%] *$")
    return {name = name, kind = kind, offset = offset, size = size,
            values = last and parse_values(list:sub(1, last - 1), kind) or nil}
end

-- The fields in order, or nil if the text isn't a layout.
function event_layout.parse(text)
    if #text > most_text then
        return nil
    end
    local rest = match(text, "^ *pidcap layout 1 *(.*)$")
    if not rest or rest ~= "" and not find(rest, "^;") then
        return nil
    end
    local fields, known = {}, {}
    for piece in gmatch(rest, "[^;]+") do
        local field = #fields < most_fields and parse_field(piece)
        if field and not known[field.name] then
            known[field.name] = true
            fields[#fields + 1] = field
        end
    end
    return fields
end

return event_layout
