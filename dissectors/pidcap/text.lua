-- SPDX-License-Identifier: GPL-2.0-only
--
-- What a process or a file chose, made safe for Wireshark's tree, columns and a terminal. The same rules as
-- pcapng/text.cpp has, because Wireshark 4.0 passes on what it is given, and later ones cut at a NUL.
-- For Lua 5.2 and 5.4: no utf8 library, no integer division, no bit32.
local text = {}

local byte, format, gsub, find = string.byte, string.format, string.gsub, string.find

-- Beyond ASCII, first and last of each range; the list of pcapng/text.cpp.
local not_shown = {
    0x80, 0xA0, 0xAD, 0xAD, 0x034F, 0x034F, 0x0600, 0x0605, 0x061C, 0x061C, 0x06DD, 0x06DD, 0x070F, 0x070F,
    0x0890, 0x0891, 0x08E2, 0x08E2, 0x115F, 0x1160, 0x1680, 0x1680, 0x17B4, 0x17B5, 0x180B, 0x180F,
    0x2000, 0x200F, 0x2028, 0x202F, 0x205F, 0x206F, 0x2800, 0x2800, 0x3000, 0x3000, 0x3164, 0x3164,
    0xFDD0, 0xFDEF, 0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFFB, 0x110BD, 0x110BD,
    0x110CD, 0x110CD, 0x13430, 0x1343F, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0000, 0xE0FFF,
}

local function is_shown(code_point)
    if code_point % 0x10000 >= 0xFFFE then
        return false
    end
    for i = 1, #not_shown, 2 do
        if code_point <= not_shown[i + 1] then
            return code_point < not_shown[i]
        end
    end
    return true
end

-- The length of the UTF-8 sequence (RFC 3629) that starts at `at`, and its code point; 0: there is none.
local function decode_utf8(value, at)
    local lead = byte(value, at)
    local length, least, code_point
    if lead < 0x80 then
        return 1, lead
    elseif lead >= 0xC2 and lead <= 0xDF then
        length, least, code_point = 2, 0x80, lead - 0xC0
    elseif lead >= 0xE0 and lead <= 0xEF then
        length, least, code_point = 3, 0x800, lead - 0xE0
    elseif lead >= 0xF0 and lead <= 0xF4 then
        length, least, code_point = 4, 0x10000, lead - 0xF0
    else
        return 0
    end
    for i = at + 1, at + length - 1 do
        local continuation = byte(value, i)
        if not continuation or continuation < 0x80 or continuation > 0xBF then
            return 0
        end
        code_point = code_point * 64 + continuation - 0x80
    end
    if code_point < least or code_point > 0x10FFFF or (code_point >= 0xD800 and code_point <= 0xDFFF) then
        return 0
    end
    return length, code_point
end

function text.is_utf8(value)
    local at = find(value, "[\128-\255]")
    while at do
        local length = decode_utf8(value, at)
        if length == 0 then
            return false
        end
        at = find(value, "[\128-\255]", at + length)
    end
    return true
end

local function escaped(bytes)
    return (gsub(bytes, ".", function(c) return format("%%%02X", byte(c)) end))
end

-- Controls, what isn't UTF-8, and code points that hide or turn text stand as %XX.
function text.shown(value)
    if not find(value, "[^ -~]") then
        return value
    end
    local parts = {}
    local at = 1
    while at <= #value do
        local length, code_point = decode_utf8(value, at)
        if length == 1 then
            -- As many as there are.
            local last = select(2, find(value, "^[ -~]*", at))
            if last >= at then
                parts[#parts + 1] = value:sub(at, last)
            else
                parts[#parts + 1] = format("%%%02X", code_point)
                last = at
            end
            at = last + 1
        elseif length > 0 and is_shown(code_point) then
            parts[#parts + 1] = value:sub(at, at + length - 1)
            at = at + length
        else
            length = math.max(length, 1)
            parts[#parts + 1] = escaped(value:sub(at, at + length - 1))
            at = at + length
        end
    end
    return table.concat(parts)
end

return text
